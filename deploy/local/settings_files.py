"""What a service is told, kept in a file for each: commands at a shell are told the same.

The files hold passwords, so their owner alone may read them. `make up` writes them anew.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.local.folder import ROOT, private
from deploy.local.stack import Stack

FOLDER: Final = "settings"


def write_settings(stack: Stack) -> Path:
    """Write a file for each service that a shell can read; return their folder."""
    folder = stack.folder / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    for service in stack.services:
        private(folder / f"{service}.env", assignments(stack.told(service)))
    return folder


def assignments(told: Mapping[str, str]) -> str:
    """Return settings as a shell reads them, whatever signs they hold."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(told.items()))


def command_line(folder: Path) -> str:
    """Return how a command is run from the project's folder; it holds no password."""
    place = folder.resolve()
    shown = place.relative_to(ROOT) if place.is_relative_to(ROOT) else place
    file = shlex.quote(str(shown / "intake.env"))
    # In a shell of its own: what one service is told stays out of the next command.
    return f"(set -a; . {file}; .venv/bin/python -m services.intake accounts requests)"
