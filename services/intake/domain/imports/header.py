"""Which column of a history is which, by the words that offices head it with."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.intake.domain.imports.rows import Row
from services.intake.domain.refusal import Refused

LOOKED_AT: Final = 20
"""First filled rows among which the header is looked for: titles stand above it."""
_ENOUGH: Final = 2
"""Columns that a row has to name to be the header."""


class Column(StrEnum):
    """A column of a history of SIAK; the first three are needed."""

    DATE = "date"
    DOCUMENT = "document"
    DISTRICT = "district"
    TIME = "time"
    """Not needed where the date holds it."""
    NIK = "nik"
    NAME = "name"


_NEEDED: Final = (Column.DATE, Column.DOCUMENT, Column.DISTRICT)
_WORDS: Final[Mapping[Column, tuple[str, ...]]] = {
    Column.DATE: (
        *("tanggal", "tgl", "tgl permohonan", "tanggal permohonan", "tanggal pengajuan"),
        *("tgl pengajuan", "tanggal entri", "tgl entri", "tanggal entry", "hari tanggal"),
        *("tanggal pelayanan", "tgl pelayanan", "waktu permohonan", "tanggal waktu", "date"),
    ),
    Column.TIME: ("jam", "pukul", "waktu", "jam permohonan", "jam entri", "jam entry", "time"),
    Column.DOCUMENT: (
        *("dokumen", "jenis dokumen", "nama dokumen", "layanan", "jenis layanan"),
        *("jenis permohonan", "permohonan", "pelayanan", "jenis pelayanan", "document"),
    ),
    Column.DISTRICT: (
        *("kecamatan", "kec", "nama kecamatan", "kode kecamatan", "kode kec", "wilayah"),
        *("kode wilayah", "domisili", "kecamatan domisili", "district"),
    ),
    Column.NIK: ("nik", "nik pemohon", "no nik", "nomor nik", "nomor induk kependudukan"),
    Column.NAME: ("nama", "nama lengkap", "nama pemohon", "pemohon", "name"),
}
_COLUMNS: Final = {words: column for column, all_ in _WORDS.items() for words in all_}
_NO_WORD: Final = re.compile(r"[^a-z]+")


@dataclass(frozen=True, slots=True)
class Header:
    """The header's row and where each column stands, counted from 0."""

    row: int
    places: Mapping[Column, int]


def find_header(rows: Sequence[Row]) -> Header:
    """Return the header. Raises Refused: `header_missing`, `header_twice`.

    It is the row that names the most columns, of the first filled rows.
    """
    found = [(_named(row), row) for row in rows[:LOOKED_AT]]
    named, row = max(found, key=lambda one: len(set(one[0])), default=((), Row(0, ())))
    if len(set(named)) < _ENOUGH:
        raise Refused("header_missing", "file: no row names its columns")
    lacking = [column for column in _NEEDED if column not in named]
    if lacking:
        raise Refused("header_missing", f"file: no column is headed as {', '.join(lacking)}")
    if len(set(named)) < len([one for one in named if one is not None]):
        raise Refused("header_twice", "file: a column is headed twice")
    places = {column: place for place, column in enumerate(named) if column is not None}
    return Header(row.number, places)


def _named(row: Row) -> tuple[Column | None, ...]:
    return tuple(_COLUMNS.get(_NO_WORD.sub(" ", one.text.lower()).strip()) for one in row.cells)
