"""Events by command: `events republish`."""

import argparse
from collections.abc import Callable, Sequence

from services.scheduler.app import definition
from services.scheduler.config import Settings
from services.scheduler.usecases import republish_event
from shared.runtime import add_republish, open_shell, run_command, sent_by


def main(arguments: Sequence[str], settings: Callable[[], Settings]) -> tuple[int, list[str]]:
    """Run one command; return its exit status and lines, for stderr where it is not 0."""
    options = _parser().parse_args(arguments)
    return run_command(lambda: _republish(options, settings))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.scheduler")
    events = parser.add_subparsers(required=True).add_parser("events", help="events that stand")
    again = events.add_subparsers(required=True).add_parser(
        "republish", help="publish as it stands under a higher version, to right a copy elsewhere"
    )
    add_republish(again)
    return parser


async def _republish(options: argparse.Namespace, settings: Callable[[], Settings]) -> list[str]:
    given = settings()
    async with open_shell(definition(given), given) as shell:
        outcome = await shell.commands.run(
            lambda uow: republish_event(options.id, options.version, uow),
            sent=sent_by(options.by, "events republish"),
            key=options.id,
        )
    return [f"{options.id}: version {outcome.answer}"]
