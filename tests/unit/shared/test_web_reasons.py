"""Every kind of error of pydantic has words, and none shows a pattern."""

from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core._pydantic_core import list_all_errors

from shared.contracts.event import (
    AggregateId,
    NeighbourhoodUnit,
    TypedNeighbourhoodUnit,
    TypedRegionCode,
)
from shared.web.reasons import reason_of


@pytest.mark.parametrize("error", list_all_errors(), ids=lambda error: error["type"])
def test_every_error_is_told_in_words(error: dict[str, object]) -> None:
    shown = {"type": error["type"], "msg": "x", "ctx": error.get("example_context") or {}}
    said = reason_of(shown)
    assert said
    assert not set(said) & set("^$[]{}\\")


def refusal(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    return reason_of({**refused.value.errors()[0]})


def test_a_pattern_is_not_shown() -> None:
    assert refusal(Annotated[str, Field(pattern="^[0-9]{3}$")], "x") == (
        "is not written as this field needs it"
    )


@pytest.mark.parametrize("typed", ["000", "RW 0", "", "1234", "RT 05", "5a", 5])
def test_what_is_no_rw_is_refused_in_its_words(typed: object) -> None:
    assert refusal(TypedNeighbourhoodUnit, typed) == "an RW has three digits, 001 to 999"


@pytest.mark.parametrize("typed", ["5", "05", "005", "RW 05", "rw.5", "RW005", " 5 "])
def test_an_rw_is_understood_as_it_is_typed(typed: str) -> None:
    assert TypeAdapter(TypedNeighbourhoodUnit).validate_python(typed) == "005"


@pytest.mark.parametrize("typed", ["5", "000", "RW 05"])
def test_events_hold_an_rw_in_one_form_alone(typed: str) -> None:
    assert refusal(NeighbourhoodUnit, typed) == "an RW has three digits, 001 to 999"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("3275011001", "32.75.01.1001"),
        ("327501", "32.75.01"),
        ("3275", "32.75"),
        ("32", "32"),
        ("32.75.01.1001", "32.75.01.1001"),
    ],
)
def test_a_region_code_is_understood_without_dots(typed: str, code: str) -> None:
    assert TypeAdapter(TypedRegionCode).validate_python(typed) == code


@pytest.mark.parametrize("typed", ["327", "32750110011", "3216990101900001", "Setu"])
def test_what_is_no_region_code_is_refused_in_its_words(typed: str) -> None:
    assert "region code such as 32" in refusal(TypedRegionCode, typed)


def test_a_hidden_character_is_named() -> None:
    assert refusal(AggregateId, "setu\u202e").startswith("holds a character that cannot be seen; ")
