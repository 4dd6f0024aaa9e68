"""What the worker finds of an issued document: name and numbers, signature, and what it refuses."""

import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.files import text, weight
from shared.files.issued import check_issued
from shared.files.likeness import holds_name, holds_number, plain, without_titles
from shared.worker.jobs import JobRefused
from tests.size import examples
from tests.unit.files import letters, samples
from tests.unit.files.letters import card, letter

NIK = "3216995203850001"
LETTERS = string.ascii_lowercase
NAMES = st.lists(st.text(LETTERS, min_size=2, max_size=8), min_size=1, max_size=4).map(" ".join)


def found(data: bytes, name: str = "Siti Contoh", **numbers: str) -> Any:
    return check_issued({"wanted": {"name": name, "nik": NIK, **numbers}}, data).fields


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Siti Contoh", "Nama : SITI CONTOH"),
        ("siti  contoh ", "Siti Contoh"),
        ("Siti Contoh", "SITI\nCONTOH"),
        ("Siti Contoh", "SITI CON\u00ad\nTOH"),
        ("Siti Contoh", "SITI CON-\nTOH"),
        ("Siti Contoh", "SITI\u00a0CONTOH"),
        ("Siti Contoh", "S I T I   C O N T O H"),
        ("Siti Contoh", "1 SITI CONTOH 3216995203850001 PEREMPUAN"),
        ("Siti Contoh", "NAMA LENGKAP SITI CONTOH TEMPAT LAHIR BEKASI"),
        ("Siti Contoh", "telah lahir SITI CONTOH anak ke satu"),
        ("Nuraini", "NUR\u2019AINI"),
        ("Nur'aini", "NURAINI"),
        ("Abdul Rahman", "ABDUL\u2010RAHMAN"),
        ("Rufi Sari", "RU\ufb01 SARI"),
        ("Ahmad Contoh", "H. AHMAD CONTOH, S.Pd."),
        ("H. Ahmad Contoh, S.Pd.I., M.Kes.", "AHMAD CONTOH"),
        ("Ir. Hj. Siti Contoh S.T., M.T.", "SITI CONTOH"),
        ("Dewi, SE", "DEWI"),
        ("Dewi", "Hj. DEWI A.Md.Keb"),
        ("Se", "SE"),
        ("Ahmad S.Utomo", "AHMAD S. UTOMO"),
    ],
)
def test_a_name_is_found_however_it_is_written(name: str, line: str) -> None:
    assert holds_name(plain(line), name)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Siti Contoh", "SITI CONTOM"),
        ("Siti Contoh", "SITI CONTOHA"),
        ("Siti Contoh", "SITI CONTOH A"),
        ("Siti Contoh", "SITI CONTOH SARI"),
        ("Siti Contoh", "Siti Contoh Sari"),
        ("Siti Contoh", "A. SITI CONTOH"),
        ("Siti Contoh", "NUR-SITI CONTOH"),
        ("Siti Contoh Sari", "SITI CONTOH"),
        ("Ani", "RANI"),
        ("Rani", "ANI"),
        ("Ahmad S.Utomo", "AHMAD"),
        ("Siti Contoh", "SITI BINTI CONTOH"),
        ("Siti Contoh", ""),
    ],
)
def test_one_letter_or_one_word_more_or_less_is_another_name(name: str, line: str) -> None:
    assert not holds_name(plain(line), name)


@settings(max_examples=examples(200), deadline=None)
@given(NAMES, st.data())
def test_of_any_name_that_differs_by_one_letter_none_is_taken_for_it(
    name: str, data: st.DataObject
) -> None:
    if without_titles(name) != name:
        return
    assert holds_name(plain(f"Nama : {name.upper()}"), name)
    at = data.draw(st.sampled_from([n for n, sign in enumerate(name) if sign != " "]))
    other = data.draw(st.sampled_from([one for one in LETTERS if one != name[at]]))
    for wrong in (
        name[:at] + other + name[at + 1 :],
        name[:at] + name[at + 1 :],
        name + other,
    ):
        if wrong.replace(" ", "") != name.replace(" ", ""):
            assert not holds_name(plain(f"Nama : {wrong.upper()}"), name), wrong


@pytest.mark.parametrize(
    "line", [NIK, "NIK 3216 9952 0385 0001", "3216.9952.0385.0001.", "321699520385\n0001"]
)
def test_a_number_is_found_with_what_stands_between_its_digits(line: str) -> None:
    assert holds_number(plain(line), NIK)


@pytest.mark.parametrize("line", [f"1{NIK}", f"{NIK}0", NIK[:15], NIK[:15] + "2", ""])
def test_a_number_within_another_is_none(line: str) -> None:
    assert not holds_number(plain(line), NIK)


def test_a_document_is_read_with_its_ligatures_and_letters_set_apart() -> None:
    assert found(card("SITI CONTOH"))["differ"] == []
    assert found(card("RU\ufb01 CONTOH"), "Rufi Contoh")["differ"] == []
    assert found(card("NUR\u00b4AINI\u00a0CONTOH"), "Nuraini Contoh")["differ"] == []
    apart = letter("KARTU IDENTITAS ANAK", NIK, "SITI CONTOH", spread=True)
    assert found(apart)["differ"] == []
    last = letter("KARTU IDENTITAS ANAK", NIK, "SITI CONTOH", pages=3)
    assert found(last)["differ"] == []


def test_every_field_that_is_not_there_is_named() -> None:
    data = card("TONO CONTOH", "3216991203850009")
    assert found(data, kk_number=NIK)["differ"] == ["name", "nik", "kk_number"]
    assert found(letter("KARTU IDENTITAS ANAK", "SITI CONTOH"))["differ"] == ["nik"]


def test_a_scan_has_nothing_to_read_nor_has_a_stamp() -> None:
    for data in (letters.scanned(), letter("Dinas")):
        assert (found(data)["readable"], found(data)["differ"]) == (False, [])


def test_a_signature_is_whole_until_a_byte_is_changed_or_a_page_is() -> None:
    signed = letters.signed(card("SITI CONTOH"))
    twice = letters.signed(signed, "TTE2")
    assert [found(one)["signature"] for one in (card("X"), signed, twice)] == [
        "unsigned",
        "signed",
        "signed",
    ]
    changed = signed.replace(b"/MediaBox", b"/MediaBoy", 1)
    assert changed != signed
    assert found(changed)["signature"] == "damaged"
    assert found(letters.turned_after_signing())["signature"] == "damaged"
    assert found(card("SITI CONTOH") + b"\n% /ByteRange")["signature"] == "damaged"


@pytest.mark.parametrize("make", letters.HOSTILE.values(), ids=letters.HOSTILE)
def test_what_unpacks_to_more_than_may_be_read_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(JobRefused, match="too_costly"):
        found(make())


def test_as_much_as_may_be_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = letter("KARTU IDENTITAS ANAK", NIK, "SITI CONTOH", pages=200)
    assert found(data)["differ"] == []
    monkeypatch.setattr(text, "SIGNS", 10)
    with pytest.raises(JobRefused, match="too_costly"):
        found(data)


def test_forms_are_counted_as_often_as_they_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    data = letters.forms_within_forms(levels=3, times=4)
    assert found(data)["signature"] == "unsigned"
    monkeypatch.setattr(weight, "DRAWN", 1_000)
    with pytest.raises(JobRefused, match="too_costly"):
        found(data)


def test_what_is_no_pdf_is_refused() -> None:
    with pytest.raises(JobRefused):
        found(samples.image())
