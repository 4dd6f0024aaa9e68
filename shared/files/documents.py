"""PDFs opened and looked through. Runs in a worker's child.

A PDF is kept byte for byte: the offices' own documents bear an electronic signature over their
bytes, and writing them anew would break it. So what could act is refused instead of taken out.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Final

import pikepdf

from shared.worker.jobs import JobRefused

OBJECTS: Final = 200_000
"""Objects of a PDF, looked through one by one."""
_DEPTH: Final = 32
"""Of objects that lie within each other."""
_SCRIPTS: Final = {"/JS", "/JavaScript", "/XFA"}
_EMBEDDED: Final = {"/EmbeddedFiles", "/EF", "/RichMediaContent"}
_ACTING: Final = {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Rendition"}
_HOLDING: Final = {"/EmbeddedFile", "/RichMedia"}


def look_through(data: bytes, pages: int) -> None:
    """Refuse a PDF with `password`, `script`, `embedded_file`, `too_many_pages`, `too_costly`.

    One that cannot be read is `does_not_decode`: it is not repaired.
    """
    try:
        with pikepdf.open(BytesIO(data), suppress_warnings=True, attempt_recovery=False) as pdf:
            _require_pages(pdf, pages)
            for name, value in _entries(pdf):
                _require_harmless(name, value)
    except pikepdf.PasswordError:
        raise JobRefused("password") from None
    except (pikepdf.PdfError, ValueError, RuntimeError):
        raise JobRefused("does_not_decode") from None


def _require_pages(pdf: pikepdf.Pdf, most: int) -> None:
    pages = len(pdf.pages)
    if pages > most:
        raise JobRefused("too_many_pages")
    if pages == 0:
        raise JobRefused("does_not_decode")


def _require_harmless(name: str, value: object) -> None:
    said = str(value) if isinstance(value, pikepdf.Name) else ""
    if name in _SCRIPTS or (name == "/S" and said in _ACTING):
        raise JobRefused("script")
    if name in _EMBEDDED or (name in {"/Type", "/Subtype"} and said in _HOLDING):
        raise JobRefused("embedded_file")


def _entries(pdf: pikepdf.Pdf) -> Iterator[tuple[str, object]]:
    """Yield every entry of every dictionary. What the trailer holds is reached by its objects."""
    looked_at = 0
    for thing in pdf.objects:
        for entry in _within(thing, 0):
            looked_at += 1
            if looked_at > OBJECTS:
                raise JobRefused("too_costly")
            yield entry


def _within(thing: object, depth: int) -> Iterator[tuple[str, object]]:
    if depth > _DEPTH:
        raise JobRefused("too_costly")
    if isinstance(thing, pikepdf.Array):
        for one in list(thing):
            yield from _inner(one, depth)
    elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        for name in list(thing.keys()):
            value = thing.get(name)
            yield name, value
            yield from _inner(value, depth)


def _inner(thing: object, depth: int) -> Iterator[tuple[str, object]]:
    """Look into what lies in place; what is only referred to has its own turn."""
    if not getattr(thing, "is_indirect", False):
        yield from _within(thing, depth + 1)
