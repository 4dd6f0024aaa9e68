"""What the worker makes of files: recognised by content, images anew, PDFs looked through."""

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from PIL import Image, ImageFilter

from shared.files.cleaning import clean_file
from shared.files.purpose import SENTENCES
from shared.files.sniff import JPEG, PDF, PNG, WEBP
from shared.worker.jobs import MIB, JobRefused, Result
from tests.unit.files import samples
from tests.unit.files.samples import image, pdf

ALL = [JPEG, PDF, PNG, WEBP]


def cleaned(data: bytes, **changed: Any) -> Result:
    limits = {"types": ALL, "said": "", "pages": 5, "pixels": 1_000_000, "limit": MIB}
    return clean_file({**limits, **changed}, data)


def refusal(data: bytes, **changed: Any) -> str:
    with pytest.raises(JobRefused) as refused:
        cleaned(data, **changed)
    assert refused.value.reason in SENTENCES
    return refused.value.reason


@pytest.mark.parametrize(
    ("form", "mode", "kept"),
    [
        ("JPEG", "RGB", JPEG),
        ("JPEG", "L", JPEG),
        ("JPEG", "CMYK", JPEG),
        ("PNG", "RGB", PNG),
        ("PNG", "RGBA", PNG),
        ("PNG", "P", PNG),
        ("WEBP", "RGB", JPEG),
        ("WEBP", "RGBA", PNG),
    ],
)
def test_an_image_is_written_anew_upright_and_without_anything_but_pixels(
    form: str, mode: str, kept: str
) -> None:
    data = image(form, mode=mode)
    assert samples.WHERE.encode() in data or form == "WEBP"
    result = cleaned(data)
    assert (result.fields["type"], result.fields["same"]) == (kept, False)
    assert samples.WHERE.encode() not in result.body
    again = Image.open(io.BytesIO(result.body))
    again.load()
    # Turned by its orientation 6: what was wide is high.
    assert again.size == (240, 320)
    assert dict(again.getexif()) == {}
    assert {"exif", "icc_profile", "comment", "Comment", "xmp"}.isdisjoint(again.info)


def test_the_same_image_stays_the_same_picture() -> None:
    result = cleaned(image("PNG"))
    again = Image.open(io.BytesIO(result.body)).convert("RGB")
    assert again.getpixel((239, 0)) == (255, 0, 0)
    assert again.getpixel((0, 319)) == (0, 0, 0)


def test_a_png_that_would_be_longer_than_it_may_becomes_a_jpeg() -> None:
    noise = Image.effect_noise((400, 400), 200).filter(ImageFilter.GaussianBlur(2))
    out = io.BytesIO()
    noise.save(out, "PNG")
    length = len(cleaned(out.getvalue()).body)
    result = cleaned(out.getvalue(), limit=length - 1)
    assert result.fields["type"] == JPEG
    assert refusal(out.getvalue(), limit=1_000) == "too_large"


def test_a_pdf_is_kept_byte_for_byte() -> None:
    result = cleaned(pdf(5))
    assert (dict(result.fields), result.body) == ({"type": PDF, "same": True}, b"")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (samples.with_open_action, "script"),
        (samples.with_hidden_script, "script"),
        (samples.with_launch, "script"),
        (samples.with_xfa, "script"),
        (samples.with_attachment, "embedded_file"),
    ],
)
def test_a_pdf_that_acts_or_holds_files_is_refused_also_in_packed_objects(
    change: Callable[[pikepdf.Pdf], None], reason: str
) -> None:
    assert refusal(pdf(change=change)) == reason
    packed = pdf(change=change, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert refusal(packed) == reason


def test_a_pdf_is_refused_for_its_password_its_pages_or_its_damage() -> None:
    assert refusal(samples.locked()) == "password"
    assert refusal(pdf(6)) == "too_many_pages"
    assert refusal(b"%PDF-1.7\nhello\n%%EOF\n") == "does_not_decode"
    assert refusal(pdf()[:-200]) == "cut_off"


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    assert refusal(samples.wide_png(60_000, 60_000)) == "too_many_pixels"
    assert refusal(image(size=(1001, 1000))) == "too_many_pixels"
    assert cleaned(image(size=(1000, 1000))).body
    assert refusal(image("WEBP", size=(501, 1000))) == "too_many_pixels"
    assert cleaned(image("WEBP", size=(500, 1000))).body


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_an_image_that_is_cut_off_or_damaged_is_refused(form: str) -> None:
    data = image(form, size=(640, 480))
    assert refusal(data[: len(data) * 99 // 100]) == "cut_off"
    assert refusal(data[: len(data) // 2]) == "cut_off"


def test_noise_behind_a_head_is_refused() -> None:
    assert refusal(b"\xff\xd8\xff\xe0\x00\x04ab" + b"x" * 500) == "does_not_decode"
    assert refusal(samples.wide_png(10, 10)) in {"does_not_decode", "cut_off"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (image() + samples.archive(), "polyglot"),
        (image("PNG") + samples.archive(), "polyglot"),
        (image("WEBP") + samples.archive(), "polyglot"),
        (pdf() + samples.archive(), "polyglot"),
        (image() + pdf(), "polyglot"),
        (image() + b"<html><script>x()</script>", "polyglot"),
        (image("PNG") + b"<?php system('x'); ?>", "polyglot"),
        (b"\xff\xd8\xff\xfe\x00\x10%PDF-1.7 hello" + image()[2:], "polyglot"),
        (samples.HEIC, "heic"),
        (samples.SVG, "svg"),
        (b"\xef\xbb\xbf  <!-- x --><SVG/>", "svg"),
        (b"<html></html>", "type_not_allowed"),
        (b"GIF89a" + bytes(50), "type_not_allowed"),
        (b"MZ" + bytes(50), "type_not_allowed"),
        (b"hello", "type_not_allowed"),
        (b"\n%PDF-1.7", "type_not_allowed"),
    ],
)
def test_what_is_something_else_is_refused_by_name(data: bytes, reason: str) -> None:
    assert refusal(data) == reason


def test_what_a_phone_adds_behind_a_photo_is_dropped_and_no_reason_to_refuse() -> None:
    data = image()
    assert cleaned(data + b"SEFH" + bytes(3000)).body == cleaned(data).body


def test_a_type_that_is_stated_must_be_the_files_own() -> None:
    assert cleaned(image(), said=JPEG).fields["type"] == JPEG
    assert refusal(image(), said=PNG) == "wrong_type"
    assert refusal(pdf(), said=JPEG) == "wrong_type"
    assert refusal(pdf(), types=[JPEG]) == "type_not_allowed"
