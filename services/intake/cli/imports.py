"""A day's history by command: `imports dry-run`, `run` and `list`.

A run that is cut off is gone on with by the service, or by the same command again.
"""

import argparse
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from prometheus_client import CollectorRegistry

from services.intake.api.import_answers import Named, row_answer
from services.intake.app import TEXTS, Desk, recorder_of, scanner_of
from services.intake.cli.shell import CommandRefused, Themes, by_shell
from services.intake.domain import Programme, Refused
from services.intake.domain.imports import Import
from services.intake.store import IntakeReader
from services.intake.usecases import (
    IMPORT,
    Arrived,
    Choice,
    FileGone,
    ImportedAlready,
    Importing,
    Recorder,
    Tables,
    begin_import,
    choice_of,
    foreseen,
    keep_import,
    rules_of,
    sealed_key,
)
from shared.contracts.envelope import new_id
from shared.files.upload import Files, Incoming
from shared.runtime import add_account, sent_by
from shared.sealing.seal import DataKey
from shared.web.texts import Texts
from shared.worker.client import Away, Busy, JobFailed, WorkerClient, WorkerMetrics
from shared.worker.client import Refused as JobRefused

SHOWN: Final = 50
"""Imports that are listed, the newest first."""
_PIECE: Final = 255 * 1024
_ACTION: Final = "imports run"


def add_commands(themes: Themes) -> None:
    """Add the commands about imports."""
    imports = themes.add_parser("imports", help="bring in a day's history, CSV or XLSX")
    commands = imports.add_subparsers(required=True)
    dry = commands.add_parser("dry-run", help="name every bad row and cell; nothing is written")
    dry.set_defaults(run=_dry_run)
    run = commands.add_parser("run", help="record the rows; the same file is never recorded twice")
    run.set_defaults(run=_run)
    add_account(run)
    for one in (dry, run):
        one.add_argument("file", type=Path, metavar="FILE")
        one.add_argument("--programme", required=True, metavar="ID")
        one.add_argument("--channel", metavar="ID", help="needed where the programme has several")
        event = one.add_mutually_exclusive_group(required=True)
        event.add_argument("--event", metavar="ID")
        event.add_argument("--without-event", action="store_true")
    listed = commands.add_parser("list", help="a programme's imports, the newest first")
    listed.add_argument("--programme", required=True, metavar="ID")
    listed.set_defaults(run=_list)


@dataclass(frozen=True, slots=True)
class _Tools:
    """What a command works with."""

    desk: Desk
    reader: IntakeReader
    recorder: Recorder
    worker: WorkerClient
    tables: Tables
    texts: Texts

    @property
    def files(self) -> Files:
        scanner = scanner_of(self.desk.settings)
        return Files(self.desk.frames, self.worker, self.desk.commands, scanner)


def _tools(desk: Desk) -> _Tools:
    reader = cast("IntakeReader", desk.reader)
    worker = WorkerClient(desk.settings.worker_socket, WorkerMetrics(CollectorRegistry()))
    recorder = recorder_of(desk.settings, reader)
    tables = Tables(reader, desk.regions, worker)
    return _Tools(desk, reader, recorder, worker, tables, Texts.load(TEXTS))


async def _dry_run(options: argparse.Namespace, desk: Desk) -> list[str]:
    tools = _tools(desk)
    with _told(options):
        programme = await _programme(options, tools)
        choice = _choice(options, programme)
        one = Import(
            id=new_id(), programme_id=programme.id, file_id="", seen="", by="", at=desk.clock()
        )
        rules = await rules_of(one, choice, tools.reader, tools.recorder, desk.clock())
        found = await foreseen(await tools.tables.sent(programme, _pieces(options.file)), rules)
    days = (f"{day.isoformat()}: {rows} rows" for day, rows in found.days.items())
    bad = (line for one in found.bad for line in _lines(one, tools.texts))
    return [*bad, *days, f"{found.rows} rows: {found.good} good, {len(found.bad)} refused"]


