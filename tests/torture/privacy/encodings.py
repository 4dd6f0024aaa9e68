"""The ways in which bytes may hold other bytes: each is undone wherever it could be."""

import re
import zlib
from binascii import Error, a2b_base64, unhexlify
from collections.abc import Iterator
from contextlib import suppress
from html import unescape
from typing import Final
from urllib.parse import unquote_to_bytes

from tests.torture.privacy import pdf

_LEAST: Final = 8
"""Bytes of what was packed that are worth a look: fewer hold no value."""
_MOST: Final = 64 * 1024 * 1024
"""Bytes that one packed member is followed for."""
_PIECE: Final = 4096

_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_FOLDED: Final = re.compile(rb"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{60,76}\r?\n)+[A-Za-z0-9+/]{0,76}")
_URL_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{20,}")
_HEX_APART: Final = re.compile(rb"[0-9A-Fa-f]{2}(?:[ :,]{1,2}[0-9A-Fa-f]{2}){9,}")
_ESCAPES: Final = re.compile(rb"\\+(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))")
_QUOTED: Final = re.compile(rb"%[0-9A-Fa-f]{2}")
_ENTITY: Final = re.compile(rb"&(?:#[xX]?[0-9A-Fa-f]+|[a-z]{2,8});")
_TEXTS: Final = re.compile(rb"[\n\"]")
_SHOWN: Final = rb"[\x09\x0a\x0d\x20-\x7e\xa0-\xff]"
_LITTLE: Final = re.compile(rb"(?:" + _SHOWN + rb"\x00){8,}")
_BIG: Final = re.compile(rb"(?:\x00" + _SHOWN + rb"){8,}")
_PACKED: Final = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
_EITHER: Final = 47
"""zlib's word for: gzip or zlib, as the head says."""
_RAW: Final = -15
_PDF: Final = b"%PDF-"


def readings(blob: bytes) -> Iterator[bytes]:
    """Yield what the bytes say when each way is undone; nothing where a way leads nowhere."""
    for way in (
        _base64, _hex, _escaped, _urls, _entities, _utf16, _members, _deflated, _documents
    ):  # fmt: skip
        found = b"\n".join(way(blob))
        if len(found) >= _LEAST and found != blob:
            yield found


def _base64(blob: bytes) -> Iterator[bytes]:
    """Both alphabets, with or without padding, beginning at any letter, folded lines too."""
    runs = _BASE64.findall(blob)
    runs += [re.sub(rb"\s", b"", lines) for lines in _FOLDED.findall(blob)]
    for run in runs:
        letters = run.translate(_URL_ALPHABET)
        for first in range(4):
            part = letters[first:]
            if len(part) % 4 == 1:
                part = part[:-1]
            with suppress(Error):
                raw = a2b_base64(part + b"=" * (-len(part) % 4))
                yield raw
                if first == 0:
                    yield from _deflated(raw)


def _hex(blob: bytes) -> Iterator[bytes]:
    runs = _HEX.findall(blob)
    runs += [re.sub(rb"[^0-9A-Fa-f]", b"", run) for run in _HEX_APART.findall(blob)]
    for run in runs:
        for first in range(2):
            part = run[first:]
            yield unhexlify(part[: len(part) // 2 * 2])


def _escaped(blob: bytes) -> Iterator[bytes]:
    r"""`\u0053` as JSON writes it, `\x53` as Python and nginx do."""
    yield from (_ESCAPES.sub(_written_out, one) for one in _with(_ESCAPES, blob))


def _written_out(escape: re.Match[bytes]) -> bytes:
    wide, narrow = escape.groups()
    if wide is not None:
        return chr(int(wide, 16)).encode("utf-8", "replace")
    return bytes([int(narrow, 16)])


def _urls(blob: bytes) -> Iterator[bytes]:
    yield from (unquote_to_bytes(one) for one in _with(_QUOTED, blob))


def _entities(blob: bytes) -> Iterator[bytes]:
    for one in _with(_ENTITY, blob):
        yield unescape(one.decode("utf-8", "replace")).encode("utf-8", "replace")


def _with(written: re.Pattern[bytes], blob: bytes) -> Iterator[bytes]:
    """Yield the lines and quoted texts in which something is written this way."""
    if written.search(blob):
        yield from (text for text in _TEXTS.split(blob) if written.search(text))


def _utf16(blob: bytes) -> Iterator[bytes]:
    for pattern, name in ((_LITTLE, "utf-16-le"), (_BIG, "utf-16-be")):
        for run in pattern.findall(blob):
            yield run.decode(name).encode()


def _members(blob: bytes) -> Iterator[bytes]:
    """Gzip and zlib, wherever one begins; of one that is cut off, what is there."""
    for head in _PACKED.finditer(blob):
        yield from _unpacked(blob, head.start(), _EITHER)


def _deflated(blob: bytes) -> Iterator[bytes]:
    """Deflate without a head can only be told by trying: from the first byte."""
    yield from _unpacked(blob, 0, _RAW)


def _unpacked(blob: bytes, start: int, form: int) -> Iterator[bytes]:
    unpack, out, size = zlib.decompressobj(form), [], 0
    with suppress(zlib.error):
        while start < len(blob) and not unpack.eof and size < _MOST:
            part = unpack.decompress(blob[start : start + _PIECE])
            out.append(part)
            start, size = start + _PIECE, size + len(part)
    if size >= _LEAST:
        yield b"".join(out)


def _documents(blob: bytes) -> Iterator[bytes]:
    start = blob.find(_PDF)
    while start >= 0:
        yield pdf.text(blob[start:])
        start = blob.find(_PDF, start + 1)
