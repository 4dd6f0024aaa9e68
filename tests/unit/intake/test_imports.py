"""How a history is read: headers, days, times, places, documents, and every fault by its cell."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import Refused
from services.intake.domain.imports import (
    Bad,
    Cell,
    Column,
    Entry,
    Import,
    ImportState,
    Kind,
    Order,
    Reading,
    Row,
    district_key,
    find_header,
    neutral,
    order_of,
    read_entry,
    row_case_id,
)
from services.intake.domain.imports.days import read_day, read_time
from services.intake.domain.imports.places import read_district, read_document
from services.intake.domain.imports.rows import cell_name
from services.intake.gateways import KemendagriRegions
from shared.contracts.envelope import new_id
from tests.unit.intake.sample import BOTRAM, NIK, SATURDAY

REGIONS = KemendagriRegions()
DISTRICTS = REGIONS.districts("32.16")
HEAD = ("Tanggal", "Jam", "Jenis Dokumen", "Kecamatan", "NIK", "Nama")
GOOD = ("11/03/2023", "09.15", "KIA", "Setu", NIK, "Siti Contoh")
THAT = date(2023, 3, 11)


def row(*cells: str | Cell, number: int = 1) -> Row:
    return Row(number, tuple(one if isinstance(one, Cell) else Cell(one) for one in cells))


def read(*cells: str | Cell, head: Any = HEAD, order: Order = Order.DAY_FIRST) -> Entry | Bad:
    header = find_header([row(*head)])
    return read_entry(
        row(*cells, number=2), Reading(header, order, BOTRAM, DISTRICTS, REGIONS.known)
    )


def refusal(of: Any, *given: Any) -> str:
    with pytest.raises(Refused) as refused:
        of(*given)
    return refused.value.reason


@pytest.mark.parametrize(
    "written",
    [
        "11/03/2023",
        "11-03-2023",
        "11.3.2023",
        "11 03 2023",
        "11/03/23",
        "2023-03-11",
        "2023/3/11",
        "11 Maret 2023",
        "11 mar 2023",
        "11-Mar-23",
        "11Maret2023",
        "March 11, 2023",
        "Sabtu, 11/03/2023",
        "Sabtu, 11 Maret 2023",
        "hari Sabtu 11 Maret 2023",
        "SABTU / 11-03-2023",
        "Saturday, 11 March 2023",
        "44996",
    ],
)
def test_a_day_is_read_as_offices_write_it(written: str) -> None:
    assert read_day(Cell(written), Order.DAY_FIRST) == (THAT, None)


@pytest.mark.parametrize(
    "written",
    ["11/03/2023 09:15", "11 Maret 2023 pukul 09.15", "2023-03-11T09:15:00", "44996.38542"],
)
def test_a_time_may_stand_with_the_day(written: str) -> None:
    assert read_day(Cell(written), Order.DAY_FIRST) == (THAT, time(9, 15))


def test_a_cell_that_was_a_date_is_that_date() -> None:
    cell = Cell("2023-03-11T09:15:00", Kind.DATE)
    assert read_day(cell, Order.MIXED) == (THAT, time(9, 15))
    assert read_day(Cell("44996", Kind.NUMBER), Order.MIXED) == (THAT, None)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "date_missing"),
        ("31/02/2023", "date_malformed"),
        ("11 Bulan 2023", "date_malformed"),
        ("11/13/2023", "date_malformed"),
        ("kemarin", "date_malformed"),
        ("11/03-2023", "date_malformed"),
        ("99999", "date_malformed"),
        ("\u0661\u0661/03/2023", "date_malformed"),
        ("Senin, 11/03/2023", "weekday_differs"),
        ("11/03/2023 25:00", "time_malformed"),
    ],
)
def test_what_is_no_day_is_refused_by_name(written: str, reason: str) -> None:
    assert refusal(read_day, Cell(written), Order.DAY_FIRST) == reason


@pytest.mark.parametrize(
    ("column", "order"),
    [
        (["03/04/2023"], Order.DAY_FIRST),
        (["03/04/2023", "13/04/2023"], Order.DAY_FIRST),
        (["03/04/2023", "04/13/2023"], Order.MONTH_FIRST),
        (["13/04/2023", "04/13/2023"], Order.MIXED),
        (["2023-04-13", "13 April 2023"], Order.DAY_FIRST),
        (["Kamis, 13/04/2023", "04/13/2023 09.15"], Order.MIXED),
    ],
)
def test_a_column_s_order_is_that_of_the_days_that_can_be_read_one_way(
    column: list[str], order: Order
) -> None:
    assert order_of(map(Cell, column)) is order


def test_a_day_is_ambiguous_only_where_the_column_has_both_orders() -> None:
    third = Cell("03/04/2023")
    assert read_day(third, Order.DAY_FIRST)[0] == date(2023, 4, 3)
    assert read_day(third, Order.MONTH_FIRST)[0] == date(2023, 3, 4)
    assert refusal(read_day, third, Order.MIXED) == "date_ambiguous"
    # A weekday decides, and so does a day that is the same both ways.
    assert read_day(Cell("Senin, 03/04/2023"), Order.MIXED)[0] == date(2023, 4, 3)
    assert read_day(Cell("Sabtu, 03/04/2023"), Order.MIXED)[0] == date(2023, 3, 4)
    assert read_day(Cell("04/04/2023"), Order.MIXED)[0] == date(2023, 4, 4)
    assert read_day(Cell("13/04/2023"), Order.MIXED)[0] == date(2023, 4, 13)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (Cell(""), None),
        (Cell("09.15"), time(9, 15)),
        (Cell("9:15"), time(9, 15)),
        (Cell("pukul 09.15 WIB"), time(9, 15)),
        (Cell("09:15:30"), time(9, 15, 30)),
        (Cell("09:15:00", Kind.TIME), time(9, 15)),
        (Cell("0.3854166667", Kind.NUMBER), time(9, 15)),
        (Cell("0.9999999", Kind.NUMBER), time(23, 59, 59)),
    ],
)
def test_a_time_is_read_as_offices_write_it(cell: Cell, found: time | None) -> None:
    assert read_time(cell, "WIB") == found


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (Cell("9"), "time_malformed"),
        (Cell("9.5"), "time_malformed"),
        (Cell("24.00"), "time_malformed"),
        (Cell("9.15", Kind.NUMBER), "time_as_number"),
        (Cell("09.15 WITA"), "time_zone_differs"),
    ],
)
def test_what_is_no_time_is_refused_by_name(cell: Cell, reason: str) -> None:
    assert refusal(read_time, cell, "WIB") == reason


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Setu", "32.16.18"),
        ("KEC. SETU", "32.16.18"),
        ("Kecamatan Karangbahagia", "32.16.10"),
        ("Karang Bahagia", "32.16.10"),
        ("Muara Gembong", "32.16.17"),
        ("32.16.18", "32.16.18"),
        ("321618", "32.16.18"),
        ("3216182001", "32.16.18.2001"),
        ("32.75.01", "32.75.01"),
    ],
)
def test_a_district_is_found_by_name_or_code(written: str, code: str) -> None:
    assert read_district(Cell(written), DISTRICTS) == code


@pytest.mark.parametrize("written", ["3216081", "Bantargebang", "32.16", "Kec."])
def test_a_bps_code_and_a_neighbour_s_name_are_no_district(written: str) -> None:
    assert refusal(read_district, Cell(written), DISTRICTS) == "district_unknown"


def test_a_name_of_two_districts_needs_the_code() -> None:
    twice = {district_key("Setu"): ("32.16.18", "31.74.09")}
    assert refusal(read_district, Cell("Setu"), twice) == "district_ambiguous"


@pytest.mark.parametrize(
    ("written", "code"),
    [("Kartu Keluarga", "KK"), ("kk", "KK"), ("KIA", "KIA"), ("Aktivasi IKD", "IKD")],
)
def test_a_document_is_found_by_what_it_is_called(written: str, code: str) -> None:
    assert read_document(Cell(written), BOTRAM) == code


def test_a_document_that_the_programme_does_not_have_is_unknown() -> None:
    assert refusal(read_document, Cell("Akta Kelahiran"), BOTRAM) == "document_unknown"


def test_a_good_row_is_an_entry_with_its_old_time() -> None:
    entry = read(*GOOD)
    assert isinstance(entry, Entry)
    assert (entry.row, entry.service, entry.region_code) == (2, "KIA", "32.16.18")
    assert entry.at == SATURDAY == datetime(2023, 3, 11, 2, 15, tzinfo=UTC)
    assert (entry.person.nik, entry.person.name) == (NIK, "Siti Contoh")
    assert NIK not in repr(entry)
    assert "Siti" not in repr(entry)


@pytest.mark.parametrize(
    ("place", "cell", "code"),
    [
        (4, Cell("3216991203850000", Kind.NUMBER), "nik_as_number"),
        (4, Cell("3,21699E+15"), "nik_as_number"),
        (4, Cell("9916991203850001"), "nik_malformed"),
        (4, Cell("3216993102850001"), "nik_malformed"),
        (5, Cell("", Kind.FORMULA), "formula"),
        (1, Cell(""), "time_missing"),
        (0, Cell("11/03/1999"), "too_old"),
        (3, Cell("32.16.98"), "district_unknown"),
    ],
)
def test_a_fault_is_named_by_its_cell(place: int, cell: Cell, code: str) -> None:
    cells: list[str | Cell] = list(GOOD)
    cells[place] = cell
    bad = read(*cells)
    assert isinstance(bad, Bad)
    assert bad.faults == {cell_name(place, 2): code}


def test_every_fault_of_a_row_is_named_at_once() -> None:
    bad = read("", "x", "", "", "1", "x" * 61)
    assert isinstance(bad, Bad)
    assert list(bad.faults) == ["A2", "B2", "C2", "D2", "E2", "F2"]


def test_the_header_is_found_below_titles_and_by_other_words() -> None:
    rows = [
        row("REKAP PERMOHONAN", number=1),
        row("No.", "TGL PERMOHONAN", "Nama Pemohon", "Layanan", "Kode Kec.", number=4),
        row("1", *GOOD, number=5),
    ]
    header = find_header(rows)
    assert header.row == 4
    assert header.places == {
        Column.DATE: 1,
        Column.NAME: 2,
        Column.DOCUMENT: 3,
        Column.DISTRICT: 4,
    }


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ((), "header_missing"),
        (("Tanggal", "Kecamatan"), "header_missing"),
        (("Tanggal", "Tgl", "Dokumen", "Kec"), "header_twice"),
    ],
)
def test_a_table_without_its_columns_is_refused(head: tuple[str, ...], reason: str) -> None:
    assert refusal(find_header, [row(*head)]) == reason


@given(st.text())
def test_nothing_that_leaves_begins_as_a_formula(text: str) -> None:
    assert not neutral(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert neutral(text).removeprefix("'") == text.removeprefix("'") or text in neutral(text)


@given(st.text(), st.sampled_from(list(Order)))
def test_no_text_breaks_the_reading_of_a_row(text: str, order: Order) -> None:
    read(*[text] * len(HEAD), order=order)


@pytest.mark.parametrize("place", range(len(HEAD)))
@given(st.floats(allow_nan=False) | st.integers(-(10**18), 10**18))
def test_no_number_breaks_the_reading_of_a_row(place: int, value: float) -> None:
    cells: list[str | Cell] = list(GOOD)
    cells[place] = Cell(repr(value), Kind.NUMBER)
    read(*cells)


def test_a_row_s_case_is_the_same_each_time_and_no_other_row_s() -> None:
    first, second = new_id(), new_id()
    ids = {row_case_id(one, number) for one in (first, second) for number in range(1, 20_001)}
    assert len(ids) == 40_000
    assert row_case_id(first, 7) == row_case_id(first, 7)
    assert UUID(row_case_id(first, 7)).version == 7
    assert row_case_id(first, 7)[:13] == first[:13]


def an_import(**changed: Any) -> Import:
    fields = {"id": "i", "programme_id": "botram", "file_id": "f", "seen": "s", "by": "a"}
    return Import(**{**fields, "at": SATURDAY, "rows": 3, **changed})


def test_an_import_advances_once_and_ends_with_its_last_row() -> None:
    running = an_import(state=ImportState.RUNNING)
    further = running.advanced(0, 1, 1, SATURDAY)
    assert (further.done, further.accepted, further.refused, further.running) == (2, 1, 1, True)
    assert further.advanced(0, 1, 1, SATURDAY) is further
    ended = further.advanced(2, 0, 1, SATURDAY)
    assert (ended.state, ended.refused, ended.ended_at) == (ImportState.DONE, 2, SATURDAY)
    assert ended.advanced(3, 1, 0, SATURDAY) is ended
