"""No personal data on the bus, by construction: names, free text and patterns of every schema."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar, cast

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from shared.contracts import CATALOGUE, Event
from shared.contracts.__main__ import here
from shared.contracts.archive import example_files, schema_files
from shared.contracts.asyncapi import headers_schema
from shared.contracts.event import AggregateId, Part, PublicText
from shared.contracts.schema import Schema, example_of, schema_of
from shared.contracts.text import holds_number
from tests.contract.walk import values

PUBLIC_NAMES = {
    ("intake.programme_published.v1", "name"),
    ("intake.programme_published.v1", "owner"),
    ("intake.programme_published.v1", "services[].name"),
    ("intake.programme_published.v1", "survey_questions[].wording"),
    ("scheduler.event_scheduled.v1", "name"),
    ("scheduler.event_scheduled.v1", "place"),
    ("scheduler.event_scheduled.v1", "booths[].agency"),
}
"""Names of programmes, offices, places and services, and questions that a programme asks of all.

Nothing else may be written freely."""

# One line a word would be two pages: the lists are meant to be read through.
# fmt: off
WORDS = {
    "nik", "kk", "nkk", "npwp", "bpjs", "sim", "passport", "paspor", "identity", "ktp", "card",
    "biometric", "fingerprint", "iris", "face", "name", "names", "nama", "fullname", "surname",
    "nickname", "alias", "person", "resident", "applicant", "recipient", "pemohon", "penduduk",
    "warga", "pelapor", "reporter", "witness", "saksi", "complainant", "phone", "telephone",
    "mobile", "msisdn", "hp", "telp", "telepon", "ponsel", "wa", "whatsapp", "contact", "kontak",
    "email", "mail", "surel", "address", "alamat", "street", "jalan", "rt", "house", "rumah",
    "postcode", "kodepos", "birth", "birthday", "born", "dob", "lahir", "age", "umur", "usia",
    "gender", "sex", "kelamin", "religion", "agama", "blood", "golongan", "marital", "kawin",
    "perkawinan", "ethnicity", "suku", "nationality", "disability", "disabilitas", "occupation",
    "pekerjaan", "education", "pendidikan", "health", "diagnosis", "mother", "father", "parent",
    "spouse", "child", "children", "ibu", "ayah", "bapak", "anak", "suami", "istri", "wali",
    "guardian", "family", "keluarga", "kin", "tracking", "pelacakan", "token", "otp", "pin",
    "password", "secret", "photo", "foto", "picture", "image", "selfie", "gambar", "signature",
    "ttd", "tandatangan", "attachment", "lampiran", "lat", "lon", "lng", "latitude", "longitude",
    "lintang", "bujur", "coordinates", "koordinat", "geo", "gps", "location", "lokasi", "note",
    "notes", "catatan", "remark", "remarks", "comment", "comments", "komentar", "message", "pesan",
    "text", "free", "body",
}
"""Words that no property name may contain, in the languages of code and office."""

STEMS = (
    "nomorkk", "nokk", "familycard", "kartukeluarga", "noktp", "fullname", "firstname", "lastname",
    "mothername", "namaibu", "phonenumber", "notelp", "nohp", "alamat", "address", "birth", "lahir",
    "tracking", "signature", "latitude", "longitude", "kelamin", "religion", "email", "whatsapp",
)
"""What is found also where words are written together."""
# fmt: on

BOUNDED_FORMATS = {"date", "date-time", "time", "uuid", "duration"}
PROSE = ("Siti Aminah", "+6281234567890", "siti@example.org", "Jl. Merdeka No. 5", "-6.24,107.05")
MADE_UP_NIK = "3216990101900001"


def personal(event_type: str, schema: Schema) -> list[str]:
    """What in a schema could carry personal data, each as `path: reason`."""
    return [
        f"{path}: {reason}"
        for path, value in values(schema)
        for reason in _reasons(path, value)
        if (event_type, path) not in PUBLIC_NAMES
    ]


def _reasons(path: str, value: Schema) -> Iterator[str]:
    name = re.sub(r"[\[\]{}]", "", path.rpartition(".")[2])
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_").split("_")
    if WORDS & set(words) or any(stem in "".join(words) for stem in STEMS):
        yield f"{name} names personal data"
    if "type" not in value and "enum" not in value and "const" not in value:
        yield "anything may be written here"
    if value.get("additionalProperties"):
        yield "free keys"
    if value.get("type") == "string":
        yield from _text_reasons(value)


def _text_reasons(value: Schema) -> Iterator[str]:
    listed = "enum" in value or "const" in value or value.get("format") in BOUNDED_FORMATS
    if not listed and "pattern" not in value:
        yield "free text"
    if "pattern" in value:
        pattern = re.compile(value["pattern"])
        yield from (f"the pattern lets {text!r} through" for text in PROSE if pattern.search(text))
        if pattern.search(MADE_UP_NIK):
            yield "the pattern lets a NIK through"


SCHEMAS = [
    *(pytest.param(name, schema_of(event), id=name) for name, event in CATALOGUE.items()),
    *(
        pytest.param(name, json.loads(file.read_text(encoding="utf-8")), id=file.name)
        for name in CATALOGUE
        for file in schema_files(here().published, name)
    ),
    pytest.param("headers", headers_schema(), id="headers"),
]


@pytest.mark.parametrize(("event_type", "schema"), SCHEMAS)
def test_no_schema_has_room_for_personal_data(event_type: str, schema: Schema) -> None:
    assert personal(event_type, schema) == []


def test_public_names_are_only_those_that_exist_and_are_short() -> None:
    there = {
        (event_type, path): value
        for event_type, event in CATALOGUE.items()
        for path, value in values(schema_of(event))
        if (event_type, path) in PUBLIC_NAMES
    }

    assert set(there) == PUBLIC_NAMES
    assert all(value["maxLength"] <= 200 for value in there.values())


NUMBERS = (
    MADE_UP_NIK,
    "NIK-" + MADE_UP_NIK,
    "n" + MADE_UP_NIK,
    "32.16.99.010190.0001",
    "3216-9901-0190-0001",
    "081234567890",
    "0812-3456-789",
    "wa_081_234_567",
    "62/812/3456/789",
    "+62 812 3456 7890",
    "(0812) 345-67-89",
    MADE_UP_NIK + "-7a51-7c3e-9a5e-0d2f4b6a8c10",
)
HIDDEN = ("botram\u202e", "\u200bbotram", "bot\u2066ram", "botram\n", "bot\x00ram", "\ufeffbotram")


def leaves(body: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every text in a body."""
    if isinstance(body, str):
        yield path
    if isinstance(body, dict | list):
        for key, value in body.items() if isinstance(body, dict) else enumerate(body):
            yield from leaves(value, (*path, key))


