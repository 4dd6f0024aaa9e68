"""A made-up history: good rows, each at a second of its own, and every kind of bad row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any, Final

from openpyxl import Workbook

HEAD: Final = ("Tanggal", "Jam", "Jenis Dokumen", "Kecamatan", "NIK", "Nama")
EVENT_DAY: Final = date(2023, 3, 11)
OPENS: Final = datetime(2023, 3, 11, 8, 0)  # noqa: DTZ001 - as a spreadsheet holds it
WIB: Final = timedelta(hours=7)
EVERY_BAD: Final = 5
"""One row in so many is bad."""
SERVICES: Final = (
    "Kartu Keluarga",
    "Pencetakan KTP-el",
    "akta kelahiran",
    "KIA",
    "Identitas Kependudukan Digital",
)
DAYS: Final = (
    "11/03/2023",
    "11 Maret 2023",
    "Sabtu, 11/03/2023",
    "2023-03-11",
    "11-03-23",
    "44996",
    EVENT_DAY,
)
DISTRICTS: Final = ("Setu", "Kec. Karangbahagia", "32.16.06", "Muara Gembong", "321618", "CIBITUNG")

Cells = list[Any]
BAD: Final[Sequence[tuple[str, Callable[[Cells], Cells]]]] = (
    ("date_missing", lambda row: ["", *row[1:]]),
    ("date_malformed", lambda row: ["31/02/2023", *row[1:]]),
    ("weekday_differs", lambda row: ["Senin, 11/03/2023", *row[1:]]),
    ("time_missing", lambda row: [row[0], "", *row[2:]]),
    ("time_malformed", lambda row: [row[0], "25.61", *row[2:]]),
    ("time_as_number", lambda row: [row[0], 9.5, *row[2:]]),
    ("time_zone_differs", lambda row: [row[0], "09.15 WITA", *row[2:]]),
    ("too_old", lambda row: ["11/03/1998", *row[1:]]),
    ("in_the_future", lambda row: ["11/03/2098", *row[1:]]),
    ("event_over", lambda row: ["12/03/2023", *row[1:]]),
    ("document_missing", lambda row: [*row[:2], "", *row[3:]]),
    ("document_unknown", lambda row: [*row[:2], "Surat Izin Mengemudi", *row[3:]]),
    ("document_ambiguous", lambda row: [*row[:2], "KTP", *row[3:]]),
    ("service_not_at_event", lambda row: [*row[:2], "Akta Kematian", *row[3:]]),
    ("district_missing", lambda row: [*row[:3], "", *row[4:]]),
    ("district_unknown", lambda row: [*row[:3], "3216081", *row[4:]]),
    ("nik_malformed", lambda row: [*row[:4], "3216993102850001", row[5]]),
    ("nik_as_number", lambda row: [*row[:4], 3216991203850000, row[5]]),
    ("name_malformed", lambda row: [*row[:5], "x" * 61]),
    ("formula", lambda row: [*row[:2], "=1+1", *row[3:]]),
    # The person of the row before the bad ones, once more for the same: the first stands.
    ("already_open", lambda row: [*row[:2], "KIA", row[3], "3216990101800001", "Kembar Contoh"]),
)


@dataclass(frozen=True)
class History:
    """Rows as they are sent, and what has to come of them."""

    rows: Sequence[Cells]
    good: frozenset[datetime]
    """When each good row was asked for; no two at once."""
    bad: dict[int, str]
    """The reason of each bad row, by its number."""

    def written(self) -> bytes:
        """Return it as a workbook."""
        book = Workbook(write_only=True)
        sheet = book.create_sheet("Riwayat")
        sheet.append(HEAD)
        for row in self.rows:
            sheet.append(row)
        saved = BytesIO()
        book.save(saved)
        return saved.getvalue()


def made_up(count: int) -> History:
    """Return a history of so many rows, the first of which is the twin that later ones repeat."""
    rows: list[Cells] = []
    good: set[datetime] = set()
    bad: dict[int, str] = {}
    for number in range(count):
        row, at = _row(number)
        if number % EVERY_BAD == EVERY_BAD - 1:
            code, spoil = BAD[number // EVERY_BAD % len(BAD)]
            bad[number + 2] = code
            row = spoil(row)
        else:
            good.add(at.replace(tzinfo=UTC) - WIB)
        rows.append(row)
    return History(rows, frozenset(good), bad)


def _row(number: int) -> tuple[Cells, datetime]:
    at = OPENS + timedelta(seconds=number)
    time = f"{at:%H.%M.%S}" if number % 2 else f"{at:%H:%M:%S} WIB"
    if number == 0:
        return ["11/03/2023", time, "KIA", "Setu", "3216990101800001", "Kembar Contoh"], at
    day, service = DAYS[number % len(DAYS)], SERVICES[number % len(SERVICES)]
    return [day, time, service, DISTRICTS[number % len(DISTRICTS)], *_person(number)], at


def _person(number: int) -> tuple[str, str]:
    """Named with a NIK, by a NIK alone, by a name alone, or nobody."""
    nik = f"321699{number % 28 + 1:02}{number // 28 % 12 + 1:02}70{number % 9_999 + 1:04}"
    name = f"Warga Contoh {'abcdefghij'[number % 10]}"
    return [(nik, name), (nik, ""), ("", name), ("", "")][number % 4]
