"""A day's history brought in from a table: how it is read, what is wrong in it, how far it is."""

from services.intake.domain.imports.days import Order, order_of
from services.intake.domain.imports.entries import Bad, Entry, Reading, read_entry
from services.intake.domain.imports.header import Column, Header, find_header
from services.intake.domain.imports.places import Districts, district_key
from services.intake.domain.imports.progress import (
    Import,
    ImportedFile,
    ImportRefusal,
    ImportState,
    refusal_id,
    row_case_id,
)
from services.intake.domain.imports.report import neutral
from services.intake.domain.imports.rows import Cell, Kind, Row

__all__ = [
    "Bad",
    "Cell",
    "Column",
    "Districts",
    "Entry",
    "Header",
    "Import",
    "ImportRefusal",
    "ImportState",
    "ImportedFile",
    "Kind",
    "Order",
    "Reading",
    "Row",
    "district_key",
    "find_header",
    "neutral",
    "order_of",
    "read_entry",
    "refusal_id",
    "row_case_id",
]
