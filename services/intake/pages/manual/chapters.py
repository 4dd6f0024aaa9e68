"""The manual's chapters: each a file beside what it tells of, `<part>-<number>-<name>.md`.

They lie in the folder `manual` of the service whose pages they are about. Of another service's
folder nothing is read but these files and its texts: a chapter is words, and the book is one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from services.intake.pages.manual.blocks import Block, Inline, plain
from services.intake.pages.manual.markup import MarkupRefused, read
from shared.web.texts import Texts

SERVICES: Final = Path(__file__).parents[3]
FOLDER: Final = "manual"
PARTS: Final = (
    "warga", "petugas", "operator", "jemput", "supervisor",
    "perencana", "admin", "pemasuk", "auditor", "mesin",
)  # fmt: skip
"""For whom a chapter is, in the order of the book; titles below `manual.part` in the texts."""
PICTURES: Final = "gambar"
"""The folder of a service's pictures, within that of its chapters."""

_NAME: Final = re.compile(rf"({'|'.join(PARTS)})-(\d\d)-([a-z-]+)")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter. `name` is its address: `operator-meja`."""

    service: str
    part: str
    number: int
    name: str
    title: tuple[Inline, ...]
    blocks: tuple[Block, ...]

    @property
    def called(self) -> str:
        """Return its title as plain words."""
        return plain(self.title)


@dataclass(frozen=True, slots=True)
class Book:
    """All chapters, in their order."""

    chapters: tuple[Chapter, ...]

    def chapter(self, name: str) -> Chapter | None:
        """Return one of them, or None."""
        return next((one for one in self.chapters if one.name == name), None)

    @property
    def parts(self) -> Sequence[tuple[str, Sequence[Chapter]]]:
        """Return the parts that have chapters, each with its own."""
        found = [(part, [one for one in self.chapters if one.part == part]) for part in PARTS]
        return [(part, chapters) for part, chapters in found if chapters]

    def beside(self, chapter: Chapter) -> tuple[Chapter | None, Chapter | None]:
        """Return what comes before a chapter in its part, and what after."""
        mine = [one for one in self.chapters if one.part == chapter.part]
        at = mine.index(chapter)
        return mine[at - 1] if at else None, mine[at + 1] if at + 1 < len(mine) else None


class _AllTexts:
    """The texts of all services, as chapters name them."""

    def __init__(self, services: Path, own: str) -> None:
        self._services, self._own = services, own

    def __call__(self, named: str) -> str:
        key, *values = named.split()
        service, colon, rest = key.partition(":")
        texts = _texts(self._services, service if colon else self._own)
        return texts(rest if colon else key, **dict(_value(one) for one in values))


def _value(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals:
        raise MarkupRefused(f"not name=value: {given}")
    return name, value


@cache
def _texts(services: Path, service: str) -> Texts:
    return Texts.load(services / service / "texts.toml")


@cache
def shipped_book() -> Book:
    """Return the manual as it is shipped. It is read once."""
    return read_book(SERVICES)


def read_book(services: Path) -> Book:
    """Return the manual of these services.

    Raises MarkupRefused, naming the file; KeyError where a chapter names a text that no page has.
    """
    files = sorted(services.glob(f"*/{FOLDER}/*.md"))
    chapters = [_chapter(file, services) for file in files]
    chapters.sort(key=lambda one: (PARTS.index(one.part), one.number, one.name))
    return Book(tuple(chapters))


def _chapter(file: Path, services: Path) -> Chapter:
    named = _NAME.fullmatch(file.stem)
    if named is None:
        raise MarkupRefused(f"{file.name}: not named <part>-<number>-<name>.md")
    service = file.parents[1].name
    try:
        title, blocks = read(file.read_text("utf-8"), _AllTexts(services, service))
    except MarkupRefused as refused:
        raise MarkupRefused(f"{file.name}: {refused}") from refused
    except KeyError as missing:
        raise KeyError(f"{file.name}: no page has the text {missing}") from missing
    part, number, name = named.groups()
    return Chapter(service, part, int(number), f"{part}-{name}", title, blocks)


def picture_folders(services: Path = SERVICES) -> list[Path]:
    """Return the folders that hold the chapters' pictures."""
    return sorted(services.glob(f"*/{FOLDER}/{PICTURES}"))
