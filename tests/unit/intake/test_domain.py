"""Days, persons, codes, regions and programmes."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import (
    CalendarExceptions,
    Refused,
    Secrets,
    checked_address,
    checked_name,
    checked_nik,
    digest,
    due_day,
    is_village,
    is_working_day,
    local_day,
    mask_nik,
    mask_phone,
    office_region,
    open_case,
    within,
)
from services.intake.domain.person import NIK as NIK_PATTERN
from services.intake.domain.person import Person
from services.intake.domain.tracking import ALPHABET
from services.intake.usecases import checked_phone
from tests.unit.intake.sample import (
    BOTRAM,
    HALO_PAMOR,
    NIK,
    SATURDAY,
    SETU,
    Closed,
    at_event,
    at_home,
)

FULL_WIDTH, ARABIC_INDIC = 0xFF10, 0x0660


def in_digits_from(zero: int, number: str) -> str:
    """Return a number in the digits of another script, which Unicode calls digits too."""
    return "".join(chr(zero + int(digit)) for digit in number)


NONE = CalendarExceptions()
NYEPI = (date(2023, 3, 22), date(2023, 3, 23))


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        (date(2023, 3, 11), 3, date(2023, 3, 15)),
        (date(2023, 3, 13), 3, date(2023, 3, 16)),
        (date(2023, 3, 17), 1, date(2023, 3, 20)),
        (date(2023, 3, 20), 3, date(2023, 3, 27)),
        (date(2023, 3, 20), 0, date(2023, 3, 20)),
    ],
)
def test_the_standard_counts_working_days_from_the_next_day(
    received: date, days: int, due: date
) -> None:
    assert due_day(received, days, Closed(NYEPI), NONE) == due


def test_the_programmes_own_days_come_before_the_national_calendar() -> None:
    closed, opened = date(2023, 3, 14), date(2023, 3, 22)
    exceptions = CalendarExceptions(frozenset({closed}), frozenset({opened}))

    assert not is_working_day(closed, Closed(), exceptions)
    assert is_working_day(opened, Closed(NYEPI), exceptions)
    assert due_day(date(2023, 3, 11), 3, Closed(), exceptions) == date(2023, 3, 16)


def test_a_day_is_the_day_of_the_programmes_zone() -> None:
    evening = datetime(2023, 3, 10, 16, 30, tzinfo=UTC)

    assert local_day(evening, "Asia/Jakarta") == date(2023, 3, 10)
    assert local_day(evening, "Asia/Makassar") == date(2023, 3, 11)
    assert local_day(evening, "Asia/Jayapura") == date(2023, 3, 11)


@pytest.mark.parametrize(
    "nik",
    [NIK, "3216995203850001", "3216997103850001", "3216992902000001", "3216992902040001"],
)
def test_a_nik_of_the_right_shape_is_kept_as_text(nik: str) -> None:
    assert checked_nik(nik) == nik


@pytest.mark.parametrize(
    "nik",
    [
        "3216993102850001",
        "3216994003850001",
        "3216997203850001",
        "3216991203850000",
        "0016991203850001",
        "3200991203850001",
        "3216001203850001",
        "321699120385001",
        "32169912038500011",
        "3216992902010001",
        "3216990003850001",
        "3216991213850001",
        in_digits_from(FULL_WIDTH, NIK),
        in_digits_from(ARABIC_INDIC, NIK),
        "3216991203850001\n",
        "",
    ],
)
def test_what_can_be_no_nik_is_refused_by_name_and_without_its_digits(nik: str) -> None:
    with pytest.raises(Refused) as refused:
        checked_nik(nik)

    assert refused.value.reason == "nik_malformed"
    assert refused.value.detail.startswith("nik: ")
    assert not nik or nik not in str(refused.value)


@pytest.mark.parametrize("written", ["3216 9912 0385 0001", "32.16.99.120385.0001", f" {NIK} "])
def test_a_nik_is_read_as_people_write_it(written: str) -> None:
    assert checked_nik(written) == NIK


@pytest.mark.parametrize("name", ["S", "Sukarno", "Siti Nur'aini", "a" * 60, "  Budi  "])
def test_a_name_of_one_word_is_a_name(name: str) -> None:
    assert checked_name(name) == name.strip()


@pytest.mark.parametrize("name", ["", "   ", "a" * 61, "Budi\nSiti", "Budi\u202eSiti", "\x00"])
def test_a_name_is_one_line_of_sixty_characters(name: str) -> None:
    with pytest.raises(Refused, match="name_malformed"):
        checked_name(name)


def test_an_address_has_its_limit() -> None:
    assert checked_address(" Gang Contoh 1 ") == "Gang Contoh 1"
    assert len(checked_address("x" * 200)) == 200
    with pytest.raises(Refused, match="1 to 200"):
        checked_address("x" * 201)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("081234567890", "+6281234567890"),
        ("6281234567890", "+6281234567890"),
        ("8123456789", "+628123456789"),
        ("+62081234567890", "+6281234567890"),
        ("+62 812-3456-7890", "+6281234567890"),
        ("(0812) 3456.7890", "+6281234567890"),
        ("081123456789", "+6281123456789"),
        ("+60 12-345 6789", "+60123456789"),
        ("+966 50 123 4567", "+966501234567"),
        ("+852 5123 4567", "+85251234567"),
    ],
)
def test_a_mobile_number_is_kept_as_e164(written: str, kept: str) -> None:
    assert checked_phone(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "08123456789012",
        "0841234567",
        "021-89970065",
        "+60 3-2161 0000",
        "+999 12345678",
        "+1 900 123 4567",
        "60123456789",
        "0812345",
        in_digits_from(FULL_WIDTH, "081234567890"),
        "+6281234567890x",
        "",
    ],
)
def test_any_other_number_is_refused(written: str) -> None:
    with pytest.raises(Refused, match=r"phone: a mobile number"):
        checked_phone(written)


def test_masks_show_no_more_than_tells_two_apart() -> None:
    assert mask_nik(NIK) == "3216********0001"
    assert mask_phone("+6281234567890") == "+62********890"


def test_a_code_is_sixteen_signs_in_groups_and_always_the_same() -> None:
    codes = Secrets(b"s" * 32)

    code = codes.code("one")

    assert re.fullmatch(rf"([{ALPHABET}]{{4}}-){{3}}[{ALPHABET}]{{4}}", code)
    assert codes.code("one") == code
    assert codes.code("two") != code
    assert Secrets(b"t" * 32).code("one") != code


def test_a_receipt_code_is_another_one_and_short() -> None:
    codes = Secrets(b"s" * 32)

    code = codes.receipt_code("one")

    assert re.fullmatch(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", code)
    assert code.replace("-", "") not in codes.code("one").replace("-", "")
    assert codes.confirms("one", code.lower().replace("-", " ").replace("0", "o"))
    assert not codes.confirms("two", code)
    assert not codes.confirms("one", codes.code("one"))
    assert not codes.confirms("one", "")
    assert not codes.confirms("one", "é🙂")


def test_a_code_is_read_as_people_write_it() -> None:
    stored = digest("10AB-0C1D-EFGH-JKMN")

    assert digest("10ab 0c1d efgh jkmn") == stored
    assert digest(" IOab0clDefghJKMN") == stored
    assert digest("10AB-0C1D-EFGH-JKMP") != stored
    assert len(stored) == 64


@given(st.text(max_size=80))
def test_any_text_has_a_digest_that_holds_nothing_of_it(text: str) -> None:
    assert re.fullmatch("[0-9a-f]{64}", digest(text))


@given(st.uuids().map(str))
def test_codes_survive_their_own_folding(case_id: str) -> None:
    code = Secrets(b"s" * 32).code(case_id)

    assert digest(code.lower().replace("-", "").replace("0", "o").replace("1", "l")) == digest(code)


def test_regions_are_compared_by_segment() -> None:
    assert within("32.16.18.2001", "32.16")
    assert within("32.16", "32.16")
    assert not within("32.1", "32.16")
    assert not within("32.160", "32.16")
    assert is_village("32.16.18.2001")
    assert not is_village("32.16.18")


def test_neighbours_are_worked_where_the_event_or_the_programme_is() -> None:
    assert office_region(BOTRAM, SETU, "32.75.01.1001") == "32.16.18"
    assert office_region(BOTRAM, None, "32.16.06.2001") == "32.16.06.2001"
    assert office_region(BOTRAM, None, "32.75.01.1001") == "32.16"


@pytest.mark.parametrize(
    ("changed", "reason", "field"),
    [
        ({"service": "BIRTH_CERT"}, "service_not_offered", "service"),
        ({"service": "IKD"}, "service_not_at_event", "service"),
        ({"channel": "whatsapp"}, "channel_not_offered", "channel"),
        (
            {"deliver": True, "rw": "001", "person": Person("Ani", address="Gang 1")},
            "no_pick_up_and_delivery",
            "pick_up, deliver",
        ),
    ],
)
def test_a_programme_refuses_what_it_does_not_offer(
    changed: dict[str, object], reason: str, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        open_case(at_event(**changed), BOTRAM, SETU, SATURDAY, Closed())

    assert refused.value.reason == reason
    assert refused.value.detail.startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"region_code": "32.75.01"}, "village_needed"),
        ({"rw": None}, "rw_needed"),
        ({"person": Person("Ani")}, "address_needed"),
        ({"region_code": "32.16.18.2001"}, "outside_programme_region"),
        ({"service": "IKD"}, "no_pick_up_and_delivery"),
    ],
)
def test_nobody_comes_to_a_door_that_cannot_be_found(
    changed: dict[str, object], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        open_case(at_home(**changed), HALO_PAMOR, None, SATURDAY, Closed())


def test_an_event_of_another_programme_is_none_of_ours() -> None:
    foreign = replace(SETU, programme_id="sregep")

    with pytest.raises(Refused, match="event_of_another_programme"):
        open_case(at_event(), BOTRAM, foreign, SATURDAY, Closed())


def test_a_programme_without_a_standard_promises_no_day() -> None:
    assert open_case(at_home(), HALO_PAMOR, None, SATURDAY, Closed()).due_on is None
    assert open_case(at_event(), BOTRAM, SETU, SATURDAY, Closed()).due_on == date(2023, 3, 15)


def test_a_programme_published_again_is_the_same_or_the_next_version() -> None:
    assert BOTRAM.succeeded_by(replace(BOTRAM, version=0)) is BOTRAM
    assert BOTRAM.succeeded_by(replace(BOTRAM, name="Botram")).version == 2


def test_a_time_zone_stays_for_ever() -> None:
    with pytest.raises(Refused, match="time_zone_fixed"):
        BOTRAM.succeeded_by(replace(BOTRAM, time_zone="Asia/Makassar"))


def test_a_copy_stays_a_copy_when_it_is_published_by_itself() -> None:
    copy = BOTRAM.copied("sregep", "SREGEP", "Bagian Kesra Setda Kabupaten Bekasi")

    assert (copy.version, copy.copied_from, copy.services) == (1, "botram", BOTRAM.services)
    assert copy.succeeded_by(replace(copy, copied_from=None)) is copy
    with pytest.raises(Refused, match="programme_exists"):
        BOTRAM.copied("botram", "BOTRAM", "Somebody")


def test_the_newest_secret_makes_codes_and_all_of_them_verify() -> None:
    old, new = b"o" * 32, b"n" * 32
    before, after = Secrets(old), Secrets(new, old)
    tracking = digest(before.code("one"))

    assert after.code("one") == Secrets(new).code("one") != before.code("one")
    assert after.confirms("one", before.receipt_code("one"))
    assert after.confirms("one", after.receipt_code("one"))
    assert not Secrets(new).confirms("one", before.receipt_code("one"))
    assert after.code("one", tracking) == before.code("one")
    assert after.receipt_code("one", tracking) == before.receipt_code("one")


def test_every_day_of_either_century_and_no_other_can_stand_in_a_nik() -> None:
    first, last = date(1900, 1, 1), date(2000, 1, 1) + timedelta(days=36_524)
    born = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    days = {f"{one:%d%m%y}" for one in born} | {f"{one.day + 40}{one:%m%y}" for one in born}
    pattern = re.compile(NIK_PATTERN)
    parts = product(range(100), range(14), range(100))
    every = (f"{day:02}{month:02}{year:02}" for day, month, year in parts)
    assert {one for one in every if pattern.fullmatch(f"321699{one}0001")} == days
