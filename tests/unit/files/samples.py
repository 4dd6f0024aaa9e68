"""Made-up files: images and PDFs as residents send them, and as attackers do."""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pikepdf
from PIL import Image, PngImagePlugin

WHERE = "6.2088 south, 106.8456 east"
"""Hidden in an image's metadata: it must not be in what is kept."""


def image(form: str = "JPEG", size: tuple[int, int] = (320, 240), mode: str = "RGB") -> bytes:
    """Return an image of a few colours, with a place, an orientation and a comment in it."""
    picture = Image.new("RGB", size)
    picture.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    picture = picture.convert(mode)
    if mode == "RGBA":
        picture.putpixel((0, 0), (0, 0, 0, 0))
    exif = Image.Exif()
    exif[0x010E] = WHERE
    exif[0x0112] = 6
    out = io.BytesIO()
    how: dict[str, Any] = {"exif": exif}
    if form == "JPEG":
        how |= {"comment": WHERE, "icc_profile": WHERE.encode()}
    if form == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", WHERE)
        how |= {"pnginfo": text, "icc_profile": WHERE.encode()}
    picture.save(out, form, **how)
    return out.getvalue()


def pdf(pages: int = 1, change: Callable[[pikepdf.Pdf], None] | None = None, **how: Any) -> bytes:
    """Return a PDF of blank pages, changed before it is written."""
    made = pikepdf.new()
    for _ in range(pages):
        made.add_blank_page()
    if change is not None:
        change(made)
    out = io.BytesIO()
    made.save(out, **how)
    return out.getvalue()


def with_open_action(made: pikepdf.Pdf) -> None:
    """Have it run a script when it is opened."""
    made.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def with_hidden_script(made: pikepdf.Pdf) -> None:
    """Have a page run a script, in a dictionary within an array."""
    action = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    made.pages[0].Annots = pikepdf.Array([pikepdf.Dictionary(Subtype=pikepdf.Name.Link, A=action)])


def with_launch(made: pikepdf.Pdf) -> None:
    """Have it start a program."""
    made.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="calc.exe")


def with_xfa(made: pikepdf.Pdf) -> None:
    """Give it a form of the kind that holds scripts."""
    made.Root.AcroForm = pikepdf.Dictionary(XFA=made.make_stream(b"<xdp/>"))


def with_attachment(made: pikepdf.Pdf) -> None:
    """Put a file into it."""
    made.attachments["a.exe"] = b"MZ"


def of_size(size: int) -> Callable[[pikepdf.Pdf], None]:
    """Return a change that makes a PDF so many bytes longer, in a way that cannot be packed."""

    def change(made: pikepdf.Pdf) -> None:
        made.pages[0].Contents = made.make_stream(os.urandom(size))

    return change


def pdf_bomb() -> bytes:
    """Return a PDF whose list of objects unpacks to a gigabyte."""
    packer = zlib.compressobj(9)
    data = b"".join([packer.compress(bytes(1 << 20)) for _ in range(1024)]) + packer.flush()
    head = b"<</Type/XRef/W[1 2 1]/Size 268435456/Root 2 0 R/Filter/FlateDecode"
    body = b"1 0 obj" + head + b"/Length %d>>stream\n" % len(data) + data + b"\nendstream endobj\n"
    return b"%PDF-1.7\n" + body + b"startxref\n9\n%%EOF\n"


def locked() -> bytes:
    """Return a PDF with a password."""
    return pdf(encryption=pikepdf.Encryption(owner="o", user="u"))


def wide_png(width: int, height: int) -> bytes:
    """Return a PNG that says how large it is, and holds next to nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of zeros: hundreds of megabytes in some hundred kilobytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    data = b"".join([packer.compress(row) for _ in range(height)]) + packer.flush()
    chunks = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def archive() -> bytes:
    """Return a ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.txt", "hello")
    return out.getvalue()


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>x()</script></svg>'


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
