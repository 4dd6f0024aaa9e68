"""How much a PDF would unpack to, found out before anything reads it for its text.

A few kilobytes can unpack to gigabytes, and forms that show each other twice to more than that.
Both would end the child that reads them; here they are counted piece by piece and refused by name.
"""

import re
import zlib
from base64 import a85decode
from collections import Counter
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final

import pikepdf

from shared.worker.jobs import MIB, JobRefused

UNPACKED: Final = 64 * MIB
"""Bytes of all streams that are no images, unpacked: fonts, pages, lists."""
DRAWN: Final = 8 * MIB
"""Bytes of what all pages draw, each form counted as often as it is shown."""
SAVED: Final = 200_000
"""States that one page or form saves: each may lie within the one before."""
_DEPTH: Final = 24
"""Of forms within forms."""
_IMAGES: Final = {"/DCTDecode", "/JPXDecode", "/CCITTFaxDecode", "/JBIG2Decode"}
_PACKED: Final = "/FlateDecode"
_SAVE: Final = re.compile(rb"(?<!\S)q(?!\S)")
_SHOWN: Final = re.compile(rb"/([^\s/\[\]<>(){}%]+)\s+Do(?![A-Za-z])")
_PIECE: Final = 64 * 1024


def require_light(data: bytes) -> None:
    """Refuse `too_costly` where a PDF unpacks to more than may be read."""
    try:
        with pikepdf.open(BytesIO(data), suppress_warnings=True, attempt_recovery=False) as pdf:
            _require_small_streams(pdf)
            drawing = _Drawing()
            for page in pdf.pages:
                drawing.add(page.obj)
    except (pikepdf.PdfError, ValueError, RuntimeError, zlib.error):
        # What cannot be followed here cannot be said to be light.
        raise JobRefused("too_costly") from None


def _require_small_streams(pdf: pikepdf.Pdf) -> None:
    left = UNPACKED
    for thing in pdf.objects:
        if isinstance(thing, pikepdf.Stream) and not _is_image(thing):
            left -= len(_unpacked(thing, left))


def _is_image(stream: pikepdf.Stream) -> bool:
    filters = _filters(stream)
    return stream.get("/Subtype") == "/Image" or bool(filters and filters[-1] in _IMAGES)


def _unpacked(stream: pikepdf.Stream, most: int) -> bytes:
    """Return a stream's bytes, so many at most. Refuses what no office's document is packed by."""
    filters, raw = _filters(stream), stream.read_raw_bytes()
    if filters and filters[0] in _PRINTED:
        raw = _PRINTED[filters.pop(0)](raw)
    if filters == [_PACKED]:
        raw = _inflated(raw, most)
    elif filters:
        raise JobRefused("too_costly")
    if len(raw) > most:
        raise JobRefused("too_costly")
    return raw


def _filters(stream: pikepdf.Stream) -> list[str]:
    named = stream.get("/Filter", pikepdf.Array())
    return [str(one) for one in named] if isinstance(named, pikepdf.Array) else [str(named)]


def _inflated(raw: bytes, most: int) -> bytes:
    """Unpack piece by piece; what is broken is as long as what comes before."""
    packer, found, rest = zlib.decompressobj(), bytearray(), raw
    while rest and not packer.eof and len(found) <= most:
        try:
            found += packer.decompress(rest, _PIECE)
        except zlib.error:
            break
        rest = packer.unconsumed_tail
    return bytes(found)


class _Drawing:
    """What pages draw, forms counted as often as they are shown."""

    def __init__(self) -> None:
        self._forms: dict[tuple[int, int], int] = {}
        self._left = DRAWN

    def add(self, page: pikepdf.Object) -> None:
        """Count a page. Refuses `too_costly`."""
        resources = _inherited(page)
        contents = page.get("/Contents", pikepdf.Array())
        streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
        drawn = b"\n".join(
            _unpacked(one, self._left) for one in streams if isinstance(one, pikepdf.Stream)
        )
        self._left -= self._cost(drawn, resources, 0)
        if self._left < 0:
            raise JobRefused("too_costly")

    def _cost(self, drawn: bytes, resources: pikepdf.Object | None, depth: int) -> int:
        if depth > _DEPTH or sum(1 for _ in _SAVE.finditer(drawn)) > SAVED:
            raise JobRefused("too_costly")
        forms = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
        total = len(drawn)
        for name, times in Counter(_SHOWN.findall(drawn)).items():
            form = forms.get(_name(name)) if isinstance(forms, pikepdf.Dictionary) else None
            if isinstance(form, pikepdf.Stream) and form.get("/Subtype") == "/Form":
                total += times * self._of_form(form, resources, depth + 1)
        return total

    def _of_form(self, form: pikepdf.Stream, outer: pikepdf.Object | None, depth: int) -> int:
        if form.objgen not in self._forms:
            # A form that shows itself is shown once: readers stop there.
            self._forms[form.objgen] = 0
            resources = form.get("/Resources", outer)
            self._forms[form.objgen] = self._cost(_unpacked(form, DRAWN), resources, depth)
        return self._forms[form.objgen]


def _inherited(page: pikepdf.Object) -> pikepdf.Object | None:
    """Return a page's resources, which may stand with what it belongs to."""
    at: Any = page
    for _ in range(_DEPTH):
        if not isinstance(at, pikepdf.Dictionary):
            return None
        if "/Resources" in at:
            return at.get("/Resources")
        at = at.get("/Parent")
    return None


def _name(raw: bytes) -> str:
    """Return a name as pikepdf writes it: `#41` in a page stands for a letter."""
    plain = re.sub(rb"#([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), raw)
    return "/" + plain.decode("utf-8", "replace")


def _of_hex(raw: bytes) -> bytes:
    digits = re.sub(rb"[^0-9A-Fa-f]", b"", raw.partition(b">")[0]).decode()
    return bytes.fromhex(digits + "0" * (len(digits) % 2))


def _of_base_85(raw: bytes) -> bytes:
    return a85decode(raw.partition(b"~>")[0].removeprefix(b"<~"))


_PRINTED: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "/ASCIIHexDecode": _of_hex,
    "/ASCII85Decode": _of_base_85,
}
"""Bytes as printed signs, which some programs put around what is packed."""
