"""The job that an issued document goes through: whose it is, and whether it is signed.

Runs in a worker's child. The text and who it is held against stay in its memory: what leaves is
which fields were looked for and which of them differ.
"""

from collections.abc import Mapping
from typing import Any, Final

from shared.files.likeness import holds_name, holds_number, plain
from shared.files.signature import signature_of
from shared.files.text import text_of
from shared.files.weight import require_light
from shared.worker.jobs import Result

NAME: Final = "name"


def check_issued(arguments: Mapping[str, Any], body: bytes) -> Result:
    """Return whether a PDF is `readable`, which fields `differ`, and its `signature`.

    `arguments`: `wanted`, what has to stand in it by field (`name`, and numbers). Refuses
    `too_costly`.
    """
    require_light(body)
    text = text_of(body)
    wanted: Mapping[str, str] = arguments["wanted"]
    differ = [] if text is None else _differing(plain(text), wanted)
    said = {"readable": text is not None, "differ": differ, "signature": signature_of(body)}
    return Result(said)


def _differing(text: str, wanted: Mapping[str, str]) -> list[str]:
    return [
        field
        for field, value in wanted.items()
        if not (holds_name if field == NAME else holds_number)(text, value)
    ]
