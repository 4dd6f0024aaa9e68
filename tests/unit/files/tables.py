"""Made-up tables as offices send them, and as attackers do."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openpyxl import Workbook

HEAD = ("Tanggal", "Jam", "Jenis Dokumen", "Kecamatan", "NIK", "Nama")
GOOD = ("11/03/2023", "09.15", "KIA", "Setu", "3216991203850001", "Siti Contoh")


def separated(rows: Sequence[Sequence[str]], separator: str = ";", head: Any = HEAD) -> bytes:
    return "\r\n".join(separator.join(row) for row in (head, *rows)).encode()


def workbook(
    rows: Sequence[Sequence[Any]], change: Callable[[Workbook], None] | None = None
) -> bytes:
    book = Workbook()
    for row in (HEAD, *rows):
        book.active.append(row)
    if change:
        change(book)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def with_parts(data: bytes, parts: Mapping[str, bytes]) -> bytes:
    """A workbook with parts put in, or exchanged."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return written.getvalue()


def laughs() -> bytes:
    """Entities that unfold to a billion."""
    entities = b"".join(
        b'<!ENTITY l%d "%s">' % (number, b"&l%d;" % (number - 1) * 10) for number in range(1, 10)
    )
    return (
        b'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY l0 "ha">' + entities + b"]>"
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b"<si><t>&l9;</t></si></sst>"
    )
