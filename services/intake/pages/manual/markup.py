"""Chapters as they are written: a part of Markdown, in which a code span is a text of a page.

`` `desk.next` `` is what the button says, by its key in the texts of the chapter's service;
`` `intake:start.title` `` is a key of another's, and what follows it fills it in: `` `booth.title
booth=gerai-1` ``. A picture stands alone in its paragraph; its title names the screenshot and the
rows of it that it shows: `![Antrean](meja.webp "meja-1280 0 900")`. A quotation is a note. A fence
that begins with `sh` or `json` holds what is typed or kept in a file. All else that Markdown has is
refused, so that each writer has all of it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from services.intake.pages.manual.blocks import (
    Block,
    Cut,
    Heading,
    Inline,
    Items,
    Link,
    Note,
    Paragraph,
    Picture,
    Strong,
    Text,
    Typed,
    Word,
)

Words = Callable[[str], str]
"""Returns the text of a page that a code span names. Raises KeyError where there is none."""

_READER: Final = MarkdownIt("commonmark", {"html": False})
TYPED: Final = ("sh", "json")
_CUT: Final = re.compile(r"([a-z0-9-]+) (\d+) (\d+)")


class MarkupRefused(ValueError):  # noqa: N818 - reads as the decision it is
    """A chapter uses what no writer has."""


def read(source: str, words: Words) -> tuple[tuple[Inline, ...], tuple[Block, ...]]:
    """Return a chapter's title and its blocks. Raises MarkupRefused, and KeyError of a text."""
    tree = SyntaxTreeNode(_READER.parse(source))
    first = tree.children[0] if tree.children else None
    if first is None or first.tag != "h1":
        raise MarkupRefused("a chapter begins with its title")
    return _parts(first.children[0], words), tuple(_blocks(tree.children[1:], words))


def _blocks(nodes: Sequence[SyntaxTreeNode], words: Words) -> Iterator[Block]:
    for node in nodes:
        yield _block(node, words)


def _block(node: SyntaxTreeNode, words: Words) -> Block:
    match node.type:
        case "heading" if node.tag in ("h2", "h3"):
            return Heading(int(node.tag[1]), _parts(node.children[0], words))
        case "paragraph":
            return _paragraph(node.children[0], words)
        case "bullet_list" | "ordered_list":
            items = tuple(tuple(_blocks(item.children, words)) for item in node.children)
            return Items(node.type == "ordered_list", items, int(node.attrs.get("start", 1)))
        case "blockquote":
            return Note(tuple(_blocks(node.children, words)))
        case "fence" if node.info in TYPED:
            return Typed(node.info, node.content.rstrip())
    raise MarkupRefused(f"{node.tag or node.type} is not used here")


def _paragraph(inline: SyntaxTreeNode, words: Words) -> Paragraph | Picture:
    if len(inline.children) == 1 and inline.children[0].type == "image":
        image = inline.children[0]
        seen = "".join(_said(one, words) for one in image.children)
        if not seen:
            raise MarkupRefused("a picture says what is seen on it")
        return Picture(str(image.attrs["src"]), seen, _cut(str(image.attrs.get("title", ""))))
    return Paragraph(_parts(inline, words))


def _cut(title: str) -> Cut:
    named = _CUT.fullmatch(title)
    if named is None:
        raise MarkupRefused("a picture's title is: screenshot, first row, last row")
    return Cut(named[1], int(named[2]), int(named[3]))


def _parts(inline: SyntaxTreeNode, words: Words) -> tuple[Inline, ...]:
    return tuple(_part(one, words) for one in inline.children)


def _part(node: SyntaxTreeNode, words: Words) -> Inline:
    match node.type:
        case "text" | "softbreak":
            return Text(_said(node, words))
        case "code_inline":
            return Word(words(node.content))
        case "strong":
            return Strong(_parts(node, words))
        case "link":
            return Link(str(node.attrs["href"]), _parts(node, words))
    raise MarkupRefused(f"{node.tag or node.type} is not used here")


def _said(node: SyntaxTreeNode, words: Words) -> str:
    if node.type == "code_inline":
        return words(node.content)
    return " " if node.type == "softbreak" else node.content
