"""What a file is, by its content, where it ends, and whether it is something else besides.

Runs in a worker's child. The refusals here are for clarity: an image is written anew from its
pixels in any case, and nothing that follows its end is kept.
"""

import re
import zipfile
from io import BytesIO
from typing import Final

from shared.worker.jobs import JobRefused

JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
WEBP: Final = "image/webp"
PDF: Final = "application/pdf"

_HEAD: Final = 1024
"""Readers of PDF accept its mark anywhere in the first 1,024 bytes."""
_TAIL: Final = 1024
"""And its end in the last."""
_MAGIC: Final = {b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG, b"%PDF-": PDF}
_HEIC_BRANDS: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_ACTIVE: Final = (b"<script", b"<html", b"<svg", b"<?php", b"%pdf-")
_JPEG_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_STANDALONE: Final = {0x01, *range(0xD0, 0xD8)}
_END_OF_IMAGE: Final = 0xD9
_SCAN: Final = 0xDA
_FILL: Final = 0xFF


def type_of(data: bytes) -> str:
    """Return a file's type. Refuses `heic`, `svg` and `type_not_allowed`."""
    for magic, found in _MAGIC.items():
        if data.startswith(magic):
            return found
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        raise JobRefused("heic")
    head = data[: 4 * _HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<") and b"<svg" in head:
        raise JobRefused("svg")
    raise JobRefused("type_not_allowed")


def require_whole(data: bytes, found: str) -> None:
    """Refuse `cut_off` where the end is missing, and `polyglot` where it is more than one thing."""
    end = _ENDS[found](data)
    head, tail = data[:_HEAD].lower(), data[end:].lower()
    own = b"%pdf-" if found == PDF else b""
    active = [mark for mark in _ACTIVE if mark in tail or (mark in head and mark != own)]
    if active or zipfile.is_zipfile(BytesIO(data)):
        raise JobRefused("polyglot")


def _jpeg_end(data: bytes) -> int:
    at = 2
    while at + 4 <= len(data) or data[at : at + 2] == b"\xff\xd9":
        if data[at] != _FILL:
            raise JobRefused("does_not_decode")
        marker = data[at + 1]
        if marker == _END_OF_IMAGE:
            return at + 2
        if marker == _FILL:
            at += 1
        elif marker in _STANDALONE:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if marker == _SCAN:
                at = _next_marker(data, at)
    raise JobRefused("cut_off")


def _next_marker(data: bytes, at: int) -> int:
    found = _JPEG_MARKER.search(data, at)
    if found is None:
        raise JobRefused("cut_off")
    return found.start()


def _png_end(data: bytes) -> int:
    at = 8
    while at + 12 <= len(data):
        kind = data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        if kind == b"IEND" and at <= len(data):
            return at
    raise JobRefused("cut_off")


def _webp_end(data: bytes) -> int:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise JobRefused("cut_off")
    return end


def _pdf_end(data: bytes) -> int:
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise JobRefused("cut_off")
    return end + 5


_ENDS: Final = {JPEG: _jpeg_end, PNG: _png_end, WEBP: _webp_end, PDF: _pdf_end}
