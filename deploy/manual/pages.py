"""The manual as files for a place without the service: a USB stick, an intranet."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.manual.build import appendix
from deploy.manual.pictures import kept, shown
from deploy.manual.typst import ANOTHER
from services.intake.pages.manual.chapters import SERVICES, Book
from shared.web.assets import FRAME_FILES
from shared.web.pages import FRAME_TEMPLATES
from shared.web.texts import Texts

OWN: Final = Path(__file__).parent
_INTAKE: Final = SERVICES / "intake"
INDEX: Final = "index.html"
CATALOGUE: Final = "katalog"
_STYLES: Final = ("jemput.css", "petunjuk.css")


def write_pages(book: Book, texts: Texts, folder: Path, services: Path = SERVICES) -> list[Path]:
    """Write a file for each chapter and one for the catalogues, and an index of them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in _STYLES:
        found = next(
            one / name for one in (FRAME_FILES, _INTAKE / "static") if (one / name).exists()
        )
        shutil.copyfile(found, folder / name)
    for service, one in shown(book):
        shutil.copyfile(kept(service, services) / one.file, folder / one.file)
    return [_written(folder / name, text) for name, text in _pages(book, texts)]


def _written(file: Path, text: str) -> Path:
    file.write_text(text, "utf-8")
    return file


def _pages(book: Book, texts: Texts) -> Iterator[tuple[str, str]]:
    page = _environment(texts).get_template("page.html").render
    yield INDEX, page(book=book, title=texts("manual.title"), blocks=(), catalogue=CATALOGUE)
    for one in book.chapters:
        yield f"{one.name}.html", page(book=None, title=one.called, blocks=one.blocks)
    title = texts("manual.catalogue.title")
    yield f"{CATALOGUE}.html", page(book=None, title=title, blocks=appendix(texts))


def _environment(texts: Texts) -> Environment:
    made = Environment(
        loader=FileSystemLoader([OWN, _INTAKE / "templates", FRAME_TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(t=texts, to=_to, picture=lambda file: file)
    return made


def _to(address: str) -> str:
    """Return where a link leads: another file; a page of the service is only named."""
    return f"{address.removeprefix(ANOTHER)}.html" if address.startswith(ANOTHER) else ""