def put(body: Any, path: tuple[str | int, ...], value: str) -> Any:
    """The body with another text at the path."""
    changed = copy.deepcopy(body)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


TEXTS = [
    pytest.param(event, path, id=f"{name}-{'.'.join(map(str, path))}")
    for name, event in CATALOGUE.items()
    for path in leaves(example_of(event))
]


@pytest.mark.parametrize(("event", "path"), TEXTS)
@pytest.mark.parametrize("value", [*NUMBERS, *HIDDEN])
def test_no_text_of_an_event_takes_a_number_of_somebody_or_a_hidden_character(
    event: type[Event], path: tuple[str | int, ...], value: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        event.model_validate(put(example_of(event), path, value))

    assert path in {error["loc"][: len(path)] for error in refused.value.errors()}


@pytest.mark.parametrize("value", [*NUMBERS, *HIDDEN[:3], HIDDEN[4], HIDDEN[5]])
def test_no_published_pattern_takes_one_either(value: str) -> None:
    for param in SCHEMAS:
        for path, part in values(cast("Schema", param.values[1])):
            # A count of changes in digits; whoever reads it holds it to a bound.
            if "pattern" in part and path != "ce-sequence":
                assert re.search(part["pattern"], value) is None, path


@pytest.mark.parametrize(
    "value",
    [
        "0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c10",
        "01901234-5678-7123-9123-012345678901",
        "botram-2023-03-11-setu",
        "botram-2023-03-11-setu/KIA/17",
        "01901234-5678-7123-9123-012345678901/KIA/17",
        "a",
    ],
)
def test_ids_in_use_stay_ids(value: str) -> None:
    assert TypeAdapter(AggregateId).validate_python(value) == value
    assert not holds_number(value)


@pytest.mark.parametrize(
    "value",
    ["Balai Desa “Ceria”, RW 05", "Stadion Mini Desa Cijengkol", "Café & Co. (lt. 2)", "Jl. 12"],
)
def test_public_names_in_use_stay_names(value: str) -> None:
    assert TypeAdapter(PublicText).validate_python(value) == value


@pytest.mark.parametrize("value", NUMBERS)
def test_the_same_numbers_are_found_in_any_text(value: str) -> None:
    assert holds_number(value)


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_no_example_looks_like_a_person(event_type: str) -> None:
    for file in example_files(here().published, event_type):
        text = file.read_text(encoding="utf-8")
        assert re.search(r"(?<![0-9a-f-])[0-9]{16}(?![0-9a-f-])", text) is None
        assert re.search(r"(\+62|\b08|\b628)[0-9]{7,}|@", text) is None


class Made(Event):
    """A made-up event, to show what the walk finds."""

    type: ClassVar[str] = "desk.letter_opened.v1"
    aggregate_field: ClassVar[str] = "letter_id"
    correlation_field: ClassVar[str] = "letter_id"

    letter_id: str = Field(pattern="^[a-z]{1,9}$")


class Clean(Made):
    """Nothing of a person."""

    pages: int
    kind: str = Field(pattern="^[a-z]{1,9}$")


class WithNik(Made):
    """The number of a person."""

    nik: str = Field(pattern="^[0-9]{16}$")


class WithFreeText(Made):
    """Text without a bound."""

    kind: str


class WithLongText(Made):
    """Text with no more than a length."""

    kind: str = Field(max_length=200)


class WithWidePattern(Made):
    """A pattern that anything fits."""

    kind: str = Field(pattern="^.{1,40}$")


class WithHiddenNik(Made):
    """The number of a person under a harmless name."""

    code: str = Field(pattern="^[0-9]{1,16}$")


class WithAnything(Made):
    """A value of no type."""

    extra: Any


class WithFreeKeys(Made):
    """Keys that somebody makes up."""

    totals: dict[str, int]


class Holder(Part):
    """A value two levels down."""

    mother_name: str | None = Field(default=None, pattern="^[A-Z]{1,9}$")


class Shelf(Part):
    """A value that holds others."""

    holders: tuple[Holder, ...]


class WithDeepName(Made):
    """A name two levels down, optional, inside elements."""

    shelf: Shelf


@pytest.mark.parametrize(
    ("event", "finding"),
    [
        (WithNik, "nik: nik names personal data"),
        (WithFreeText, "kind: free text"),
        (WithLongText, "kind: free text"),
        (WithWidePattern, "kind: the pattern lets 'Siti Aminah' through"),
        (WithHiddenNik, "code: the pattern lets a NIK through"),
        (WithAnything, "extra: anything may be written here"),
        (WithFreeKeys, "totals: free keys"),
        (WithDeepName, "shelf.holders[].mother_name: mother_name names personal data"),
    ],
)
def test_the_walk_finds(event: type[Event], finding: str) -> None:
    assert finding in personal(event.type, schema_of(event))


def test_the_walk_finds_nothing_where_nothing_is() -> None:
    assert personal(Clean.type, schema_of(Clean)) == []


@pytest.mark.parametrize(
    "name",
    [
        "nik",
        "applicant_nik",
        "nomor_kk",
        "no_kk",
        "familyCardNumber",
        "name",
        "nama_lengkap",
        "mother_name",
        "namaIbu",
        "phone",
        "phoneNumber",
        "no_hp",
        "whatsapp",
        "email",
        "alamat",
        "home_address",
        "rt",
        "tempat_lahir",
        "birth_date",
        "dob",
        "gender",
        "jenis_kelamin",
        "agama",
        "religion",
        "tracking_code",
        "photo_key",
        "foto",
        "signature",
        "ttd",
        "latitude",
        "lng",
        "catatan",
        "recipient_name",
    ],
)
def test_a_name_of_personal_data_is_found_in_both_languages(name: str) -> None:
    schema = {"type": "object", "properties": {name: {"type": "boolean"}}}

    assert personal("desk.letter_opened.v1", schema) == [f"{name}: {name} names personal data"]


@pytest.mark.parametrize("name", ["rw", "region_code", "part", "start", "visitors", "on", "agency"])
def test_a_harmless_name_is_left_alone(name: str) -> None:
    schema = {"type": "object", "properties": {name: {"type": "boolean"}}}

    assert personal("desk.letter_opened.v1", schema) == []
