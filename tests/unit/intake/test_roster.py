"""Rosters of schools: each wrong cell is named, and nothing of what stands there."""

from datetime import date
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.app import TEXTS
from services.intake.domain import Basis, Party
from services.intake.domain.roster import ROSTER_PUPILS, Fault, Roster, read_roster
from shared.web.texts import Texts
from tests.unit.intake.sample import NIK

TODAY: Final = date(2023, 3, 11)
HEADER: Final = "nama,tanggal_lahir,nik,nama_wali,persetujuan"
ANI: Final = f"Ani Contoh,11-03-2015,{NIK},Siti Contoh,ya"


def read(*rows: str, header: str = HEADER) -> Roster:
    return read_roster("\n".join((header, *rows)), TODAY)


def faults(*rows: str, header: str = HEADER) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.reason) for one in read(*rows, header=header).faults]


def test_a_good_row_is_a_pupil_with_the_guardian_who_consented() -> None:
    (ani,) = read(ANI).pupils
    assert (ani.person.name, ani.person.nik, ani.person.birth_date) == (
        "Ani Contoh",
        NIK,
        "2015-03-11",
    )
    (mother,) = ani.guardians
    assert (mother.party, mother.basis, mother.person.name) == (
        Party.GUARDIAN,
        Basis.PARENT,
        "Siti Contoh",
    )
    assert not ani.under_five(TODAY)


def test_who_has_no_consent_is_named_and_left_out() -> None:
    found = read(ANI, "Budi Contoh,12-03-2018,,,tidak", "Cici Contoh,1 Mei 2020,,,YA")
    assert [pupil.row for pupil in found.consented] == [2, 4]
    assert found.without_consent == (3,)
    assert found.consented[1].guardians == ()
    assert found.consented[1].under_five(TODAY)


@pytest.mark.parametrize(
    "written", ["2015-03-11", "11-03-2015", "11/3/2015", "11.03.2015", "11 Maret 2015"]
)
def test_a_day_is_read_as_people_write_it(written: str) -> None:
    (pupil,) = read(f"Ani,{written},,,ya").pupils
    assert pupil.person.birth_date == "2015-03-11"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_separators_and_headers_are_understood(separator: str, mark: str) -> None:
    rows = "Persetujuan,Nama,Tanggal Lahir\nya,Ani,2015-03-11\n\n,,\n".replace(",", separator)
    found = read_roster(mark + rows, TODAY)
    assert (len(found.pupils), found.faults) == (1, ())


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (",11-03-2015,,,ya", "nama", "name_malformed"),
        (f"{'a' * 61},11-03-2015,,,ya", "nama", "name_malformed"),
        ("Ani,31-02-2015,,,ya", "tanggal_lahir", "date_malformed"),
        ("Ani,03/14/2015,,,ya", "tanggal_lahir", "date_malformed"),
        ("Ani,11-03-15,,,ya", "tanggal_lahir", "date_malformed"),
        ("Ani,20150311,,,ya", "tanggal_lahir", "date_malformed"),
        ("Ani,11 March 2015,,,ya", "tanggal_lahir", "date_malformed"),
        ("Ani,11-03-2006,,,ya", "tanggal_lahir", "no_child"),
        ("Ani,12-03-2023,,,ya", "tanggal_lahir", "no_child"),
        ("Ani,11-03-2015,12345,,ya", "nik", "nik_malformed"),
        (f"Ani,11-03-2015,,{'b' * 61},ya", "nama_wali", "name_malformed"),
        ("Ani,11-03-2015,,,", "persetujuan", "answer_malformed"),
        ("Ani,11-03-2015,,,mungkin", "persetujuan", "answer_malformed"),
        ("Ani,11-03-2015,,,ya,lagi", "", "too_many_cells"),
    ],
)
def test_a_wrong_cell_is_named(row: str, column: str, reason: str) -> None:
    found = read(ANI, row)
    assert found.faults == (Fault(3, column, reason),)
    assert [pupil.row for pupil in found.pupils] == [2]


def test_every_wrong_cell_of_a_row_is_named_at_once() -> None:
    assert faults(",x,1,,?") == [
        (2, "nama", "name_malformed"),
        (2, "tanggal_lahir", "date_malformed"),
        (2, "nik", "nik_malformed"),
        (2, "persetujuan", "answer_malformed"),
    ]


def test_a_pupil_is_said_once() -> None:
    assert faults(ANI, f"Ana Contoh,12-03-2015,{NIK},,ya") == [(3, "", "twice")]
    assert faults("Ani,11-03-2015,,,ya", "ANI,2015-03-11,,,ya") == [(3, "", "twice")]
    assert faults("Ani,11-03-2015,,,ya", "Ani,12-03-2015,,,ya") == []


def test_a_wrong_table_is_named_and_a_class_has_an_end() -> None:
    assert faults(header="nama,nik") == [
        (1, "tanggal_lahir", "column_missing"),
        (1, "persetujuan", "column_missing"),
    ]
    assert faults(header=f"{HEADER},nama") == [(1, "nama", "column_twice")]
    assert [one.reason for one in read_roster("", TODAY).faults] == ["column_missing"] * 3
    assert faults('"Ani,11-03-2015,,,ya') == [(1, "", "no_table")]
    rows = [f"Ani {n},11-03-2015,,,ya" for n in range(ROSTER_PUPILS + 1)]
    assert read(*rows[:-1]).faults == ()
    assert faults(*rows) == [(ROSTER_PUPILS + 2, "", "too_many_rows")]


def test_the_end_of_childhood_is_the_seventeenth_birthday() -> None:
    assert faults("Ani,12-03-2006,,,ya") == []
    assert faults("Ani,11-03-2006,,,ya") == [(2, "tanggal_lahir", "no_child")]


@given(st.text(max_size=200))
def test_nothing_that_is_sent_breaks_the_reading(text: str) -> None:
    for sent in (text, f"{HEADER}\n{text}"):
        found = read_roster(sent, TODAY)
        assert len(found.pupils) <= ROSTER_PUPILS


def test_every_reason_has_words() -> None:
    texts = Texts.load(TEXTS)
    reasons = ("no_table", "column_missing", "column_twice", "too_many_rows", "too_many_cells",
               "name_malformed", "date_malformed", "no_child", "nik_malformed",
               "answer_malformed", "twice")  # fmt: skip
    assert all(texts(f"roster.fault.{reason}") for reason in reasons)
    assert str(ROSTER_PUPILS) in texts("roster.fault.too_many_rows")
