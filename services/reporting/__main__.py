"""`python -m services.reporting` runs the service; with a word behind it, one of its cli."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from pydantic import ValidationError

from services.reporting import cli
from services.reporting.app import build, definition
from services.reporting.config import OperatorSettings, Settings
from shared.audit.commands import add_audit_commands
from shared.files.evidence_parts import evidence_keys
from shared.messaging.errors import Conflict, Missing, NotPublished, Unavailable
from shared.runtime import add_account, open_desk, run_at_desk, start
from shared.runtime.master_keys import add_key_commands
from shared.runtime.shell import moment
from shared.sealing.masterkeys import InvalidKey

_say = partial(print, flush=True)
_AT_DESK = ("audit", "keys")
"""The commands that every service has alike."""


def main(arguments: Sequence[str]) -> int:
    """Run the service or a command; the exit status.

    Of a command: 0 done, 1 the totals differ from the archive, 2 it could not be done.
    """
    options = _parser().parse_args(arguments)
    if options.command in _AT_DESK:
        status, lines = run_at_desk(options, lambda: open_desk(Settings, definition), (InvalidKey,))
        print(*lines, sep="\n", file=sys.stderr if status else sys.stdout)
        return 2 if status else 0
    try:
        settings = Settings()
        if options.command:
            return int(asyncio.run(options.run(settings, options)))
    except ValidationError as wrong:
        # The values, which may be passwords, are not repeated.
        names = ", ".join(str(error["loc"][-1]) for error in wrong.errors())
        return _not_done(f"settings missing or not valid: {names}")
    except Missing as missing:
        return _not_done(missing.detail)
    except (Unavailable, NotPublished, Conflict, cli.NotDone) as error:
        return _not_done(str(error))
    start(build(settings))
    return 0


def _not_done(why: str) -> int:
    print(f"not done: {why}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.reporting", description=__doc__)
    found = parser.add_subparsers(dest="command")
    recount = found.add_parser("recount", help="count the archive again and compare the totals")
    recount.add_argument("--programme", metavar="ID", help="this one only")
    recount.set_defaults(run=_recount)
    rebuild = found.add_parser("rebuild", help="fold the archive anew and use the new totals")
    add_account(rebuild)
    rebuild.set_defaults(run=_rebuild)
    history = found.add_parser("history", help="send archived events to a new consumer's queue")
    history.add_argument("--to", required=True, metavar="QUEUE")
    history.add_argument("--types", nargs="+", default=[], metavar="TYPE", help="these only")
    history.add_argument("--since", type=moment, metavar="TIME", help="archived since")
    history.add_argument("--anew", action="store_true", help="from the start, not where it stopped")
    add_account(history)
    history.set_defaults(run=_history)
    heads = found.add_parser("heads", help="the heads of a service's trail, as they came")
    heads.add_argument("--of", required=True, metavar="SERVICE", choices=cli.with_trails())
    heads.set_defaults(run=_heads)
    add_audit_commands(found, "the trail of evidence, rebuilds and histories that were sent")
    add_key_commands(found, "the master keys that seal files' keys", evidence_keys)
    return parser


async def _recount(settings: Settings, options: argparse.Namespace) -> int:
    return await cli.recount(settings, options.programme, _say)


async def _rebuild(settings: Settings, options: argparse.Namespace) -> int:
    return await cli.rebuild(settings, options.by, _say)


async def _heads(settings: Settings, options: argparse.Namespace) -> int:
    return await cli.heads(settings, options.of, _say)


async def _history(settings: Settings, options: argparse.Namespace) -> int:
    order = cli.order(options.to, options.types, options.since)
    by = options.by
    return await cli.history(settings, OperatorSettings(), order, by, _say, anew=options.anew)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
