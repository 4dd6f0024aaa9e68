"""Imports: a file taken in once, begun by word, its rows recorded, and the file removed.

Every row is a command of its own under an id that follows from the import, its number and what it
says, and its case's id follows from import and number: however often a row comes, it is recorded
once. What has been done is noted by chunks, so that a repeat begins near where it stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.intake.domain import (
    Case,
    LookupKeys,
    NewRequest,
    PlannedEvent,
    Programme,
    Refused,
    ResidentKey,
    Secrets,
    digest,
)
from services.intake.domain.imports import (
    Bad,
    Entry,
    Import,
    ImportedFile,
    ImportRefusal,
    ImportState,
    refusal_id,
    row_case_id,
)
from services.intake.domain.imports.progress import FILE_STAYS, FILE_WAITS
from services.intake.usecases.programmes import AllowProgramme
from services.intake.usecases.requests import Recorder
from shared.files.jobs import CHECK_TABLE, TABLE
from shared.files.purpose import TABLE_SENTENCES, Purpose
from shared.files.stored import begin_removal, bind, keep_checked
from shared.files.table_limits import CSV, XLSX
from shared.files.upload import Received
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork

IMPORT: Final = Purpose(
    name="import",
    limit=TABLE,
    types=frozenset({CSV, XLSX}),
    job=CHECK_TABLE,
    sentences=TABLE_SENTENCES,
    words="import_file",
)
"""A day's history as SIAK gives it out, or somebody's spreadsheet of it."""
FILE_OVER: Final = "import_file_over"
"""The timer that removes an import's file; its key is the import."""
_SEEN: Final = "import"
"""What the keyed digest of a file is for."""


class ImportedAlready(Exception):  # noqa: N818 - reads as the decision it is
    """This file came before, under whatever name."""

    def __init__(self, import_id: str) -> None:
        super().__init__(import_id)
        self.import_id = import_id


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that was taken in for a programme, with the key of its own that opens it."""

    received: Received
    key: ResidentKey
    programme_id: str
    import_id: str


async def keep_import(
    arrived: Arrived, lookups: LookupKeys, uow: UnitOfWork, *, allow: AllowProgramme
) -> dict[str, Any]:
    """Keep a file as an import that nobody has begun. Raises ImportedAlready and Missing."""
    programme = await uow.require(Programme, arrived.programme_id)
    allow(programme)
    seen = lookups.hashes(programme.id, _SEEN, arrived.received.came)
    for one in seen:
        if (before := await uow.get(ImportedFile, one)) is not None:
            raise ImportedAlready(before.import_id)
    file = await keep_checked(arrived.received.id, arrived.received.content, uow)
    await bind(file.id, IMPORT.name, programme.id, uow)
    made = Import(
        id=arrived.import_id,
        programme_id=programme.id,
        file_id=file.id,
        seen=seen[0],
        by=uow.actor,
        at=uow.now(),
    )
    uow.add(made, arrived.key, ImportedFile(seen[0], made.id))
    await uow.set_timer(FILE_OVER, made.id, uow.now() + FILE_WAITS)
    return {"import_id": made.id, "type": file.type, "bytes": file.size}


@dataclass(frozen=True, slots=True)
class Choice:
    """What an import is begun as: at which event, None for none, and how the requests came in."""

    event_id: str | None
    channel: str


async def begin_import(
    import_id: str, choice: Choice, rows: int, uow: UnitOfWork, *, allow: AllowProgramme
) -> str:
    """Begin an import, which then goes on by itself; return its state.

    Begun again in the same way nothing changes. Raises Missing, and Refused: `event_unknown`,
    `event_of_another_programme`, `channel_not_offered`, `import_other`, `import_file_gone`.
    """
    found = await uow.require(Import, import_id)
    programme = await uow.require(Programme, found.programme_id)
    allow(programme)
    programme.require_channel(choice.channel)
    await event_of(choice.event_id, programme, uow)
    begun = found.begun(uow.actor, choice.event_id, choice.channel, rows)
    if begun is not found:
        uow.add(begun)
        await uow.clear_timer(FILE_OVER, found.id)
    return begun.state.value


async def event_of(
    event_id: str | None, programme: Programme, uow: UnitOfWork
) -> PlannedEvent | None:
    """Return the event of an import. Raises Refused where it is not this programme's."""
    if event_id is None:
        return None
    return own_event(await uow.get(PlannedEvent, event_id), programme)


def own_event(event: PlannedEvent | None, programme: Programme) -> PlannedEvent:
    """Return an event that is there and the programme's. Raises Refused."""
    if event is None:
        raise Refused("event_unknown", "event_id: no such event has been announced here")
    if event.programme_id != programme.id:
        raise Refused("event_of_another_programme", "event_id: another programme's event")
    return event


def request_of(one: Import, entry: Entry, choice: Choice, secrets: Secrets) -> NewRequest:
    """Return the request that a row of an import tells of."""
    case_id = row_case_id(one.id, entry.row)
    return NewRequest(
        case_id=case_id,
        tracking=digest(secrets.code(case_id)),
        programme_id=one.programme_id,
        service=entry.service,
        channel=choice.channel,
        person=entry.person,
        region_code=entry.region_code,
        event_id=choice.event_id,
    )


async def record_row(
    new: NewRequest, at: datetime, uow: UnitOfWork, *, recorder: Recorder
) -> dict[str, Any]:
    """Record a row's request, once. Raises what `record_request` raises.

    Who began the import has the right in the programme's whole region.
    """
    if await uow.get(Case, new.case_id) is not None:
        return {"case_id": new.case_id}
    record = recorder.recording(_by_whom_it_was_begun, at)
    answer = await record(new, uow)
    return {"case_id": answer["case_id"]}


def _by_whom_it_was_begun(*_: object, **__: object) -> None:
    """Allow: the right to the whole region was held when the import was begun."""


async def note_chunk(
    import_id: str, before: int, accepted: int, bad: Sequence[Bad], uow: UnitOfWork
) -> None:
    """Note so many rows as done, and name the refused ones.

    Where somebody else has noted them, nothing changes.
    """
    found = await uow.require(Import, import_id)
    further = found.advanced(before, accepted, len(bad), uow.now())
    if further is found:
        return
    for one in bad:
        uow.add(ImportRefusal(refusal_id(import_id, one.row), import_id, one.row, one.faults))
    uow.add(further)
    await _wait_for_removal(further, uow)


async def give_up(import_id: str, uow: UnitOfWork) -> None:
    """Note that an import cannot go on: its file does not open. What was recorded stays."""
    found = await uow.require(Import, import_id)
    if not found.running:
        return
    ended = found.failed(uow.now())
    uow.add(ended)
    await _wait_for_removal(ended, uow)


async def _wait_for_removal(one: Import, uow: UnitOfWork) -> None:
    if one.ended_at is not None:
        await uow.set_timer(FILE_OVER, one.id, one.ended_at + FILE_STAYS)


async def note_file_over(timer: Timer, uow: UnitOfWork) -> None:
    """Destroy the key of an import's file, whose frames go next.

    A file that nobody began to import may come again.
    """
    found = await uow.get(Import, timer.key)
    if found is None or found.running or not found.file_there:
        return
    key = await uow.get(ResidentKey, found.file_id)
    if key is not None and not key.destroyed:
        uow.add(key.destroy())
    await begin_removal(found.file_id, uow, frozenset())
    uow.add(found.without_file())
    seen = await uow.get(ImportedFile, found.seen)
    if seen is not None and found.state is ImportState.CHECKED:
        uow.delete(seen)
