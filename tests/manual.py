"""`python -m tests.manual`: take the screenshots that the manual's pictures are cut out of.

They are those of the browser's own tests, so that a picture shows a page that was tested a moment
ago. Only those tests are run, at the widths that the chapters ask for.
"""

import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from services.intake.pages.manual.blocks import Picture, all_of
from services.intake.pages.manual.chapters import Book, shipped_book

E2E: Final = "tests/e2e"
_PLACES: Final = (
    "test_public_pages.py::test_whoever_asks_where_to_go_sees_events_points_and_ways_from_home"
)
_ASKING: Final = (
    "test_public_pages.py::"
    "test_a_parent_asks_for_a_childs_card_sends_a_paper_and_sees_how_it_stands"
)
_FRONT: Final = "test_front_door.py::test_the_start_page_at_every_width_leads_nowhere_dead"
_NEEDED: Final = "test_front_door.py::test_residents_read_what_is_needed_and_what_is_held_of_them"
_DESK: Final = "test_desk.py::test_from_the_queue_to_the_end"
_ACCOUNTS: Final = "test_account_pages.py::test_asked_approved_invited_and_signed_in"
_DEVICES: Final = "test_account_pages.py::test_ones_devices_are_ended_from_another_browser"
_FLOOR: Final = (
    "test_front_walk.py::"
    "test_one_sign_in_walks_desk_floor_agent_and_dashboard_and_one_sign_out_ends_all"
)
_GATE: Final = "test_floor.py::test_the_gate_gives_a_code_and_numbers_and_shows_them_again"
_PRINTED: Final = "test_batches.py::test_each_page_is_looked_at"
_WRONG_DOCUMENT: Final = "test_desk.py::test_the_wrong_document_is_said_and_a_second_person_decides"
_COUNTER: Final = "test_counter.py::test_ten_visits_with_the_network_cut_in_mid_entry"
_FIGURES: Final = "test_event_page.py::test_the_page_shows_the_day_at_every_width"
WALKS: Final[Mapping[str, str]] = {
    "publik-ke-mana-setu": _PLACES,
    "publik-ajukan-periksa": _ASKING,
    "publik-berkas-terkirim": _ASKING,
    "layanan-ktp": _NEEDED,
    "lacak-berkas": _NEEDED,
    "masuk": _FRONT,
    "lacak-diperbaiki": _DESK,
    "meja": _DESK,
    "meja-pilih": _DESK,
    "meja-permohonan": _DESK,
    "meja-dikembalikan": _DESK,
    "meja-selesai": _DESK,
    "undangan-kode": _ACCOUNTS,
    "persetujuan": _ACCOUNTS,
    "keamanan": _ACCOUNTS,
    "perangkat": _DEVICES,
    "loket": _FLOOR,
    "loket-gerai": _FLOOR,
    "loket-puskesmas": _FLOOR,
    "gerbang": _GATE,
    "tugas": _FLOOR,
    "tugas-alamat": _FLOOR,
    "acara": _FIGURES,
    "cetak-belum-dicetak": _PRINTED,
    "cetak-diserahkan": _PRINTED,
    "dokumen-tidak-sesuai": _WRONG_DOCUMENT,
    "konter-isian": _COUNTER,
    "konter-sementara": _COUNTER,
    "akun-baru": _ACCOUNTS,
    "akun-hak": _ACCOUNTS,
}
"""The test that takes a screenshot, by the screenshot's name without the width behind it."""

AT_BOTH: Final = frozenset({_COUNTER})
"""Tests that look at both widths in one run."""


def walks(book: Book) -> list[str]:
    """Return the tests, each once, that the book's pictures need. Raises KeyError."""
    return sorted({_walk(name) for name in screenshots(book)})


def screenshots(book: Book) -> list[str]:
    """Return the names of the screenshots that the chapters ask for."""
    return [one.taken.screenshot for each in book.chapters for one in all_of(each.blocks, Picture)]


def _walk(screenshot: str) -> str:
    name, _, width = screenshot.rpartition("-")
    walk = WALKS[name]
    return f"{E2E}/{walk}" if walk in AT_BOTH else f"{E2E}/{walk}[{width}]"


def main() -> int:
    """Run the tests."""
    command = [sys.executable, "-m", "pytest", "-q", *walks(shipped_book())]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
