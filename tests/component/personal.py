"""Numbers of made-up persons, as people write them, where no person belongs."""

from typing import Final

import httpx

NUMBERS: Final = (
    "3216991203850001",
    "3216 9912 0385 0001",
    "3216.9912.0385.0001",
    "3216-9912-0385-0001",
    "081200000001",
    "0812-0000-0001",
    "0812 0000 0001",
    "+6281200000001",
    "+62 812-0000-0001",
    "a-3216991203850001",
    "hp081200000001",
)
"""A NIK of no region (32.16.99) and a mobile number, bare, separated and behind letters."""


def assert_refused(answer: httpx.Response, field: str, number: str) -> None:
    """The answer is a 422 that names the field alone, and repeats nothing of the number."""
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field], answer.text
    assert number not in answer.text