async def _run(options: argparse.Namespace, desk: Desk) -> list[str]:
    tools = _tools(desk)
    with _told(options):
        programme = await _programme(options, tools)
        choice = _choice(options, programme)
        import_id = await _sent(options, programme, tools)
        await _begun(import_id, choice, options, tools)
        importing = Importing(
            tools.tables,
            tools.files,
            tools.recorder,
            tools.reader,
            tools.reader.imports_running,
            desk.commands,
        )
        ended = await importing.carry(import_id)
    if ended is None:
        raise CommandRefused("the import is gone")
    refused = await tools.reader.import_refusals(import_id, 0, 0)
    return [*(line for one in refused for line in _lines(one, tools.texts)), _summary(ended)]


async def _sent(options: argparse.Namespace, programme: Programme, tools: _Tools) -> str:
    """Take the file in, and return its import; that of an earlier time where it came before."""
    key, file_id = DataKey.generate(), new_id()
    vault = tools.recorder.vault
    owner = vault.new_key(file_id)
    incoming = Incoming(
        id=file_id,
        purpose=IMPORT,
        about=programme.id,
        sender=options.by,
        content_type="",
        size=options.file.stat().st_size,
        body=_pieces(options.file),
        key=key,
        sealed_key=sealed_key(key, file_id, owner, vault),
    )
    try:
        async with tools.files.received(incoming) as received:
            arrived = Arrived(received, owner, programme.id, new_id())
            outcome = await tools.desk.commands.run(
                lambda uow: keep_import(arrived, tools.recorder.lookups, uow, allow=by_shell),
                sent=sent_by(options.by, _ACTION),
                key=file_id,
            )
    except ImportedAlready as already:
        return already.import_id
    return str(outcome.answer["import_id"])


async def _begun(
    import_id: str, choice: Choice, options: argparse.Namespace, tools: _Tools
) -> None:
    one = await tools.reader.get(Import, import_id)
    if one is None:
        raise CommandRefused("the import is gone")
    await rules_of(one, choice, tools.reader, tools.recorder, tools.desk.clock())
    rows = one.rows
    if not one.ended_at and not one.running:
        rows = len((await tools.tables.kept(one, tools.files, tools.recorder.vault)).rows)
    await tools.desk.commands.run(
        lambda uow: begin_import(import_id, choice, rows, uow, allow=by_shell),
        sent=sent_by(options.by, _ACTION),
        key=import_id,
    )


async def _list(options: argparse.Namespace, desk: Desk) -> list[str]:
    found = await _tools(desk).reader.imports(options.programme, None, SHOWN)
    return [_summary(one) for one in found] or ["nothing was brought in"]


def _summary(one: Import) -> str:
    return (
        f"{one.id}: {one.state}, {one.done} of {one.rows} rows, "
        f"{one.accepted} accepted, {one.refused} refused"
    )


def _lines(bad: Named, texts: Texts) -> Iterator[str]:
    for cell in row_answer(bad, texts).cells:
        yield f"{cell.cell} {cell.code}: {cell.text}"


async def _programme(options: argparse.Namespace, tools: _Tools) -> Programme:
    programme = await tools.reader.get(Programme, options.programme)
    if programme is None:
        raise CommandRefused(f"no programme {options.programme}")
    return programme


def _choice(options: argparse.Namespace, programme: Programme) -> Choice:
    return choice_of(programme, options.event, options.channel, without_event=options.without_event)


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


@contextmanager
def _told(options: argparse.Namespace) -> Iterator[None]:
    """Say in a line what the rules, the file or the worker refuse."""
    try:
        yield
    except Refused as refused:
        offer = "; have a planner create it, or use --without-event" if options.event else ""
        unknown = refused.reason == "event_unknown"
        raise CommandRefused(refused.detail + (offer if unknown else "")) from None
    except JobRefused as refused:
        raise CommandRefused(IMPORT.sentences.get(refused.reason, refused.reason)) from None
    except FileGone:
        raise CommandRefused("its file was removed after the import") from None
    except (Away, Busy, JobFailed):
        raise CommandRefused("intake's worker does not answer (INTAKE_WORKER_SOCKET)") from None
