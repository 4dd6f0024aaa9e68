"""What a file is for, and so what it may be; and why one is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.files.sniff import JPEG, PDF, PNG, WEBP
from shared.files.table_limits import CELL, COLUMNS, LINE, ROWS, STRINGS
from shared.web.problems import Problem
from shared.worker.jobs import MIB

SENTENCES: Final = {
    "too_large": "the file is larger than {limit_mib} MiB",
    "empty": "the file is empty",
    "cut_off": "the end of the file is missing; send it again",
    "type_not_allowed": "only {types} are taken here",
    "wrong_type": "the file is of another type than its Content-Type says",
    "heic": "HEIC photos are not taken; send the photo as JPEG",
    "svg": "SVG drawings are not taken; send a photo or a PDF",
    "password": "the PDF needs a password; save it without one",
    "script": "the PDF holds a script or a form with one",
    "embedded_file": "the PDF holds another file",
    "too_many_pages": "the PDF has more than {pages} pages",
    "too_many_pixels": "the image has more than {megapixels} million pixels (WebP: half of that)",
    "does_not_decode": "the file is damaged or is not what it says",
    "polyglot": "the file is an image and something else at once",
    "too_costly": "opening the file takes too much time or memory",
    "infected": "the virus scanner found something in the file",
}
"""Reason -> what is wrong, in plain words. The page's words stand under `file.<reason>`."""
_NAMES: Final = {JPEG: "JPEG", PNG: "PNG", WEBP: "WebP", PDF: "PDF"}
TABLE_SENTENCES: Final = {
    **{name: SENTENCES[name] for name in ("empty", "cut_off", "too_large", "infected")},
    "wrong_type": "the file is of another type than its Content-Type says",
    "does_not_decode": "the table is damaged or is not what it says",
    "too_costly": SENTENCES["too_costly"],
    "old_excel": "a file of Excel before 2007, or one with a password; save it as XLSX without",
    "not_a_table": "no columns are found; save the table as CSV or XLSX",
    "encoding": "the characters of the CSV are neither UTF-8 nor Windows-1252",
    "row_too_long": f"a row has more than {LINE} characters",
    "cell_too_long": f"a cell has more than {CELL} characters",
    "too_many_rows": f"the table has more than {ROWS} rows",
    "too_many_columns": f"the table has more than {COLUMNS} columns",
    "zip_bomb": "the file unpacks to too much",
    "entities": "the file declares entities or a document type, as no spreadsheet does",
    "macros": "the file holds macros; save it as XLSX without",
    "too_many_strings": f"the file has more than {STRINGS} texts",
    "dates_1904": "the workbook counts days from 1904; switch that off and save it again",
    "many_sheets": "more than one sheet has rows; leave the one that is meant",
}
"""The same for tables: CSV and XLSX."""
_STATUS: Final = {"too_large": 413, "type_not_allowed": 415, "wrong_type": 415} | dict.fromkeys(
    ("heic", "svg"), 415
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """A kind of files. Limits are stated here and nowhere else."""

    name: str
    limit: int
    """Bytes of a file, as it comes and as it is kept."""
    types: frozenset[str] = frozenset({JPEG, PNG, WEBP, PDF})
    pages: int = 200
    """Of a PDF."""
    pixels: int = 50_000_000
    """Of an image, what phones commonly make at their finest; half as many of a WebP, whose
    decoder needs twice the memory."""

    job: str = "clean_file"
    """What the worker makes of it: returns `type`, and whether its bytes stay the `same`."""
    sentences: Mapping[str, str] = field(default_factory=lambda: SENTENCES)
    """What is said of each reason."""
    words: str = "file"
    """Section of the page's words for each reason."""

    def refusal(self, reason: str) -> "FileRefused":
        """Return why a file is refused, with this purpose's limits."""
        return FileRefused(
            f"{self.words}.{reason}",
            self.sentences[reason].format(
                limit_mib=self.limit // MIB,
                pages=self.pages,
                megapixels=self.pixels // 1_000_000,
                types=" and ".join(_listed(self.types).rsplit(", ", 1)),
            ),
        )


def _listed(types: frozenset[str]) -> str:
    return ", ".join(name for type_, name in _NAMES.items() if type_ in types)


class FileRefused(Problem):
    """A file that is not taken; `reason` is stable.

    The connection stays: what is still on its way is read by the server and dropped. Clients send
    all before they read, and would not see the answer of a connection that is closed on them.
    """

    def __init__(self, text_key: str, sentence: str) -> None:
        reason = text_key.rpartition(".")[2]
        super().__init__(
            _STATUS.get(reason, 422),
            "file-refused",
            "The file is not taken",
            sentence,
            members={"reason": reason, "text_key": text_key},
        )
        self.reason = reason
