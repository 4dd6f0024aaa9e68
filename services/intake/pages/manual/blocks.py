"""What a manual is made of, whatever it is printed on: pages and the book have a writer each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar


@dataclass(frozen=True, slots=True)
class Text:
    """Words as they stand."""

    kind: ClassVar = "text"
    text: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a page says: a button, a title, a message, as the page's own texts have it."""

    kind: ClassVar = "word"
    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """Words that count."""

    kind: ClassVar = "strong"
    parts: tuple["Inline", ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to a page: `/intake/lacak`, `/masuk`, or a chapter: `petunjuk:NAME`."""

    kind: ClassVar = "link"
    address: str
    parts: tuple["Inline", ...]


Inline = Text | Word | Strong | Link


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a chapter: 2 or 3; the chapter's own is its title."""

    kind: ClassVar = "heading"
    level: int
    parts: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    kind: ClassVar = "paragraph"
    parts: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list; `ordered` where one thing is done after the other, from the number `start`."""

    kind: ClassVar = "items"
    ordered: bool
    items: tuple[tuple["Block", ...], ...]
    start: int = 1


@dataclass(frozen=True, slots=True)
class Note:
    """What stands apart because it must not be missed."""

    kind: ClassVar = "note"
    blocks: tuple["Block", ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a page: its file, what is seen on it, and of what it is taken (`Cut`)."""

    kind: ClassVar = "picture"
    file: str
    seen: str
    taken: "Cut"


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows of a screenshot of the browser's tests that a picture shows."""

    screenshot: str
    top: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table; each cell holds lines. `widths` are the shares of the columns where paper counts."""

    kind: ClassVar = "table"
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """Lines that are typed at a shell (`sh`), or kept in a file (`json`), as they stand."""

    kind: ClassVar = "typed"
    what: str
    lines: str


Block = Heading | Paragraph | Items | Note | Picture | Table | Typed
Kind = TypeVar("Kind", bound=Block)


def plain(parts: Sequence[Inline]) -> str:
    """Return what is read, without how it looks."""
    return "".join(
        plain(one.parts) if isinstance(one, Strong | Link) else one.text for one in parts
    )


def all_of(blocks: Sequence[Block], *kinds: type[Kind]) -> list[Kind]:
    """Return the blocks of these kinds, those inside others too, in their order."""
    found: list[Kind] = []
    for one in blocks:
        if isinstance(one, kinds):
            found.append(one)
        for inner in inside(one):
            found.extend(all_of(inner, *kinds))
    return found


def links(blocks: Sequence[Block]) -> list[str]:
    """Return the addresses that these blocks lead to, in their order."""
    with_parts: list[Heading | Paragraph] = all_of(blocks, Heading, Paragraph)
    return [link for one in with_parts for link in _links(one.parts)]


def inside(block: Block) -> tuple[tuple["Block", ...], ...]:
    """Return the blocks that a block holds."""
    if isinstance(block, Items):
        return block.items
    return (block.blocks,) if isinstance(block, Note) else ()


def _links(parts: Sequence[Inline]) -> list[str]:
    found: list[str] = []
    for one in parts:
        if isinstance(one, Link):
            found.append(one.address)
        if isinstance(one, Strong | Link):
            found.extend(_links(one.parts))
    return found


def text(words: str) -> Paragraph:
    """Return a paragraph of plain words."""
    return Paragraph((Text(words),))
