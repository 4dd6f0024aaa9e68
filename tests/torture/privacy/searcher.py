"""Finds made-up residents in bytes, however they are written.

Instead of writing each of some thousand values in each of a dozen ways and looking for all of
these, it reads what is there in each way and looks at the plain text that comes of it: runs of
digits and of letters, and in them windows of the length of a value, each asked of a table. So its
time hangs on the bytes and hardly on the number of persons, and a way inside another (base 64 of
gzip) is found as well.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from tests.torture.privacy.encodings import readings
from tests.torture.privacy.persons import NIK, PHONE, WORD, Person, folded

DEPTH: Final = 4
"""Ways inside each other that are read."""

Hit = tuple[int, str]
"""A person's number and the field that was found."""

_DIGITS: Final = re.compile(rf"[0-9](?:[ .,:()/_+-]{{0,2}}[0-9]){{{PHONE - 1},}}")
_BETWEEN: Final = re.compile(r"[^0-9]+")
_LETTERS: Final = re.compile(rf"[a-z]{{{WORD},}}")


class Searcher:
    """Knows its persons, and finds any of them."""

    def __init__(self, persons: Iterable[Person]) -> None:
        """Take whom to look for."""
        self._words: dict[str, Hit] = {}
        self._niks: dict[str, Hit] = {}
        self._phones: dict[str, Hit] = {}
        for one in persons:
            self._words[one.words[0]] = (one.number, "name")
            self._words[one.words[1]] = (one.number, "address")
            self._niks[one.nik] = (one.number, "nik")
            self._phones[one.phone] = (one.number, "phone")

    def find(self, blob: bytes) -> set[Hit]:
        """Return who is in it, and with which field."""
        return set(self._found(blob, DEPTH))

    def _found(self, blob: bytes, depth: int) -> Iterator[Hit]:
        yield from self._plain(blob.decode("utf-8", "replace"))
        if depth:
            for reading in readings(blob):
                yield from self._found(reading, depth - 1)

    def _plain(self, text: str) -> Iterator[Hit]:
        for run in _LETTERS.findall(folded(text)):
            yield from _windows(run, WORD, self._words)
        for run in _DIGITS.findall(text):
            digits = _BETWEEN.sub("", run)
            yield from _windows(digits, PHONE, self._phones)
            yield from _windows(digits, NIK, self._niks)


def _windows(run: str, width: int, known: dict[str, Hit]) -> Iterator[Hit]:
    for start in range(len(run) - width + 1):
        hit = known.get(run[start : start + width])
        if hit is not None:
            yield hit
