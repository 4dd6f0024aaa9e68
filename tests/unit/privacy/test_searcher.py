"""The searcher of `make privacy`: it sees every way of writing, and nothing where nobody is."""

import base64
import gzip
import io
import json
import random
import uuid
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.torture.privacy import pdf
from tests.torture.privacy.persons import FIELDS, Person, made_up
from tests.torture.privacy.searcher import Searcher

PERSONS = made_up(1_000)
SEARCHER = Searcher(PERSONS)
ACCENTED = PERSONS[0]
ONE = PERSONS[5]


def deflated(raw: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(raw) + packer.flush()


def percent(raw: bytes) -> bytes:
    return "".join(f"%{byte:02X}" for byte in raw).encode()


def escaped(raw: bytes) -> bytes:
    return "".join(f"\\u{ord(letter):04x}" for letter in raw.decode()).encode()


def at(offset: int, encode: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda raw: b'{"x": "' + encode(b"~" * offset + raw + b"~") + b'"}'


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "upper": bytes.upper,
    "among letters": lambda raw: b"kelurahan_" + raw + b"selesai",
    "JSON": lambda raw: json.dumps({"a": raw.decode()}).encode(),
    "JSON in JSON": lambda raw: json.dumps(json.dumps({"a": raw.decode()})).encode(),
    "escaped": escaped,
    "backslash x": lambda raw: "".join(f"\\x{byte:02x}" for byte in raw).encode(),
    "URL": lambda raw: quote(raw).encode(),
    "URL, all": percent,
    "hex": lambda raw: raw.hex().encode(),
    "hex, odd": lambda raw: b"a" + raw.hex().upper().encode(),
    "hex, apart": lambda raw: raw.hex(" ").encode(),
    "base64 0": at(0, base64.b64encode),
    "base64 1": at(1, base64.b64encode),
    "base64 2": at(2, base64.b64encode),
    "base64 URL 1": at(1, base64.urlsafe_b64encode),
    "base64 behind letters": lambda raw: b"x" + base64.b64encode(raw).rstrip(b"="),
    "base64, folded": lambda raw: base64.encodebytes(b"~" * 50 + raw + b"~" * 60),
    "base64 twice": lambda raw: base64.b64encode(base64.b64encode(raw)),
    "gzip": lambda raw: b"before" + gzip.compress(raw) + b"after",
    "gzip, cut off": lambda raw: gzip.compress(raw)[:-6],
    "zlib": lambda raw: b"before" + zlib.compress(raw),
    "deflate": deflated,
    "base64 of deflate": lambda raw: base64.b64encode(deflated(raw)),
    "base64 of gzip": lambda raw: base64.b64encode(gzip.compress(raw)),
    "gzip of base64": lambda raw: gzip.compress(base64.b64encode(raw)),
    "UTF-16 little": lambda raw: raw.decode().encode("utf-16-le"),
    "UTF-16 big": lambda raw: b"a" + raw.decode().encode("utf-16-be"),
    "entities": lambda raw: "".join(f"&#{ord(one)};" for one in raw.decode()).encode(),
}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("way", WAYS)
def test_every_field_is_found_in_every_way_of_writing(way: str, field: str) -> None:
    for one in (ONE, ACCENTED):
        assert SEARCHER.find(WAYS[way](getattr(one, field).encode())) == {(one.number, field)}


@pytest.mark.parametrize(
    "written",
    [
        f"{ONE.nik[:6]} {ONE.nik[6:12]} {ONE.nik[12:]}",
        f"{ONE.nik[:4]}.{ONE.nik[4:8]}.{ONE.nik[8:]}",
    ],
)
def test_a_nik_with_separators_is_found(written: str) -> None:
    assert SEARCHER.find(written.encode()) == {(ONE.number, "nik")}


@pytest.mark.parametrize("front", ["0", "+62", "62 ", "(0)", "tel:+62-"])
def test_a_phone_is_found_however_it_begins_and_is_parted(front: str) -> None:
    number = f"{front}{ONE.phone[:3]}-{ONE.phone[3:7]} {ONE.phone[7:]}"
    assert SEARCHER.find(number.encode()) == {(ONE.number, "phone")}


def test_a_part_of_a_name_is_found_and_a_common_name_is_nobody() -> None:
    assert SEARCHER.find(ONE.words[0].encode()) == {(ONE.number, "name")}
    assert SEARCHER.find(ONE.name.split()[0].encode()) == set()


def test_numbers_that_are_no_text_are_not_taken_for_it() -> None:
    assert SEARCHER.find(f"{ONE.nik[:8]}********".encode()) == set()
    assert SEARCHER.find(f"+62*****{ONE.phone[-3:]}".encode()) == set()


def test_nobody_is_found_where_nobody_is() -> None:
    chance = random.Random(7)
    for _ in range(20):
        ids = " ".join(str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(1_000))
        noise = chance.randbytes(30_000)
        times = " ".join(str(1_790_000_000_000_000 + chance.getrandbits(44)) for _ in range(1_000))
        blob = b"\n".join([ids.encode(), noise, noise.hex().encode(), base64.b64encode(noise)])
        assert SEARCHER.find(blob + times.encode()) == set()


def test_everybody_is_somebody_else() -> None:
    for field in FIELDS:
        assert len({getattr(one, field) for one in PERSONS}) == len(PERSONS)
    assert made_up(3) == PERSONS[:3]


needs_pdf = pytest.mark.skipif(pdf.library() is None, reason="pikepdf is not installed")


def page(content: bytes, to_unicode: bytes | None = None) -> bytes:
    pikepdf: Any = pdf.library()
    made = pikepdf.new()
    made.add_blank_page()
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type0)
    if to_unicode:
        font.ToUnicode = made.make_stream(to_unicode)
    first = made.pages[0]
    first.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=made.make_indirect(font)))
    first.Contents = made.make_stream(content)
    out = io.BytesIO()
    made.save(out, compress_streams=True)
    return out.getvalue()


