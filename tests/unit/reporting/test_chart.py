"""The drawing: pygal's bars in our words, and nothing else of pygal's."""

import re
import sys
from xml.etree import ElementTree as ET

from services.reporting.pages.chart import LONGEST, WIDTH, bars

COUNTS = [("Kartu Identitas Anak", 1467), ("Kartu Keluarga", 164), ("Akta Kelahiran", 1)]
SVG = "{http://www.w3.org/2000/svg}"


def drawn(counts: list[tuple[str, int]]) -> ET.Element:
    return ET.fromstring(str(bars(counts, "Judul", "Keterangan")))  # noqa: S314 - ours


def test_bars_are_as_long_as_their_counts_and_stand_in_order() -> None:
    drawing = drawn(COUNTS)
    rects = drawing.findall(f"{SVG}rect")
    widths = [float(rect.attrib["width"]) for rect in rects]
    assert [round(width / widths[0], 3) for width in widths] == [1.0, 0.112, 0.001]
    assert 0.9 * WIDTH < widths[0] <= WIDTH
    tops = [float(rect.attrib["y"]) for rect in rects]
    assert tops == sorted(tops)
    texts = [text.text for text in drawing.findall(f"{SVG}text")]
    assert texts == [
        "Kartu Identitas Anak", "1.467", "Kartu Keluarga", "164", "Akta Kelahiran", "1",
    ]  # fmt: skip


def test_it_tells_those_who_do_not_see_it_what_it_shows() -> None:
    drawing = drawn(COUNTS)
    assert drawing.attrib["role"] == "img"
    named = drawing.attrib["aria-labelledby"].split()
    ids = {part.attrib["id"]: part.text for part in drawing if "id" in part.attrib}
    assert [ids[name] for name in named] == ["Judul", "Keterangan"]


def test_there_is_no_script_style_or_address_in_it() -> None:
    text = str(bars(COUNTS, "Judul", "Keterangan"))
    kinds = set(re.findall(r"<([a-z]+)", text))
    assert kinds == {"svg", "title", "desc", "rect", "text"}
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert "style" not in text


def test_the_same_counts_are_the_same_characters() -> None:
    assert bars(COUNTS, "Judul", "K") == bars(COUNTS, "Judul", "K")


def test_names_are_escaped_and_cut() -> None:
    drawing = drawn([("<b>" + "x" * 100, 1)])
    text = drawing.findall(f"{SVG}text")[0].text
    assert text == "<b>" + "x" * (LONGEST - 4) + "\u2026"


def test_importing_pygal_leaves_the_import_machinery_as_it_was() -> None:
    assert not any(type(finder).__module__ == "pygal" for finder in sys.meta_path)
