"""Files of secrets: who may use them, and how they are replaced."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Final

_OTHERS: Final = 0o027
"""Nobody else reads, and the group does not write (it may read: a mounted secret)."""
_OWNER: Final = 0o600


def is_private(path: Path) -> bool:
    """Return whether nobody but its owner, and for reading its group, may use a file."""
    return not path.stat().st_mode & _OTHERS


def replace_private(path: Path, text: str) -> None:
    """Write a file anew in one step: a power cut leaves the old one or the new one, whole.

    It keeps its mode; a new one is its owner's alone.
    """
    mode = path.stat().st_mode & 0o777 if path.exists() else _OWNER
    fresh = path.with_name(f".{path.name}.{token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(fresh, flags, _OWNER), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.chmod(mode)
    fresh.replace(path)
    _sync(path.parent)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other commands from changing files of this file's folder meanwhile."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
