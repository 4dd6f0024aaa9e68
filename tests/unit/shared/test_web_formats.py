from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from shared.web.formats import angka, bulan, tanggal, tanggal_waktu, waktu, waktu_detik

SETU = datetime(2023, 3, 11, 2, 15, tzinfo=UTC)
NEW_YEAR = datetime(2023, 12, 31, 16, 30, tzinfo=UTC)


def test_a_moment_is_written_as_the_brief_says() -> None:
    assert tanggal_waktu(SETU, "Asia/Jakarta") == "Sabtu, 11 Maret 2023 pukul 09.15 WIB"


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Asia/Jakarta", "pukul 09.15 WIB"),
        ("Asia/Pontianak", "pukul 09.15 WIB"),
        ("Asia/Makassar", "pukul 10.15 WITA"),
        ("Asia/Jayapura", "pukul 11.15 WIT"),
    ],
)
def test_every_zone_has_its_hour_and_its_abbreviation(zone: str, text: str) -> None:
    assert waktu(SETU, zone) == text
    assert waktu(SETU.astimezone(timezone(timedelta(hours=-5))), zone) == text


def test_a_time_to_the_second_has_its_zone_too() -> None:
    assert waktu_detik(SETU, "Asia/Jayapura") == "pukul 11.15.00 WIT"


def test_a_moment_counts_as_the_day_it_falls_on_in_the_zone() -> None:
    assert tanggal(NEW_YEAR, "Asia/Jakarta") == "Minggu, 31 Desember 2023"
    assert tanggal(NEW_YEAR, "Asia/Makassar") == "Senin, 1 Januari 2024"


def test_all_days_and_months_have_names() -> None:
    days = [tanggal(date(2024, 1, n), "Asia/Jakarta").split(",")[0] for n in range(1, 8)]
    assert days == ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"]
    months = [tanggal(date(2024, n, 1), "Asia/Jakarta").split()[2] for n in range(1, 13)]
    assert months == [
        "Januari", "Februari", "Maret", "April", "Mei", "Juni",
        "Juli", "Agustus", "September", "Oktober", "November", "Desember",
    ]  # fmt: skip


def test_a_time_without_a_zone_and_a_foreign_zone_are_mistakes() -> None:
    naive = SETU.replace(tzinfo=None)
    for write in (waktu, tanggal, tanggal_waktu):
        with pytest.raises(ValueError, match="needs its zone"):
            write(naive, "Asia/Jakarta")
    with pytest.raises(KeyError):
        waktu(SETU, "Europe/Paris")


@pytest.mark.parametrize(
    ("value", "desimal", "text"),
    [
        (0, None, "0"),
        (938, None, "938"),
        (12628, None, "12.628"),
        (1234567, None, "1.234.567"),
        (-12628, None, "-12.628"),
        (91.25, None, "91,25"),
        (Decimal("1234.50"), None, "1.234,50"),
        (0.1, None, "0,1"),
        (1e-7, None, "0,0000001"),
        (12628, 2, "12.628,00"),
        (91.25, 1, "91,3"),
        (Decimal("2.5"), 0, "3"),
        (99.995, 2, "100,00"),
    ],
)
def test_numbers_have_indonesian_separators(
    value: float | Decimal, desimal: int | None, text: str
) -> None:
    assert angka(value, desimal) == text


def test_a_month_is_named_with_its_year() -> None:
    assert [bulan(date(2023, month, 28)) for month in (1, 12)] == ["Januari 2023", "Desember 2023"]
