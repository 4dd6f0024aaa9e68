"""How large a table of strangers may be, and what a cell of it is. Stated here and nowhere else."""

from typing import Final

from shared.worker.jobs import MIB

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

ROWS: Final = 20_000
"""By their numbers: an empty row counts too."""
COLUMNS: Final = 40
CELL: Final = 500
"""Characters of a cell."""
LINE: Final = 8_192
"""Characters of a row of a CSV, its separators among them."""
PARTS: Final = 200
"""Files within an XLSX."""
UNPACKED: Final = 64 * MIB
"""Bytes of them all."""
RATIO: Final = 200
"""How much longer a part may be than it is packed, from RATIO_FROM bytes on."""
RATIO_FROM: Final = MIB
STRINGS: Final = 200_000
"""Shared texts of an XLSX."""

Cell = str | list[str]
"""A text, or what it was and its text: `NUMBER`, `DATE` and `TIME` in ISO 8601, `FORMULA`."""
NUMBER: Final = "n"
DATE: Final = "d"
TIME: Final = "t"
FORMULA: Final = "f"
"""It has no text: nothing is calculated, and nothing of it is passed on."""
FORMULA_MARKS: Final = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula."""
