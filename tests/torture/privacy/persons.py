"""Made-up residents whose values can be told from everything else that a place may hold."""

import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

WORD: Final = 10
"""Letters of the one word in each name and address that nobody else has."""
PHONE: Final = 11
"""Digits of each phone as they stand behind +62 or 0."""
NIK: Final = 16
REGION: Final = "321699"
"""No sub-district has this code: nobody real has such a NIK."""
FIELDS: Final = ("name", "nik", "phone", "address")

_CONSONANTS: Final = "bcdfghjklmnprstvwyz"
_VOWELS: Final = "aeiou"
_ACCENTED: Final = 7
"""Every so many-th name has an accent, which JSON escapes and URLs write otherwise."""
_MARKS: Final = re.compile("[\u0300-\u036f]+")
_GIVEN: Final = ("Siti", "Budi", "Dewi", "Agus", "Rina", "Joko", "Ani", "Wayan")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is nobody; `words` are the words that stand for name and address."""

    number: int
    name: str
    nik: str
    phone: str
    address: str
    words: tuple[str, str]

    @property
    def applicant(self) -> dict[str, Any]:
        """Return him as the API takes him."""
        phone = f"0{self.phone[:3]}-{self.phone[3:7]}-{self.phone[7:]}"
        return {"name": self.name, "nik": self.nik, "phone": phone, "address": self.address}


def made_up(count: int, seed: int = 1) -> list[Person]:
    """Return so many persons, the same for the same seed."""
    chance = random.Random(seed)
    words, phones, niks = _words(chance), _phones(chance), _niks(chance)
    return [
        _person(number, (next(words), next(words)), next(phones), next(niks))
        for number in range(count)
    ]


def folded(text: str) -> str:
    """Return a text without case and accents: how words are compared."""
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    return text.casefold()


def _person(number: int, words: tuple[str, str], phone: str, nik: str) -> Person:
    family = words[0].replace("e", "é") if number % _ACCENTED == 0 else words[0]
    name = f"{_GIVEN[number % len(_GIVEN)]} {family.capitalize()}"
    address = f"Gang {words[1].capitalize()} {number % 90 + 1} RT 003"
    return Person(number, name, nik, phone, address, words)


def _words(chance: random.Random) -> Iterator[str]:
    yield from _unlike(
        lambda: "".join(
            chance.choice(letters) for _ in range(WORD // 2) for letters in (_CONSONANTS, _VOWELS)
        )
    )


def _phones(chance: random.Random) -> Iterator[str]:
    yield from _unlike(lambda: f"8120{chance.randrange(10**7):07}")


def _niks(chance: random.Random) -> Iterator[str]:
    def one() -> str:
        day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(50, 99)
        woman = 40 * chance.randint(0, 1)
        return f"{REGION}{day + woman:02}{month:02}{year:02}{chance.randint(1, 9_999):04}"

    yield from _unlike(one)


def _unlike(make: Any) -> Iterator[str]:
    seen: set[str] = set()
    while True:
        one = make()
        if one not in seen:
            seen.add(one)
            yield one
