"""The text of a PDF, by PDFium. Runs in a worker's child; what is read stays in its memory."""

from typing import Final

import pypdfium2
from pypdfium2 import PdfiumError

from shared.worker.jobs import JobRefused

SIGNS: Final = 2_000_000
"""Of a whole document; a page full of small print has 8,000."""
_FEWEST: Final = 20
"""Letters and digits, fewer of which are no text: a stamp on a scanned page."""


def text_of(data: bytes) -> str | None:
    """Return a PDF's text, page after page; None where it has none, as a scan has none.

    Refuses `too_costly`.
    """
    try:
        text = _read(data)
    except PdfiumError:
        return None
    readable = sum(map(str.isalnum, text))
    return text if readable >= _FEWEST else None


def _read(data: bytes) -> str:
    pages: list[str] = []
    signs = 0
    with pypdfium2.PdfDocument(data) as document:
        for number in range(len(document)):
            page = document[number]
            held = page.get_textpage()
            signs += held.count_chars()
            if signs > SIGNS:
                raise JobRefused("too_costly")
            pages.append(held.get_text_range())
            held.close()
            page.close()
    return "\n".join(pages)
