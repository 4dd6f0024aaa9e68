"""An import's table: read by the worker, told apart into entries and bad rows, and foreseen."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from services.intake.domain import (
    AlreadyOpen,
    Catalogue,
    ChannelCannot,
    PlannedEvent,
    Programme,
    Refused,
    ResidentKey,
    local_day,
    open_case,
)
from services.intake.domain.imports import (
    Bad,
    Cell,
    Column,
    Entry,
    Import,
    Kind,
    Reading,
    Row,
    find_header,
    order_of,
    read_entry,
)
from services.intake.domain.imports.rows import cell_name
from services.intake.usecases.catalogues import current_catalogue
from services.intake.usecases.imports import Choice, own_event, request_of
from services.intake.usecases.papers import opened_key
from services.intake.usecases.ports import Reader, Regions, Vault
from services.intake.usecases.requests import Recorder
from shared.contracts.event import CLOCKS_APART
from shared.files.jobs import READ_TABLE
from shared.files.stored import StoredFile
from shared.files.upload import Files, Worker

_AT_A_TIME: Final = 200
"""Rows that are looked at before others have their turn."""
_PLACED: Final[Mapping[str, Column]] = {
    "event_over": Column.DATE,
    "in_the_future": Column.DATE,
    "no_day_left": Column.DATE,
    "service_not_at_event": Column.DOCUMENT,
    "service_not_offered": Column.DOCUMENT,
    "channel_cannot": Column.DOCUMENT,
    "already_open": Column.NIK,
    "too_many_open": Column.NIK,
    "too_many_cases": Column.NIK,
    "restricted": Column.NIK,
}
"""The cell that a refusal of the rules is about."""


class FileGone(Exception):  # noqa: N818 - reads as the finding it is
    """An import's file was removed, or its key is destroyed."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows below the header, and what they are read against."""

    rows: tuple[Row, ...]
    reading: Reading

    def read(self, row: Row) -> Entry | Bad:
        """Return what a row says, or all that is wrong in it."""
        return read_entry(row, self.reading)

    def refused(self, row: int, reason: str) -> Bad:
        """Return a row that the rules refuse, with the cell that it is about."""
        places = self.reading.header.places
        place = places.get(_PLACED.get(reason, Column.DATE), places[Column.DATE])
        return Bad(row, {cell_name(place, row): reason})


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What an import would do: nothing of it is written."""

    rows: int
    bad: tuple[Bad, ...]
    days: Mapping[date, int] = field(default_factory=dict)
    """Readable rows of each day."""

    @property
    def good(self) -> int:
        """Return how many rows would be recorded, as far as can be foreseen."""
        return self.rows - len(self.bad)


class Tables:
    """Reads tables.

    Methods raise Refused (`header_missing`, `header_twice`, `no_rows`), and what the worker raises:
    Refused, TooCostly, Busy, Away.
    """

    def __init__(self, reader: Reader, regions: Regions, worker: Worker) -> None:
        self._reader = reader
        self._regions = regions
        self._worker = worker

    async def kept(self, one: Import, files: Files, vault: Vault) -> Table:
        """Return the table of an import. Raises also FileGone, and what the vault raises."""
        file = await self._reader.get(StoredFile, one.file_id)
        key = await self._reader.get(ResidentKey, one.file_id)
        programme = await self._reader.get(Programme, one.programme_id)
        if file is None or key is None or key.destroyed or not one.file_there or programme is None:
            raise FileGone
        return await self.sent(programme, files.content(file, opened_key(file, key, vault)))

    async def sent(self, programme: Programme, body: AsyncIterable[bytes]) -> Table:
        """Return the table that somebody sends for a programme."""
        rows = [row async for row in self._rows(body)]
        header = find_header(rows)
        below = tuple(row for row in rows if row.number > header.row)
        if not below:
            raise Refused("no_rows", "file: no row stands below the header")
        order = order_of(row.cell(header.places[Column.DATE]) for row in below)
        districts = self._regions.districts(programme.region_code)
        return Table(below, Reading(header, order, programme, districts, self._regions.known))

    async def _rows(self, body: AsyncIterable[bytes]) -> AsyncIterator[Row]:
        async with self._worker.give(READ_TABLE, {}, body) as answer:
            data = b"".join([piece async for piece in answer.data])
        for number, line in enumerate(data.splitlines()):
            if number % _AT_A_TIME == 0:
                await asyncio.sleep(0)
            yield _row(line)


def _row(line: bytes) -> Row:
    number, cells = json.loads(line)
    return Row(number, tuple(map(_cell, cells)))


def _cell(said: Any) -> Cell:
    return Cell(said) if isinstance(said, str) else Cell(said[1], Kind(said[0]))


@dataclass(frozen=True, slots=True)
class Rules:
    """What a dry run holds rows against, beside what stands in them."""

    one: Import
    choice: Choice
    event: PlannedEvent | None
    catalogue: Catalogue | None
    recorder: Recorder
    now: datetime


async def rules_of(
    one: Import, choice: Choice, reader: Reader, recorder: Recorder, now: datetime
) -> Rules:
    """Return them. Raises Refused: `programme_unknown`, `channel_not_offered`, and of the event."""
    programme = await reader.get(Programme, one.programme_id)
    if programme is None:
        raise Refused("programme_unknown", "programme_id: no such programme")
    programme.require_channel(choice.channel)
    event = None
    if choice.event_id is not None:
        event = own_event(await reader.get(PlannedEvent, choice.event_id), programme)
    catalogue = await current_catalogue(programme, recorder.catalogues)
    return Rules(one, choice, event, catalogue, recorder, now)


async def foreseen(table: Table, rules: Rules) -> Foreseen:
    """Return what an import would do, row by row, without writing anything.

    What only the run can know is not foreseen: whom an earlier request or a restriction is about.
    """
    bad: list[Bad] = []
    days: Counter[date] = Counter()
    asked: set[tuple[str, str]] = set()
    for number, row in enumerate(table.rows):
        if number % _AT_A_TIME == 0:
            await asyncio.sleep(0)
        read = table.read(row)
        if isinstance(read, Bad):
            bad.append(read)
            continue
        days[local_day(read.at, table.reading.programme.time_zone)] += 1
        bad += _against_rules(table, read, rules, asked)
    return Foreseen(len(table.rows), tuple(bad), dict(sorted(days.items())))


def _against_rules(
    table: Table, entry: Entry, rules: Rules, asked: set[tuple[str, str]]
) -> Iterator[Bad]:
    try:
        _require(table, entry, rules)
        _require_once(entry, rules, asked)
    except (Refused, ChannelCannot, AlreadyOpen) as refused:
        yield table.refused(entry.row, reason_of(refused))


def _require(table: Table, entry: Entry, rules: Rules) -> None:
    if entry.at > rules.now + CLOCKS_APART:
        raise Refused("in_the_future", "date: it has not happened yet")
    new = request_of(rules.one, entry, rules.choice, rules.recorder.secrets)
    programme = table.reading.programme
    open_case(new, programme, rules.event, entry.at, rules.recorder.holidays)
    found = rules.catalogue.entry_for(new.service, None) if rules.catalogue else None
    if found is not None:
        found.require_channel(new.channel)


def _require_once(entry: Entry, rules: Rules, asked: set[tuple[str, str]]) -> None:
    identity = entry.person.identity
    if rules.event is None or identity is None:
        return
    if (identity, entry.service) in asked:
        raise AlreadyOpen("")
    asked.add((identity, entry.service))


def reason_of(refused: Exception) -> str:
    """Return the stable word of what the rules refuse."""
    match refused:
        case AlreadyOpen():
            return "already_open"
        case ChannelCannot():
            return "channel_cannot"
        case Refused():
            return refused.reason
    raise TypeError(f"no refusal of the rules: {type(refused).__name__}")


def choice_of(
    programme: Programme, event_id: str | None, channel: str | None, *, without_event: bool
) -> Choice:
    """Return what somebody chose, which has to be said in words. Raises Refused.

    `event_needed` where neither an event nor its absence is named, `event_twice` where both are,
    `channel_needed` where the programme has several.
    """
    if event_id is None and not without_event:
        raise Refused("event_needed", "event_id: name the event, or without_event")
    if event_id is not None and without_event:
        raise Refused("event_twice", "without_event: an event is named")
    if channel is None and len(programme.channels) != 1:
        raise Refused("channel_needed", "channel: the programme has several")
    return Choice(event_id, channel or programme.channels[0])


def page_of(bad: Sequence[Bad], after: int, limit: int) -> list[Bad]:
    """Return so many bad rows behind a row's number."""
    return [one for one in bad if one.row > after][:limit]
