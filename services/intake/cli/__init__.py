"""Commands at the shell: `programmes`, `accounts`, `audit`, `keys` and `residents`."""

import argparse
import asyncio
from collections.abc import Callable, Sequence

from pydantic import ValidationError

from services.intake.app import open_desk
from services.intake.cli import accounts, audit, keys, programmes, residents
from services.intake.cli.programmes import ProgrammeFile
from services.intake.cli.shell import CommandRefused
from services.intake.config import Settings
from shared.messaging.errors import Rejected, Unavailable
from shared.sealing.masterkeys import InvalidKey, UnknownMasterKey
from shared.sealing.seal import Unsealable
from shared.web.problems import Problem

__all__ = ["ProgrammeFile", "main"]

_TOLD = (CommandRefused, InvalidKey, OSError, Rejected, UnknownMasterKey, Unsealable)
"""Their messages hold no personal data, and say what to do."""


def main(arguments: Sequence[str], settings: Callable[[], Settings]) -> tuple[int, list[str]]:
    """Run one command; return its exit status and lines, for stderr where it is not 0."""
    options = _parser().parse_args(arguments)
    try:
        if options.run is keys.new:
            return 0, keys.new(options)
        return 0, asyncio.run(_run(options, settings()))
    except Problem as problem:
        return _refused(problem.detail or problem.title)
    except ValidationError as error:
        return _refused(_fields(error))
    except Unavailable as away:
        return _refused(f"MongoDB cannot be reached ({away})")
    except _TOLD as error:
        return _refused(str(error))


def _refused(why: str) -> tuple[int, list[str]]:
    return 1, [f"refused: {why}"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.intake")
    themes = parser.add_subparsers(required=True)
    for theme in (programmes, accounts, audit, keys, residents):
        theme.add_commands(themes)
    return parser


async def _run(options: argparse.Namespace, settings: Settings) -> list[str]:
    async with open_desk(settings) as desk:
        lines: list[str] = await options.run(options, desk)
    return lines


def _fields(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in found)
