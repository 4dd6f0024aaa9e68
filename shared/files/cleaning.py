"""The job that every file goes through, in a worker's child: recognised, checked, images anew."""

from collections.abc import Mapping
from typing import Any

from shared.files.documents import look_through
from shared.files.images import rewritten
from shared.files.sniff import PDF, require_whole, type_of
from shared.worker.jobs import JobRefused, Result


def clean_file(arguments: Mapping[str, Any], body: bytes) -> Result:
    """Return the `type` of a file, and its bytes where they are not the `same` any more.

    `arguments`: `types` that may be, `said` (a type, or empty), `pages`, `pixels`, `limit` (bytes).
    Refuses with the reasons of `purpose.SENTENCES`.
    """
    found = type_of(body)
    if found not in arguments["types"]:
        raise JobRefused("type_not_allowed")
    if arguments["said"] not in ("", found):
        raise JobRefused("wrong_type")
    require_whole(body, found)
    if found == PDF:
        look_through(body, arguments["pages"])
        return Result({"type": found, "same": True})
    kept, data = rewritten(body, found, arguments["pixels"], arguments["limit"])
    return Result({"type": kept, "same": False}, data)