@needs_pdf
def test_text_of_a_pdf_is_found_though_it_is_kerned() -> None:
    nik = f"[({ONE.nik[:5]}) -20 ({ONE.nik[5:]})] TJ"
    raw = page(f"BT /F1 12 Tf {nik} ET".encode())
    assert ONE.nik.encode() not in raw
    assert SEARCHER.find(b"before" + raw) == {(ONE.number, "nik")}
    assert SEARCHER.find(base64.b64encode(raw)) == {(ONE.number, "nik")}


@needs_pdf
def test_text_of_a_pdf_is_found_by_its_fonts_own_codes() -> None:
    letters = sorted(set(ONE.name))
    pairs = "\n".join(f"<{n:04x}> <{ord(one):04x}>" for n, one in enumerate(letters, 1))
    table = f"{len(letters)} beginbfchar\n{pairs}\nendbfchar\n"
    codes = "".join(f"{letters.index(one) + 1:04x}" for one in ONE.name)
    raw = page(f"BT /F1 12 Tf <{codes}> Tj ET".encode(), table.encode())
    assert SEARCHER.find(raw) == {(ONE.number, "name")}
    digits = b"1 beginbfrange\n<0001> <000a> <0030>\nendbfrange"
    codes = "".join(f"{int(one) + 1:04x}" for one in ONE.nik)
    assert SEARCHER.find(page(f"BT /F1 1 Tf <{codes}> Tj ET".encode(), digits)) == {
        (ONE.number, "nik")
    }


def test_what_only_looks_like_a_pdf_says_nothing() -> None:
    assert SEARCHER.find(b"%PDF-1.7 nothing") == set()


def test_persons_do_not_share_what_they_are_known_by() -> None:
    words = [word for one in PERSONS for word in one.words]
    assert len(set(words)) == 2 * len(PERSONS)
    assert isinstance(PERSONS[0], Person)
