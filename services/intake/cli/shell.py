"""What intake's commands share."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from shared.contracts.event import PublicText
from shared.runtime.shell import CommandRefused, moment

__all__ = ["CommandRefused", "moment"]

ITSELF: Final = "service:intake"
"""Who publishes what is shipped: nobody's account, at the first start."""
Themes = Any
"""What argparse's `add_subparsers` returns; it has no public name."""
_PUBLIC: Final[TypeAdapter[str]] = TypeAdapter(PublicText)


def public_text(text: str) -> str:
    """Return a text for logs and registers. ArgumentTypeError where it may be a person's number."""
    try:
        return _PUBLIC.validate_python(text)
    except ValidationError:
        raise argparse.ArgumentTypeError("a public text without personal numbers") from None


def by_shell(*_: object, **__: object) -> None:
    """Allow: whoever has the database's password at the shell needs no further right."""


def new_folder(folder: Path) -> None:
    """Make a folder that its owner alone can read. Raises OSError where there is one already."""
    folder.mkdir(mode=0o700)


def json_object(file: Path) -> Mapping[str, Any]:
    """Return the JSON object that a file holds. Raises CommandRefused and OSError."""
    try:
        found = json.loads(file.read_bytes())
    except ValueError:
        raise CommandRefused(f"{file.name}: this is no JSON") from None
    if not isinstance(found, dict):
        raise CommandRefused(f"{file.name}: an object is needed")
    return found
