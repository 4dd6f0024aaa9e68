"""What a PDF says: its pages' text by their fonts, and everything else that is written in it."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from io import BytesIO
from types import ModuleType
from typing import Any, Final

_PAIRS: Final = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")
_TRIPLES: Final = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")
_BLOCKS: Final = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
Codes = Mapping[bytes, str]


def library() -> ModuleType | None:
    """Return pikepdf where it is installed."""
    try:
        return import_module("pikepdf")
    except ImportError:
        return None


def text(raw: bytes) -> bytes:
    """Return all that a PDF says; nothing of one that does not open, or without pikepdf."""
    pikepdf = library()
    if pikepdf is None:
        return b""
    try:
        with pikepdf.open(BytesIO(raw)) as opened:
            pages = ["".join(_page(pikepdf, page)) for page in opened.pages]
            return b"\n".join([*(page.encode() for page in pages), _written(pikepdf, opened)])
    except pikepdf.PdfError:
        return b""


def _written(pikepdf: ModuleType, opened: Any) -> bytes:
    """Return the file with nothing packed: metadata, annotations and attached files as well."""
    out = BytesIO()
    opened.save(
        out,
        compress_streams=False,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        stream_decode_level=pikepdf.StreamDecodeLevel.specialized,
    )
    return out.getvalue()


def _page(pikepdf: ModuleType, page: Any) -> Iterator[str]:
    codes: Codes = {}
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) == "Tf":
            codes = _codes(page.resources.Font[operands[0]])
        yield from (_shown(bytes(part), codes) for part in _strings(pikepdf, operands))


def _strings(pikepdf: ModuleType, operands: Any) -> Iterator[Any]:
    """Yield the texts of one operator; what stands between the letters of a word is left out."""
    for operand in operands:
        if isinstance(operand, pikepdf.Array):
            yield from _strings(pikepdf, operand)
        elif isinstance(operand, pikepdf.String):
            yield operand


def _codes(font: Any) -> Codes:
    """Return what a font's own codes stand for, by its ToUnicode table."""
    if "/ToUnicode" not in font:
        return {}
    found: dict[bytes, str] = {}
    for kind, block in _BLOCKS.findall(font.ToUnicode.read_bytes()):
        if kind == b"bfchar":
            found |= {_raw(code): _letters(letter) for code, letter in _PAIRS.findall(block)}
            continue
        for first, last, letter in _TRIPLES.findall(block):
            for step in range(min(int(last, 16) - int(first, 16) + 1, 65_536)):
                code = (int(first, 16) + step).to_bytes(len(first) // 2, "big")
                found[code] = chr(int(letter, 16) + step)
    return found


def _raw(digits: bytes) -> bytes:
    return bytes.fromhex(digits.decode())


def _letters(digits: bytes) -> str:
    return _raw(digits).decode("utf-16-be", "replace")


def _shown(raw: bytes, codes: Codes) -> str:
    if not codes:
        return raw.decode("latin-1")
    width = len(next(iter(codes)))
    parts = (raw[at : at + width] for at in range(0, len(raw), width))
    return "".join(codes.get(part, "") for part in parts)
