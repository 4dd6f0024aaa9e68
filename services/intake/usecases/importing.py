"""Carries imports on: chunk by chunk until the end, whatever ends the process on the way.

Any instance may carry any import, and two may carry one: every row is a command that is done once,
and a chunk is noted by whoever comes first.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

from services.intake.domain import AlreadyOpen, ChannelCannot, Refused
from services.intake.domain.imports import Bad, Entry, Import, Row
from services.intake.usecases.import_tables import FileGone, Table, Tables, reason_of
from services.intake.usecases.imports import (
    Choice,
    give_up,
    note_chunk,
    record_row,
    request_of,
)
from services.intake.usecases.ports import Reader
from services.intake.usecases.requests import Recorder
from services.intake.usecases.residents import KeyMissing
from shared.files.upload import Files
from shared.messaging.errors import Conflict, Overloaded, Unavailable
from shared.messaging.task import Outcome, fingerprint_of
from shared.messaging.unit_of_work import UseCase
from shared.sealing.masterkeys import UnknownMasterKey
from shared.sealing.seal import Unsealable
from shared.worker.client import Away, Busy, JobFailed, TooCostly
from shared.worker.client import Refused as JobRefused

CHUNK: Final = 50
"""Rows that are recorded at once, and noted together."""
EVERY: Final = 30.0
"""Seconds between two looks for imports that run; one that is begun here is taken up at once."""
PAUSE: Final = 5.0
"""Seconds before an import is tried again that could not go on."""
ACTION: Final = "import row"
"""What the record of a row's command says was done."""

FindRunning = Callable[[], Awaitable[Sequence[Import]]]
_OF_THE_RULES: Final = (AlreadyOpen, ChannelCannot, Refused)
_NOT_NOW: Final = (
    *(Unavailable, Overloaded, Conflict, Away, Busy, TooCostly),
    # A new master key has not reached this machine, or a restore is not complete.
    *(UnknownMasterKey, KeyMissing),
)
_log = logging.getLogger(__name__)


class RowCommands(Protocol):
    """Runs commands of the service's own; `runtime.Commands` is one."""

    async def run_once(
        self, use_case: UseCase, *, inbox_id: str, key: str, actor: str, action: str
    ) -> Outcome:
        """Run a use case once, however often it comes under this id."""
        ...

    async def run_own(self, use_case: UseCase, *, key: str) -> Any:
        """Run what the service does by its own rule."""
        ...


class Importing:
    """Records the rows of imports that were begun."""

    def __init__(
        self,
        tables: Tables,
        files: Files,
        recorder: Recorder,
        reader: Reader,
        find: FindRunning,
        commands: RowCommands,
    ) -> None:
        self._tables = tables
        self._files = files
        self._recorder = recorder
        self._reader = reader
        self._find = find
        self._commands = commands
        self._begun = asyncio.Event()

    def wake(self) -> None:
        """Have what was begun just now taken up at once."""
        self._begun.set()

    async def run(self) -> None:
        """Carry on whatever runs, until cancelled."""
        while True:
            self._begun.clear()
            try:
                whole = await self.look()
            except _NOT_NOW:
                whole = False
            try:
                async with asyncio.timeout(EVERY if whole else PAUSE):
                    await self._begun.wait()
            except TimeoutError:
                continue

    async def look(self) -> bool:
        """Carry every running import to its end; False where one could not go on now."""
        whole = True
        for one in await self._find():
            try:
                await self.carry(one.id)
            except _NOT_NOW as why:
                _log.warning("an import waits: %s", type(why).__name__)
                whole = False
            except Exception:  # noqa: BLE001 - a mistake over one import must not end the service
                _log.exception("an import cannot go on")
                whole = False
        return whole

    async def carry(self, import_id: str) -> Import | None:
        """Carry an import to its end and return it. Raises what cannot be done now."""
        one = await self._reader.get(Import, import_id)
        if one is None or not one.running:
            return one
        try:
            table = await self._tables.kept(one, self._files, self._recorder.vault)
        except TooCostly:
            # It could be read when it came: this machine is busy.
            raise
        except (FileGone, Unsealable, JobRefused, JobFailed, Refused):
            _log.exception("an import cannot go on: its file does not open")
            await self._commands.run_own(lambda uow: give_up(import_id, uow), key=import_id)
            return await self._reader.get(Import, import_id)
        further: Import | None = one
        while further is not None and further.running:
            await self._chunk(further, table)
            further = await self._reader.get(Import, import_id)
        return further

    async def _chunk(self, one: Import, table: Table) -> None:
        rows = table.rows[one.done : one.done + CHUNK]
        # All of them are waited for: what fails now comes again with the whole chunk.
        ends = await asyncio.gather(
            *(self._row(one, row, table) for row in rows), return_exceptions=True
        )
        bad: list[Bad] = []
        for end in ends:
            if isinstance(end, BaseException):
                raise end
            bad += [end] if end else []
        await self._commands.run_own(
            lambda uow: note_chunk(one.id, one.done, len(rows) - len(bad), bad, uow), key=one.id
        )

    async def _row(self, one: Import, row: Row, table: Table) -> Bad | None:
        """Record a row, or return why it is refused."""
        entry = table.read(row)
        if isinstance(entry, Bad):
            return entry
        try:
            await self._record(one, entry)
        except _OF_THE_RULES as refused:
            return table.refused(row.number, reason_of(refused))
        return None

    async def _record(self, one: Import, entry: Entry) -> None:
        choice = Choice(one.event_id, one.channel or "")
        new = request_of(one, entry, choice, self._recorder.secrets)
        said = (entry.service, entry.region_code, entry.at.isoformat(), *_said(entry))
        # Keyed like every fingerprint of what holds a person: it is kept for weeks.
        key = self._recorder.lookups.fingerprint_key
        await self._commands.run_once(
            lambda uow: record_row(new, entry.at, uow, recorder=self._recorder),
            inbox_id=fingerprint_of(key, "import", one.id, str(entry.row), *said),
            key=new.case_id,
            actor=one.by,
            action=ACTION,
        )


def _said(entry: Entry) -> tuple[str, ...]:
    person = entry.person
    return (person.name, person.nik or "")
