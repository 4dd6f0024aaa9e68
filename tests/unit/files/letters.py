"""Made-up issued documents: PDFs with text, signed ones, and hostile ones."""

import io
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import pikepdf
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pikepdf import Array, Dictionary, Name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tests.unit.files.samples import pdf

LIGATURE = 0x80
"""The sign that this font shows as the ligature of f and i."""


def letter(*lines: str, pages: int = 1, spread: bool = False) -> bytes:
    """Return a PDF with these lines on its last page; `spread`: each letter is set by itself.

    It is not packed, so that a search finds what stands in it.
    """
    return pdf(
        pages, change=lambda made: _write(made, lines, spread=spread), compress_streams=False
    )


def card(name: str, nik: str = "3216995203850001", *more: str) -> bytes:
    """Return what an office issues to somebody."""
    return letter("KARTU IDENTITAS ANAK", f"NIK : {nik}", f"Nama : {name}", *more)


def _write(made: pikepdf.Pdf, lines: Sequence[str], *, spread: bool) -> None:
    page = made.pages[-1]
    shown = [b"BT /F1 11 Tf 14 TL 40 780 Td"]
    shown += [_shown(line, spread=spread) for line in lines]
    page.Contents = made.make_stream(b"\n".join([*shown, b"ET"]))
    page.Resources = Dictionary(Font=Dictionary(F1=_font()))


def _font() -> Dictionary:
    differences = Array([LIGATURE, Name("/fi")])
    encoding = Dictionary(
        Type=Name.Encoding, BaseEncoding=Name.WinAnsiEncoding, Differences=differences
    )
    return Dictionary(
        Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=encoding
    )


def _shown(line: str, *, spread: bool) -> bytes:
    raw = line.replace("\ufb01", chr(LIGATURE)).encode("latin-1")
    hexes = (
        [raw[at : at + 1].hex().encode() for at in range(len(raw))]
        if spread
        else [raw.hex().encode()]
    )
    return b"[" + b" -900 ".join(b"<%s>" % one for one in hexes) + b"] TJ T*"


@cache
def signer() -> SimpleSigner:
    """Return a signer whom nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Kepala Dinas Contoh")])
    began = datetime.now(UTC) - timedelta(days=1)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=10))
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(made.public_bytes(Encoding.DER)),
        signing_key=asn1_keys.PrivateKeyInfo.load(private),
        cert_registry=SimpleCertificateStore(),
    )


def signed(data: bytes, field: str = "TTE") -> bytes:
    """Return a PDF with one signature more."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    meta = PdfSignatureMetadata(field_name=field, md_algorithm="sha256")
    out: io.BytesIO = sign_pdf(writer, meta, signer=signer(), new_field_spec=SigFieldSpec(field))
    return out.getvalue()


def turned_after_signing() -> bytes:
    """Return a signed PDF to which somebody has added a change of the page."""
    writer = IncrementalPdfFileWriter(io.BytesIO(signed(card("SITI CONTOH"))))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = page["/MediaBox"][0]
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def text_bomb(size: int = 1 << 30) -> bytes:
    """Return a PDF whose page unpacks to so many bytes of text."""
    packer = zlib.compressobj(9)
    piece = b"(A)Tj " * 170_000
    packed = b"".join([packer.compress(piece) for _ in range(size // len(piece))])
    packed += packer.flush()

    def change(made: pikepdf.Pdf) -> None:
        _write(made, ["x"], spread=False)
        stream = pikepdf.Stream(made, packed)
        stream.Filter = Name.FlateDecode
        made.pages[0].Contents = made.make_indirect(stream)

    return pdf(change=change)


def packed_twice() -> bytes:
    """Return a PDF whose page is packed, and what comes out once more."""
    inner = zlib.compress(bytes(1 << 26), 9)

    def change(made: pikepdf.Pdf) -> None:
        stream = pikepdf.Stream(made, zlib.compress(inner, 9))
        stream.Filter = Array([Name.FlateDecode, Name.FlateDecode])
        made.pages[0].Contents = made.make_indirect(stream)

    return pdf(change=change)


def forms_within_forms(levels: int = 20, times: int = 4) -> bytes:
    """Return a PDF of forms each of which shows the next several times: text without end."""

    def change(made: pikepdf.Pdf) -> None:
        _write(made, ["x"], spread=False)
        resources = Dictionary(Font=Dictionary(F1=_font()))
        form = made.make_stream(b"BT /F1 9 Tf (A)Tj ET")
        for _ in range(levels):
            form.Type, form.Subtype = Name.XObject, Name.Form
            form.BBox, form.Resources = Array([0, 0, 99, 99]), resources
            resources = Dictionary(XObject=Dictionary(X=form))
            form = made.make_stream(b"/X Do " * times)
        made.pages[0].Contents = form
        made.pages[0].Resources = resources

    return pdf(change=change)


def states_within_states() -> bytes:
    """Return a PDF whose page saves its state millions of times, and takes none back."""

    def change(made: pikepdf.Pdf) -> None:
        made.pages[0].Contents = made.make_stream(b"q " * 4_000_000)

    return pdf(change=change)


def scanned() -> bytes:
    """Return a page without text."""
    return pdf()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "text bomb": text_bomb,
    "packed twice": packed_twice,
    "forms within forms": forms_within_forms,
    "states within states": states_within_states,
}
"""What is refused as `too_costly`."""
