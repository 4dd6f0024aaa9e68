"""Commands of scheduler: `events republish`, `audit`, and `keys` about what seals its files."""

import argparse
from collections.abc import Callable, Sequence
from typing import Final

from services.scheduler.app import definition
from services.scheduler.config import Settings
from services.scheduler.usecases import republish_event
from shared.audit.commands import add_audit_commands
from shared.files.evidence_parts import evidence_keys
from shared.runtime import ServiceDesk, add_republish, open_desk, run_at_desk, sent_by
from shared.runtime.master_keys import add_key_commands
from shared.sealing.masterkeys import InvalidKey

_TOLD: Final = (InvalidKey,)


def main(arguments: Sequence[str], settings: Callable[[], Settings]) -> tuple[int, list[str]]:
    """Run one command; return its exit status and lines, for stderr where it is not 0."""
    options = _parser().parse_args(arguments)
    return run_at_desk(options, lambda: open_desk(settings, definition), _TOLD)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.scheduler")
    themes = parser.add_subparsers(required=True)
    events = themes.add_parser("events", help="events that stand").add_subparsers(required=True)
    again = events.add_parser(
        "republish", help="publish as it stands under a higher version, to right a copy elsewhere"
    )
    add_republish(again)
    again.set_defaults(run=_republish)
    add_audit_commands(themes, "the trail of plans, agencies, policies and looks at evidence")
    add_key_commands(themes, "the master keys that seal files' keys", evidence_keys)
    return parser


async def _republish(options: argparse.Namespace, desk: ServiceDesk[Settings]) -> list[str]:
    outcome = await desk.shell.commands.run(
        lambda uow: republish_event(options.id, options.version, uow),
        sent=sent_by(options.by, "events republish"),
        key=options.id,
    )
    return [f"{options.id}: version {outcome.answer}"]
