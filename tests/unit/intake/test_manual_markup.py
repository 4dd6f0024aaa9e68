"""Chapters as they are written, and what of it is refused."""

from pathlib import Path

import pytest

from services.intake.pages.manual.blocks import (
    Cut,
    Heading,
    Items,
    Link,
    Note,
    Paragraph,
    Picture,
    Strong,
    Text,
    Typed,
    Word,
    all_of,
    links,
    plain,
)
from services.intake.pages.manual.chapters import read_book
from services.intake.pages.manual.markup import MarkupRefused, read

WORDS = {"desk.next": "Ambil berikutnya", "desk.title": "Meja kerja"}
CHAPTER = """# `desk.title`

Tekan `desk.next`, **jangan** tunggu.
Lihat [`desk.title`](/intake/meja).

## Langkah

3. Pertama
4. Kedua

> Penting.

- ![Antrean di `desk.title`](meja.webp "meja-1280 10 900")
"""


def test_a_chapter_is_read_into_what_every_writer_knows() -> None:
    title, blocks = read(CHAPTER, WORDS.__getitem__)
    first, second = (Paragraph((Text(one),)) for one in ("Pertama", "Kedua"))
    assert title == (Word("Meja kerja"),)
    assert blocks == (
        Paragraph(
            (
                Text("Tekan "),
                Word("Ambil berikutnya"),
                Text(", "),
                Strong((Text("jangan"),)),
                Text(" tunggu."),
                Text(" "),
                Text("Lihat "),
                Link("/intake/meja", (Word("Meja kerja"),)),
                Text("."),
            )
        ),
        Heading(2, (Text("Langkah"),)),
        Items(ordered=True, items=((first,), (second,)), start=3),
        Note((Paragraph((Text("Penting."),)),)),
        Items(
            ordered=False,
            items=((Picture("meja.webp", "Antrean di Meja kerja", Cut("meja-1280", 10, 900)),),),
        ),
    )
    assert links(blocks) == ["/intake/meja"]
    assert [one.file for one in all_of(blocks, Picture)] == ["meja.webp"]
    assert isinstance(blocks[0], Paragraph)
    assert plain(blocks[0].parts) == "Tekan Ambil berikutnya, jangan tunggu. Lihat Meja kerja."


def test_a_fence_holds_what_is_typed_as_it_stands() -> None:
    _, blocks = read("# J\n\n1. A\n\n   ```sh\n   x --y `z`\n   w\n   ```\n", WORDS.__getitem__)
    assert all_of(blocks, Typed) == [Typed("sh", "x --y `z`\nw")]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("kata", "begins with its title"),
        ("", "begins with its title"),
        ("# J\n\n#### Kecil", "h4"),
        ("# J\n\n---", "hr"),
        ("# J\n\n```\nkode\n```", "code"),
        ("# J\n\n```python\nkode\n```", "code"),
        ("# J\n\n*miring*", "em"),
        ("# J\n\nteks ![a](a.webp 'a 0 1') teks", "img"),
        ("# J\n\n![](a.webp 'a 0 1')", "what is seen"),
        ("# J\n\n![a](a.webp)", "a picture's title"),
        ("# J\n\n![a](a.webp 'a 0')", "a picture's title"),
    ],
)
def test_what_no_writer_has_is_refused(body: str, said: str) -> None:
    with pytest.raises(MarkupRefused, match=said):
        read(body, WORDS.__getitem__)


def service(folder: Path, name: str, chapters: dict[str, str]) -> None:
    """Make a service's folder with a text and these chapters."""
    manual = folder / name / "manual"
    manual.mkdir(parents=True)
    (folder / name / "texts.toml").write_text(f'[page]\ntitle = "{name} {{at}}"\n', "utf-8")
    for file, body in chapters.items():
        (manual / file).write_text(body, "utf-8")


def test_chapters_of_all_services_are_one_book_in_the_order_of_their_names(tmp_path: Path) -> None:
    service(
        tmp_path, "b", {"warga-10-satu.md": "# `page.title at=sini`", "operator-10-a.md": "# A"}
    )
    service(tmp_path, "a", {"warga-20-dua.md": "# `b:page.title at=sana`"})
    book = read_book(tmp_path)
    assert [(one.name, one.called) for one in book.chapters] == [
        ("warga-satu", "b sini"),
        ("warga-dua", "b sana"),
        ("operator-a", "A"),
    ]
    first, second, third = book.chapters
    assert book.beside(first) == (None, second)
    assert book.beside(second) == (first, None)
    assert book.beside(third) == (None, None)
    assert [part for part, _ in book.parts] == ["warga", "operator"]


@pytest.mark.parametrize(
    ("file", "body", "error", "said"),
    [
        ("tamu-10-a.md", "# A", MarkupRefused, r"tamu-10-a\.md: not named"),
        ("warga-10-a.md", "kata", MarkupRefused, r"warga-10-a\.md: a chapter begins"),
        ("warga-10-a.md", "# `page.gone`", KeyError, r"warga-10-a\.md.*page\.gone"),
        ("warga-10-a.md", "# `page.title`", KeyError, r"warga-10-a\.md.*at"),
        ("warga-10-a.md", "# `page.title at`", MarkupRefused, r"warga-10-a\.md: not name=value"),
    ],
)
def test_a_chapter_that_is_wrong_is_named(
    tmp_path: Path, file: str, body: str, error: type[Exception], said: str
) -> None:
    service(tmp_path, "a", {file: body})
    with pytest.raises(error, match=said):
        read_book(tmp_path)
