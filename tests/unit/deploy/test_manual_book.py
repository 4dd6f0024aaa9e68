"""The book: tagged, in Indonesian, the same bytes twice, and nothing of a chapter is Typst."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pikepdf
import pypdfium2
import pytest
import typst
from PIL import Image

from deploy.manual.build import LOOK, print_book
from deploy.manual.pages import write_pages
from deploy.manual.pictures import LARGEST, PictureMissing, kept, shown, take
from services.intake.app import TEXTS
from services.intake.pages.manual.chapters import Book, read_book, shipped_book
from services.intake.pages.manual.markup import TYPED
from shared.web.texts import Texts

WORDS: Final = Texts.load(TEXTS)
DAY: Final = date(2026, 11, 27)
ODD: Final = '#panic("x") $x$ [a] {b} @c <d> \\ "kutip" // bukan komentar'


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return print_book(shipped_book(), WORDS, DAY, tmp_path_factory.mktemp("book"))


def pages(file: Path) -> list[str]:
    """Return the words of each page, in one line each."""
    with pypdfium2.PdfDocument(file) as document:
        found = [page.get_textpage().get_text_range() for page in document]
    return [re.sub(r"\s+", " ", one) for one in found]


def elements(node: Any) -> Iterator[Any]:
    """Yield the elements of a document's structure."""
    if isinstance(node, pikepdf.Array):
        for one in node:
            yield from elements(one)
    elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
        yield node
        yield from elements(node.get("/K", pikepdf.Array()))


def test_the_book_is_tagged_for_whoever_listens_to_it(printed: Path) -> None:
    with pikepdf.open(printed) as document:
        assert bool(document.Root.MarkInfo.Marked)
        assert str(document.Root.Lang) == "id-ID"
        assert str(document.docinfo["/Title"]) == WORDS("manual.book.title")
        with document.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
        found = list(elements(document.Root.StructTreeRoot.K))
        kinds = [str(one.S) for one in found]
        told = [str(one.Alt) for one in found if "/Alt" in one and str(one.S) == "/Figure"]
    assert {"/H1", "/H2", "/L", "/Table", "/TH", "/Figure", "/Caption"} <= set(kinds)
    assert len(told) == len(list(shown(shipped_book())))
    assert all(one.startswith(WORDS("manual.picture")) for one in told)


def test_every_chapter_and_every_service_is_in_it(printed: Path) -> None:
    found = pages(printed)
    assert 25 <= len(found) <= 80
    whole = " ".join(found)
    for chapter in shipped_book().chapters:
        at = [number for number, page in enumerate(found) if chapter.called in page]
        assert len(at) >= 2, f"{chapter.called}: in the list of contents and at its place"
    for said in ("Kartu Keluarga: perubahan data", "Surat kuasa F-1.07", "Gratis. Laporkan"):
        assert said in whole
    assert "Edisi 27 November 2026" in found[0]


def test_it_is_the_same_bytes_twice(printed: Path, tmp_path: Path) -> None:
    again = print_book(shipped_book(), WORDS, DAY, tmp_path / "again")
    assert again.read_bytes() == printed.read_bytes()


def test_its_letters_are_those_that_come_with_the_wheel(printed: Path) -> None:
    carried = set(typst.Fonts(include_system_fonts=False).families())
    named = set(re.findall(r'font: "([^"]+)"', LOOK.read_text("utf-8")))
    assert named <= carried
    with pikepdf.open(printed) as document:
        fonts = [one for one in document.objects if isinstance(one, pikepdf.Dictionary)]
        described = [one for one in fonts if one.get("/Type") == "/FontDescriptor"]
        assert described
        assert all("/FontFile3" in one or "/FontFile2" in one for one in described)
        letters = {str(one.FontName).split("+")[1].split("-")[0] for one in described}
    assert letters <= {name.replace(" ", "") for name in named}


def small(folder: Path, body: str) -> Book:
    """Make a book of one chapter."""
    manual = folder / "intake" / "manual"
    manual.mkdir(parents=True)
    (folder / "intake" / "texts.toml").write_text("", "utf-8")
    (manual / "warga-10-a.md").write_text(body, "utf-8")
    return read_book(folder)


def test_no_word_is_read_as_typst_and_a_picture_that_is_not_there_is_left_out(
    tmp_path: Path,
) -> None:
    odd = ODD.replace("<", "&lt;").replace("[", "&#91;")
    picture = '![Meja](meja.webp "meja-1280 0 900")'
    fences = "\n\n".join(f"```{what}\n{ODD} --{what}\n```" for what in TYPED)
    book = small(tmp_path, f"# Aneh\n\n{odd}\n\n{fences}\n\n{picture}\n\nSesudahnya.")
    file = print_book(book, WORDS, DAY, tmp_path / "book", tmp_path)
    found = " ".join(pages(file))
    assert ODD in found
    for what in TYPED:
        assert f"{ODD} --{what}" in found
    assert "Sesudahnya." in found


def screenshot(folder: Path) -> Path:
    """Keep a screenshot of a page with something in its column, and nothing from row 700 on."""
    image = Image.new("RGB", (1280, 1000), "white")
    image.paste("green", (140, 100, 1140, 700))
    image.save(folder / "meja-1280.png")
    return folder


def test_a_picture_is_cut_to_its_rows_and_to_what_is_not_empty(tmp_path: Path) -> None:
    book = small(tmp_path, '# Satu\n\n![Meja](meja.webp "meja-1280 50 900")')
    (made,) = take(book, screenshot(tmp_path), tmp_path)
    assert made == kept("intake", tmp_path) / "meja.webp"
    with Image.open(made) as image:
        assert (image.width, image.height) == (1088, 666)
    assert made.stat().st_size < LARGEST


def test_a_screenshot_that_is_missing_or_too_busy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = small(tmp_path, '# Satu\n\n![Meja](meja.webp "meja-1280 0 900")')
    with pytest.raises(PictureMissing, match=r"meja\.webp: no screenshot meja-1280"):
        take(book, tmp_path, tmp_path)
    monkeypatch.setattr("deploy.manual.pictures.LARGEST", 10)
    with pytest.raises(PictureMissing, match=r"meja\.webp: more than"):
        take(book, screenshot(tmp_path), tmp_path)


def test_the_pages_stand_alone_and_lead_only_to_each_other(tmp_path: Path) -> None:
    written = write_pages(shipped_book(), WORDS, tmp_path / "pages")
    assert len(written) == len(shipped_book().chapters) + 2
    for page in written:
        text = page.read_text("utf-8")
        for address in re.findall(r'(?:href|src)="([^"]+)"', text):
            assert (page.parent / address).exists(), address
    chapter = (tmp_path / "pages" / "operator-meja.html").read_text("utf-8")
    assert "(/intake/meja)" in chapter
    assert WORDS("desk.next") in chapter
