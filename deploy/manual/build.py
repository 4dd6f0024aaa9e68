"""The book: one Typst document of chapters, catalogues and pictures, and the PDF of it."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final

import typst
from PIL import Image

from deploy.manual.pictures import kept, shown
from deploy.manual.typst import Writer, label, string
from services.intake.cli.catalogues import shipped_catalogues
from services.intake.cli.programmes import SHIPPED, ProgrammeFile
from services.intake.pages.manual import MANUAL
from services.intake.pages.manual.blocks import Block
from services.intake.pages.manual.chapters import SERVICES, Book, Chapter
from services.intake.pages.manual.tables import catalogue_blocks
from services.intake.pages.services import Offer
from shared.web.formats import tanggal
from shared.web.texts import Texts

LOOK: Final = Path(__file__).with_name("book.typ")
SOURCE: Final = "petunjuk.typ"
PDF: Final = "petunjuk.pdf"
TALL: Final = 1.1
"""A picture that is so much higher than wide is of a phone, and printed narrower."""
STANDARD: Final = "ua-1"
"""PDF/UA-1: tagged, with a title, a language and a text for each picture."""
AUTHOR: Final = "Jemput"


def shipped_offers() -> list[Offer]:
    """Return the shipped programmes with their shipped catalogues."""
    found = []
    for catalogue in shipped_catalogues():
        file = SHIPPED / f"{catalogue.programme_id}.json"
        programme = ProgrammeFile.model_validate_json(file.read_bytes())
        found.append(Offer(programme.programme(programme.id), catalogue))
    return found


def appendix(texts: Texts) -> list[Block]:
    """Return what the shipped catalogues say."""
    return catalogue_blocks(shipped_offers(), texts)


def print_book(
    book: Book, texts: Texts, day: date, folder: Path, services: Path = SERVICES
) -> Path:
    """Make the PDF in this folder: the same bytes for the same words, pictures and day."""
    pictures = folder / "gambar"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    for service, one in shown(book):
        file = kept(service, services) / one.file
        if file.exists():
            shutil.copyfile(file, pictures / one.file)
    shutil.copyfile(LOOK, folder / LOOK.name)
    (folder / SOURCE).write_text(document(book, texts, day, pictures), "utf-8")
    # Neither the machine's fonts nor its clock have a say.
    typst.compile(
        folder / SOURCE,
        output=folder / PDF,
        root=folder,
        ignore_system_fonts=True,
        pdf_standards=STANDARD,
        timestamp=datetime.combine(day, time(), UTC),
    )
    return folder / PDF


def document(book: Book, texts: Texts, day: date, pictures: Path) -> str:
    """Return the whole document in Typst."""
    page = texts("manual.book.page", page="{page}")
    writer = Writer(page, texts("manual.picture"), _Widths(pictures))
    parts = [*_front(texts, day), *_body(book, texts, writer), *_back(texts, writer)]
    return "\n\n".join(parts) + "\n"


class _Widths:
    """How wide each picture is printed; None where it is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, file: str) -> str | None:
        if not (self._folder / file).exists():
            return None
        with Image.open(self._folder / file) as image:
            ratio = image.height / image.width
        return f"{min(58, round(130 / ratio))}mm" if ratio > TALL else "150mm"


def _front(texts: Texts, day: date) -> Iterator[str]:
    def said(key: str, **values: object) -> str:
        return string(texts(f"manual.book.{key}", **values))

    whole = string(texts("manual.book.of", page="{page}", pages="{pages}"))
    dated = f"datetime(year: {day.year}, month: {day.month}, day: {day.day})"
    edition = said("edition", day=tanggal(day, "Asia/Jakarta").partition(", ")[2])
    yield f'#import "{LOOK.name}": *'
    yield (
        f"#show: book.with(title: {said('title')}, author: {string(AUTHOR)}, "
        f"day: {dated}, of: {whole})"
    )
    yield f"#cover({said('title')}, {said('subtitle')}, {edition})"
    yield f"#heading(level: 1, outlined: false)[#{said('about')}]"
    here = f"/intake{MANUAL}"
    for line in (
        said("who"),
        said("words"),
        said("addresses", example="/intake/lacak", here=here),
        said("made_up"),
    ):
        yield f"#{line}"
    yield f"#heading(level: 2, outlined: false)[#{said('contents')}]"
    yield "#outline(title: none, depth: 2)"


def _body(book: Book, texts: Texts, writer: Writer) -> Iterator[str]:
    for part, chapters in book.parts:
        yield f"#heading(level: 1)[#{string(texts(f'manual.part.{part}'))}]"
        yield "\n\n#pagebreak()\n\n".join(_chapters(chapters, writer))


def _chapters(chapters: Sequence[Chapter], writer: Writer) -> Iterator[str]:
    for one in chapters:
        title = f"#heading(level: 2)[#{string(one.called)}] {label(one.name)}"
        yield f"{title}\n\n{writer.blocks(one.blocks)}"


def _back(texts: Texts, writer: Writer) -> Iterator[str]:
    yield f"#heading(level: 1)[#{string(texts('manual.book.appendix'))}]"
    here = f"/intake{MANUAL}"
    yield f"#{string(texts('manual.book.appendix_intro', here=here))}"
    back = Writer(writer.page, writer.alt, writer.width, shift=0)
    yield back.blocks(appendix(texts))
