"""Commands: `python -m deploy.manual pictures|book`."""

import argparse
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from deploy.local.folder import ROOT
from deploy.manual.build import print_book
from deploy.manual.pages import write_pages
from deploy.manual.pictures import PictureMissing, take
from services.intake.app import TEXTS
from services.intake.pages.manual.chapters import shipped_book
from shared.web.texts import Texts

FOLDER = ROOT / "build" / "manual"
SCREENSHOTS = ROOT / "build" / "screenshots"


def pictures(screenshots: Path) -> None:
    """Cut the pictures out of the screenshots and keep them beside their chapters."""
    taken = take(shipped_book(), screenshots)
    size = sum(one.stat().st_size for one in taken)
    print(f"{len(taken)} pictures beside their chapters, {size} bytes")


def book(day: date) -> None:
    """Write the pages and the book."""
    chapters, texts = shipped_book(), Texts.load(TEXTS)
    written = write_pages(chapters, texts, FOLDER / "halaman")
    print(f"{len(written)} pages: {written[0].relative_to(ROOT)}")
    print(f"the book: {print_book(chapters, texts, day, FOLDER).relative_to(ROOT)}")


def today() -> date:
    """Return the day of the edition: SOURCE_DATE_EPOCH's where it is set, else today."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC).date() if epoch else datetime.now(UTC).date()


def main() -> int:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m deploy.manual", description=__doc__)
    commands = parser.add_subparsers(dest="verb", required=True)
    cut = commands.add_parser("pictures", help="cut the pictures out of screenshots")
    cut.add_argument("--screenshots", type=Path, default=SCREENSHOTS)
    printed = commands.add_parser("book", help="write the pages and the PDF to build/manual")
    printed.add_argument("--day", type=date.fromisoformat, default=today())
    wanted = parser.parse_args()
    if wanted.verb == "book":
        book(wanted.day)
        return 0
    try:
        pictures(wanted.screenshots)
    except PictureMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
