"""Dates, times and numbers as Bahasa Indonesia writes them, in the programme's zone."""

from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

ZONES: Final = {
    "Asia/Jakarta": timezone(timedelta(hours=7), "WIB"),
    "Asia/Pontianak": timezone(timedelta(hours=7), "WIB"),
    "Asia/Makassar": timezone(timedelta(hours=8), "WITA"),
    "Asia/Jayapura": timezone(timedelta(hours=9), "WIT"),
}
"""Indonesia's zones, which know no summer time, with their abbreviations (Keppres 41/1987)."""

_DAYS: Final = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_MONTHS: Final = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip


def tanggal(value: date, zone: str) -> str:
    """A day: "Sabtu, 11 Maret 2023"; a moment counts as the day it falls on in the zone."""
    day = _local(value, zone) if isinstance(value, datetime) else value
    return f"{_DAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def bulan(value: date) -> str:
    """The month of a day: "Maret 2023"."""
    return f"{_MONTHS[value.month - 1]} {value.year}"


def waktu(value: datetime, zone: str) -> str:
    """A time of day: "pukul 09.15 WIB"."""
    local = _local(value, zone)
    return f"pukul {local:%H.%M} {local.tzname()}"


def waktu_detik(value: datetime, zone: str) -> str:
    """A time of day to the second: "pukul 09.15.06 WIB"."""
    local = _local(value, zone)
    return f"pukul {local:%H.%M.%S} {local.tzname()}"


def tanggal_waktu(value: datetime, zone: str) -> str:
    """A moment: "Sabtu, 11 Maret 2023 pukul 09.15 WIB"."""
    return f"{tanggal(value, zone)} {waktu(value, zone)}"


def angka(value: float | Decimal, desimal: int | None = None) -> str:
    """A number: 12.628 or 91,25; `desimal` fixes the decimals, rounded half up.

    Without it whole numbers have none and others as many as they hold.
    """
    number = Decimal(str(value))
    if desimal is not None:
        number = number.quantize(Decimal(1).scaleb(-desimal), ROUND_HALF_UP)
    return f"{number:,f}".translate(str.maketrans(",.", ".,"))


def _local(value: datetime, zone: str) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a moment needs its zone before it can be shown")
    return value.astimezone(ZONES[zone])
