"""Commands of scheduler: `events republish`, and `keys` about what seals its files."""

import argparse
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from services.scheduler.app import definition
from services.scheduler.config import Settings
from services.scheduler.store import COLLECTIONS, SchedulerReader
from services.scheduler.usecases import republish_event
from shared.files.evidence_parts import file_keys_of
from shared.files.keys import file_key_desk
from shared.runtime import Shell, add_republish, open_shell, run_command, sent_by
from shared.runtime.master_keys import MasterKeyDesk, add_key_commands, run_at_desk
from shared.sealing.masterkeys import InvalidKey

_TOLD: Final = (InvalidKey,)
Desk = tuple[Shell, Settings]


def main(arguments: Sequence[str], settings: Callable[[], Settings]) -> tuple[int, list[str]]:
    """Run one command; return its exit status and lines, for stderr where it is not 0."""
    options = _parser().parse_args(arguments)
    return run_command(lambda: run_at_desk(options, lambda: _desk(settings)), _TOLD)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.scheduler")
    themes = parser.add_subparsers(required=True)
    events = themes.add_parser("events", help="events that stand").add_subparsers(required=True)
    again = events.add_parser(
        "republish", help="publish as it stands under a higher version, to right a copy elsewhere"
    )
    add_republish(again)
    again.set_defaults(run=_republish)
    add_key_commands(themes, "the master keys that seal files' keys", _wrapped)
    return parser


@asynccontextmanager
async def _desk(settings: Callable[[], Settings]) -> AsyncIterator[Desk]:
    given = settings()
    async with open_shell(definition(given), given) as shell:
        yield shell, given


def _wrapped(desk: Desk) -> MasterKeyDesk:
    shell, given = desk
    reader = SchedulerReader(shell.messaging.database, COLLECTIONS)
    return file_key_desk(given.sealing_keys, reader, shell.commands, file_keys_of(given))


async def _republish(options: argparse.Namespace, desk: Desk) -> list[str]:
    shell, _ = desk
    outcome = await shell.commands.run(
        lambda uow: republish_event(options.id, options.version, uow),
        sent=sent_by(options.by, "events republish"),
        key=options.id,
    )
    return [f"{options.id}: version {outcome.answer}"]
