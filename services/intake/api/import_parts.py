"""What the routes of imports share: their parts, the right to one, and why one is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Path, Query

from services.intake.api.import_answers import offers, words
from services.intake.api.rights import allowed_programme, programme_of
from services.intake.domain import LookupKeys, Programme, Refused
from services.intake.domain.imports import Import
from services.intake.usecases import (
    IMPORT,
    FileGone,
    Importing,
    ImportReader,
    Reader,
    Recorder,
    Tables,
    Vault,
)
from services.intake.usecases.ports import Clock
from shared.auth.roles import Caller
from shared.contracts.event import AggregateId
from shared.files.upload import Files
from shared.runtime import gathered
from shared.web.problems import Conflict, NotFound
from shared.web.texts import Texts
from shared.worker.client import Refused as JobRefused

PAGE: Final = 200
ImportPath = Annotated[AggregateId, Path()]
After = Annotated[int, Query(ge=0, le=1_000_000)]
Limit = Annotated[int, Query(ge=1, le=PAGE)]


@dataclass(frozen=True, slots=True)
class Parts:
    """What imports work with."""

    reader: Reader
    imports: ImportReader
    vault: Vault
    files: Files
    tables: Tables
    recorder: Recorder
    importing: Importing
    lookups: LookupKeys
    clock: Clock
    texts: Texts


PartsDep = Annotated[Parts, Depends(gathered(Parts))]


async def import_of(import_id: str, caller: Caller, parts: Parts) -> tuple[Import, Programme]:
    """Return an import of a programme in whose whole region the caller may bring in."""
    one = await parts.reader.get(Import, import_id)
    if one is None:
        raise NotFound("import")
    programme = await programme_of(one.programme_id, caller, parts.reader)
    allowed_programme(caller)(programme)
    return one, programme


@contextmanager
def refusing(texts: Texts) -> Iterator[None]:
    """Answer what the rules refuse with a 409, and with what can be done about an event."""
    try:
        yield
    except Refused as refused:
        problem = Conflict(refused.detail, reason=refused.reason)
        problem.members["offers"] = offers(refused.reason, texts)
        problem.members["text"] = words(refused.reason, texts)
        raise problem from None
    except JobRefused as refused:
        raise IMPORT.refusal(
            refused.reason if refused.reason in IMPORT.sentences else "too_costly"
        ) from None
    except FileGone:
        raise Conflict("import: its file was removed", reason="import_file_gone") from None
