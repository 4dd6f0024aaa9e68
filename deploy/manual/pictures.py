"""The pictures of the manual: cut out of the screenshots that the browser's tests take."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops

from services.intake.pages.manual.blocks import Picture, all_of
from services.intake.pages.manual.chapters import FOLDER, PICTURES, SERVICES, Book

LARGEST: Final = 40 * 1024
"""Bytes of one picture at most: a chapter is read by phone."""
ALL: Final = 600 * 1024
COLOURS: Final = (32, 16, 8)
"""Tried one after the other until a picture is small enough: a page has few colours anyway."""
WIDEST: Final = 1088
"""Pixels: the frame's column with a margin; beside it a page is empty."""
_MARGIN: Final = 16


class PictureMissing(Exception):  # noqa: N818 - reads as the decision it is
    """A chapter shows a screenshot that is not there, or one that cannot be made small enough."""


def shown(book: Book) -> Iterator[tuple[str, Picture]]:
    """Yield each picture with the service whose chapter shows it."""
    for chapter in book.chapters:
        for one in all_of(chapter.blocks, Picture):
            yield chapter.service, one


def kept(service: str, services: Path = SERVICES) -> Path:
    """Return the folder of the pictures that a service ships."""
    return services / service / FOLDER / PICTURES


def take(book: Book, screenshots: Path, services: Path = SERVICES) -> list[Path]:
    """Cut all pictures and keep them beside their chapters. Raises PictureMissing."""
    return [_take(one, screenshots, kept(service, services)) for service, one in shown(book)]


def _take(one: Picture, screenshots: Path, folder: Path) -> Path:
    source = screenshots / f"{one.taken.screenshot}.png"
    if not source.exists():
        raise PictureMissing(f"{one.file}: no screenshot {one.taken.screenshot}")
    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(source) as whole:
        cut = _cut(whole.convert("RGB"), one.taken.top, one.taken.bottom)
    for many in COLOURS:
        few = cut.quantize(many, dither=Image.Dither.NONE).convert("RGB")
        made = BytesIO()
        few.save(made, "WEBP", lossless=True, quality=100, method=6)
        if len(made.getvalue()) < LARGEST:
            # At once: what is cut off leaves the picture of before.
            (folder / one.file).write_bytes(made.getvalue())
            return folder / one.file
    raise PictureMissing(f"{one.file}: more than {LARGEST} bytes; show fewer rows")


def _cut(whole: Image.Image, top: int, bottom: int) -> Image.Image:
    """Return the rows, without what is empty beside the frame's column and below."""
    side = max(0, (whole.width - WIDEST) // 2)
    part = whole.crop((side, top, whole.width - side, min(bottom, whole.height)))
    box = ImageChops.difference(part, Image.new("RGB", part.size, "white")).getbbox()
    if box is None:
        return part
    return part.crop((0, 0, part.width, min(box[3] + _MARGIN, part.height)))
