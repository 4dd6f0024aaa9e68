"""What the worker makes of tables: CSV and XLSX as offices write them, and bombs by their names."""

import json
import warnings
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from shared.files.purpose import TABLE_SENTENCES
from shared.files.spreadsheet import xlsx_rows
from shared.files.table_limits import CELL, COLUMNS, CSV, LINE, PARTS, ROWS, STRINGS, XLSX
from shared.files.tables import check_table, read_table
from shared.worker.jobs import MIB, JobRefused
from tests.unit.files import samples
from tests.unit.files.tables import GOOD, HEAD, laughs, separated, with_parts, workbook

NINE = datetime(2023, 3, 11, 9, 15)  # noqa: DTZ001 - as a workbook holds it


def rows_of(data: bytes, said: str = "") -> list[Any]:
    found = read_table({"said": said}, data)
    rows = [json.loads(line) for line in found.body.splitlines()]
    assert found.fields["rows"] == len(rows)
    return rows


def refusal(data: bytes, said: str = "") -> str:
    with pytest.raises(JobRefused) as refused:
        check_table({"said": said}, data)
    assert refused.value.reason in TABLE_SENTENCES
    return refused.value.reason


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("written", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_csv_is_read_whatever_its_separator_and_encoding(separator: str, written: str) -> None:
    name = "Zoë Contoh"
    data = separated([(*GOOD[:5], name)], separator).decode().encode(written)
    assert rows_of(data) == [[1, list(HEAD)], [2, [*GOOD[:5], name]]]
    assert check_table({"said": "text/csv"}, data).fields == {"type": CSV, "same": True}


def test_a_csv_that_states_its_separator_and_quotes_it() -> None:
    data = b'sep=,\r\nTanggal,Jam\r\n"Sabtu, 11/03/2023",09.15\r\n\r\n-,x\r\n'
    assert rows_of(data) == [
        [1, ["Tanggal", "Jam"]],
        [2, ["Sabtu, 11/03/2023", "09.15"]],
        [4, ["", "x"]],
    ]


def test_a_reader_who_stops_early_leaves_the_filters_of_warnings_alone() -> None:
    before = list(warnings.filters)
    rows = xlsx_rows(workbook([GOOD, GOOD]))
    next(rows)
    assert warnings.filters == before
    added = ("ignore", None, BytesWarning, None, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BytesWarning)
        del rows
        assert warnings.filters[0] == added


@pytest.mark.parametrize("cell", ["=1+1", "+62812", "-2", "@SUM(A1)", " =cmd|' /C calc'!A0"])
def test_what_a_spreadsheet_would_calculate_is_told_and_not_passed_on(cell: str) -> None:
    assert rows_of(separated([(cell, "x")]))[1] == [2, [["f", ""], "x"]]
    assert rows_of(workbook([(cell, "x")]))[1] == [2, [["f", ""], "x"]]


def test_a_workbook_s_dates_times_and_numbers_say_what_they_were() -> None:
    row = (date(2023, 3, 11), time(9, 15), NINE, 3216991203850000, True)
    assert rows_of(workbook([row]), XLSX)[1] == [
        2,
        [
            ["d", "2023-03-11T00:00:00"],
            ["t", "09:15:00"],
            ["d", "2023-03-11T09:15:00"],
            ["n", "3216991203850000"],
            "TRUE",
        ],
    ]


def test_a_sheet_that_lies_about_its_size_hides_no_row() -> None:
    data = workbook([GOOD, GOOD])
    with zipfile.ZipFile(BytesIO(data)) as archive:
        name = "xl/worksheets/sheet1.xml"
        sheet = archive.read(name).replace(b'ref="A1:F3"', b'ref="A1:F2"')
    assert len(rows_of(with_parts(data, {name: sheet}))) == 3


def many_sheets(book: Any) -> None:
    book.create_sheet("Kedua").append(GOOD)


def from_1904(book: Any) -> None:
    book.epoch = CALENDAR_MAC_1904


def bomb(content: bytes) -> bytes:
    return with_parts(workbook([GOOD]), {"xl/worksheets/sheet1.xml": content})


def far_row() -> bytes:
    """One cell at the last row that a sheet can have: a million empty ones stand above it."""

    def change(book: Any) -> None:
        book.active.cell(1_048_576, 1, "x")

    return workbook([GOOD], change)


@pytest.mark.parametrize(
    ("make", "said", "reason"),
    [
        (lambda: b"\xd0\xcf\x11\xe0" + bytes(512), "", "old_excel"),
        (lambda: separated([GOOD]), XLSX, "wrong_type"),
        (lambda: workbook([GOOD]), CSV, "wrong_type"),
        (samples.image, "", "encoding"),
        (lambda: b"a;b\r\nc\x00;d", "", "not_a_table"),
        (lambda: b"one\r\ntwo", "", "not_a_table"),
        (lambda: b"a;b\r\n\x81;\xff", "", "encoding"),
        (lambda: b"a;b\r\n" + b"x" * (LINE + 1), "", "row_too_long"),
        (lambda: b'a;b\r\n"' + b"x;\r\n" * LINE, "", "row_too_long"),
        (lambda: b'a;b\r\n"x', "", "does_not_decode"),
        (lambda: separated([("x" * (CELL + 1),)]), "", "cell_too_long"),
        (lambda: workbook([("x" * (CELL + 1),)]), "", "cell_too_long"),
        (lambda: separated([GOOD] * ROWS), "", "too_many_rows"),
        (lambda: separated([("x",) * (COLUMNS + 1)]), "", "too_many_columns"),
        (lambda: workbook([("x",) * (COLUMNS + 1)]), "", "too_many_columns"),
        (lambda: b"PK\x03\x04" + bytes(64), "", "does_not_decode"),
        (samples.archive, "", "does_not_decode"),
        (lambda: workbook([GOOD], many_sheets), "", "many_sheets"),
        (lambda: workbook([GOOD], from_1904), "", "dates_1904"),
        (lambda: bomb(bytes(40 * MIB)), "", "zip_bomb"),
        (
            lambda: with_parts(workbook([GOOD]), dict.fromkeys(map(str, range(PARTS)), b"")),
            "",
            "zip_bomb",
        ),
        (lambda: with_parts(workbook([GOOD]), {"xl/sharedStrings.xml": laughs()}), "", "entities"),
        (
            lambda: with_parts(workbook([GOOD]), {"x.xml": laughs().decode().encode("utf-16")}),
            "",
            "entities",
        ),
        (lambda: with_parts(workbook([GOOD]), {"xl/vbaProject.bin": b"x"}), "", "macros"),
        (
            lambda: with_parts(
                workbook([GOOD]), {"xl/sharedStrings.xml": b"<si/>" * (STRINGS + 1)}
            ),
            "",
            "too_many_strings",
        ),
        (far_row, "", "too_many_rows"),
    ],
)
def test_a_table_that_is_none_or_too_much_is_refused_by_name(
    make: Callable[[], bytes], said: str, reason: str
) -> None:
    assert refusal(make(), said) == reason


def test_a_part_that_lies_about_its_length_is_no_workbook() -> None:
    data = bytearray(bomb(bytes(8 * MIB)))
    # The length in the central directory, which is believed first.
    at = data.rfind((8 * MIB).to_bytes(4, "little"))
    data[at : at + 4] = (1000).to_bytes(4, "little")
    assert refusal(bytes(data)) in ("does_not_decode", "zip_bomb")
