"""The manual in Typst: every word goes in as a string, so that none of it is read as Typst."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.intake.pages.manual.blocks import (
    Block,
    Heading,
    Inline,
    Items,
    Link,
    Note,
    Paragraph,
    Picture,
    Strong,
    Table,
    Text,
    Typed,
    Word,
)

ANOTHER: Final = "petunjuk:"
WIDE: Final = "100%"


def string(words: str) -> str:
    """Return words as Typst writes a string."""
    escaped = words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def label(chapter: str) -> str:
    """Return the label of a chapter."""
    return f"<bab-{chapter}>"


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes blocks. `width` is how wide a picture is printed, None where there is none of it.

    `page` says where another chapter begins, with `{page}`; `alt` is what every picture is. `shift`
    is added to the levels of headings.
    """

    page: str
    alt: str
    width: Callable[[str], str | None]
    shift: int = 1

    def blocks(self, blocks: Iterable[Block]) -> str:
        """Return blocks, each a paragraph of its own."""
        return "\n\n".join(self._block(one) for one in blocks)

    def parts(self, parts: Sequence[Inline]) -> str:
        """Return words within a line."""
        return "".join(self._part(one) for one in parts)

    def _part(self, one: Inline) -> str:
        match one:
            case Text(words):
                return f"#{string(words)}"
            case Word(words):
                return f"#word[#{string(words)}]"
            case Strong(parts):
                return f"#strong[{self.parts(parts)}]"
            case Link(address, parts) if address.startswith(ANOTHER):
                target = label(address.removeprefix(ANOTHER))
                return f'{self.parts(parts)}#" ("#page-of({target}, {string(self.page)})#")"'
            case Link(address, parts):
                return f'{self.parts(parts)}#" ("#address({string(address)})#")"'

    def _block(self, one: Block) -> str:
        match one:
            case Heading(level, parts):
                return f"#heading(level: {level + self.shift})[{self.parts(parts)}]"
            case Paragraph(parts):
                return self.parts(parts)
            case Items():
                return self._items(one)
            case Note(blocks):
                return f"#note[{self.blocks(blocks)}]"
            case Picture():
                return self._picture(one)
            case Table() | Typed():
                return _table(one) if isinstance(one, Table) else _typed(one)

    def _items(self, one: Items) -> str:
        called = f"enum(start: {one.start}, " if one.ordered else "list("
        return f"#{called}{', '.join(f'[{self.blocks(item)}]' for item in one.items)})"

    def _picture(self, one: Picture) -> str:
        wide = self.width(one.file)
        if wide is None:
            return ""
        alt = f"{self.alt}: {one.seen}"
        file = string(f"gambar/{one.file}")
        return f"#shot({file}, {string(one.seen)}, {string(alt)}, wide: {wide})"


def _typed(one: Typed) -> str:
    return f"#typed({string(one.what)}, {string(one.lines)})"


def _table(one: Table) -> str:
    widths = ", ".join(f"{width}fr" for width in one.widths)
    head = ", ".join(string(words) for words in one.head)
    cells = ", ".join(_cell(lines) for row in one.rows for lines in row)
    return f"#facts({string(one.caption)}, ({widths}), ({head}), {cells})"


def _cell(lines: Sequence[str]) -> str:
    return f"[{' #linebreak() '.join(f'#{string(line)}' for line in lines)}]"
