"""Passwords that are known from breaches: looked up on this machine, told to nobody.

The list is that of `zxcvbn` (30,000, from public breaches, MIT), and where an office names a file,
that of the file besides: one password a line, or the 40 hexadecimal digits of its SHA-1 as the
lists of Have I Been Pwned have it, with or without `:count`. The file is held in memory as sorted
digests, ten bytes each.
"""

import re
from bisect import bisect_left
from hashlib import sha1
from pathlib import Path
from typing import Final

from zxcvbn.frequency_lists import FREQUENCY_LISTS

_BYTES: Final = 10
_DIGEST: Final = re.compile(r"([0-9A-Fa-f]{40})(?::[0-9]+)?")
_ENDS: Final = re.compile(r"^[^a-z]+|[^a-z]+$")


class BreachedPasswords:
    """Answers whether a password is on a list."""

    def __init__(self, file: Path | None = None) -> None:
        """Read the lists. Raises OSError."""
        self._common = frozenset(FREQUENCY_LISTS["passwords"])
        self._digests = sorted(_read(file)) if file else []

    def holds(self, password: str) -> bool:
        """Return whether a password is listed, or is a listed one between digits and marks."""
        plain = password.casefold()
        if plain in self._common or _ENDS.sub("", plain) in self._common:
            return True
        found = bisect_left(self._digests, wanted := _digest(password))
        return self._digests[found : found + 1] == [wanted]


def _read(file: Path) -> set[bytes]:
    with file.open(encoding="utf-8", errors="replace") as opened:
        lines = (line.rstrip("\r\n") for line in opened)
        return {_listed(line) for line in lines if line}


def _listed(line: str) -> bytes:
    digest = _DIGEST.fullmatch(line)
    return bytes.fromhex(digest[1])[:_BYTES] if digest else _digest(line)


def _digest(password: str) -> bytes:
    # Not for secrecy: it is how the public lists are written.
    return sha1(password.encode(), usedforsecurity=False).digest()[:_BYTES]
