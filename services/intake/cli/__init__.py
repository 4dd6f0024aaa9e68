"""Commands at the shell, by theme: `programmes`, `accounts`, `residents`, `breach` and others."""

import argparse
from collections.abc import Callable, Sequence
from typing import Final

from services.intake.app import open_desk
from services.intake.cli import (
    accounts,
    audit,
    breach,
    catalogues,
    imports,
    keys,
    machines,
    programmes,
    residents,
    rights,
    roster,
    sop,
)
from services.intake.cli.programmes import ProgrammeFile
from services.intake.config import Settings
from shared.messaging.errors import Rejected
from shared.runtime import run_at_desk
from shared.sealing.masterkeys import InvalidKey, UnknownMasterKey
from shared.sealing.seal import Unsealable

__all__ = ["ProgrammeFile", "main"]

_THEMES: Final = (
    programmes, catalogues, sop, accounts, machines, audit, keys, residents, rights, breach,
    imports, roster,
)  # fmt: skip
_TOLD: Final = (InvalidKey, Rejected, UnknownMasterKey, Unsealable)


def main(arguments: Sequence[str], settings: Callable[[], Settings]) -> tuple[int, list[str]]:
    """Run one command; return its exit status and lines, for stderr where it is not 0."""
    options = _parser().parse_args(arguments)
    return run_at_desk(options, lambda: open_desk(settings()), _TOLD)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.intake")
    themes = parser.add_subparsers(required=True)
    for theme in _THEMES:
        theme.add_commands(themes)
    return parser
