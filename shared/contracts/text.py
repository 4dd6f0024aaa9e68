"""Building blocks of the text fields: patterns without personal numbers, and reasons in words.

A NIK has 16 digits, a mobile number 10 or more. So no id and no public text may hold nine digits
without a letter between them, however they are separated. The patterns use neither lookahead nor
backreferences: pydantic, JSON Schema tools and RE2 read them alike.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

DIGITS: Final = 8
"""Digits that may follow each other without a letter between them."""

_UUID: Final = (
    "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[1-8][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}"
)
_LATIN: Final = r"A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F\u1E00-\u1EFF"
_MARKS: Final = r" -/:-@\[-`{-~\u00A0-\u00AC\u00AE-\u00BF\u2010-\u2027"
"""Spaces, punctuation and symbols that are shown as they are; no control or format characters."""

_UUIDS: Final = re.compile(rf"(?<![0-9A-Za-z]){_UUID}(?![0-9A-Za-z])")
_DIGIT_RUN: Final = re.compile(rf"[0-9](?:[^0-9A-Za-z]*[0-9]){{{DIGITS}}}")


def token(letters: str, marks: str) -> str:
    """Return the pattern of an id that begins with a letter, such as a code or a slug."""
    return f"^([{letters}]{_digits(marks)})+$"


def identifier(marks: str) -> str:
    """Return the pattern of an opaque id: letters, digits and marks.

    A UUID is exempt, at the start or behind `/` or `:`, with whatever digits chance gave it.
    """
    uuid = f"{_UUID}([{marks}]{_digits(marks)})?"
    return f"^({uuid}|([0-9][{marks}]*){{0,{DIGITS}}})([A-Za-z]{_digits(marks)}|[/:]{uuid})*$"


def public_text() -> str:
    """Return the pattern of a public text: Latin letters, digits, spaces and punctuation."""
    return f"^{_digits(_MARKS)}([{_LATIN}]{_digits(_MARKS)})*$"


def holds_number(text: str) -> bool:
    """Return whether nine digits stand in a text with no letter between them, UUIDs aside."""
    return _DIGIT_RUN.search(_UUIDS.sub("x", text)) is not None


def _digits(marks: str) -> str:
    return f"[{marks}]*([0-9][{marks}]*){{0,{DIGITS}}}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Pydantic metadata: what a person reads when the value is refused, instead of a pattern.

    Stands last in `Annotated`, behind the constraints whose messages it replaces. JSON Schema shows
    the constraints as before.
    """

    words: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the schema with its errors replaced."""
        words = self.words.replace("{", "{{").replace("}", "}}")
        return core_schema.custom_error_schema(handler(source), REASON, custom_error_message=words)


REASON: Final = "malformed_text"
"""The pydantic error type of a `Reason`."""


def rw_number(value: object) -> object:
    """Return an RW as `005`, also where "5", "05" or "RW 05" was typed; other values unchanged."""
    if isinstance(value, str) and (typed := _RW.fullmatch(value.strip())):
        return typed[1].zfill(3)
    return value


def dotted_region(value: object) -> object:
    """Return a region code with its dots, also where 3275011001 was typed."""
    if isinstance(value, str) and (typed := _UNDOTTED.fullmatch(value.strip())):
        return ".".join(part for part in typed.groups() if part)
    return value


def gate_code(value: object) -> object:
    """Return a code in capitals and without gaps, as people read it off a paper."""
    return re.sub(r"[ .-]", "", value).upper() if isinstance(value, str) else value


def require_written_time(value: object) -> object:
    """Refuse numbers, which pydantic takes for seconds since 1970: some are somebody's phone."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE.match(value)):
        return value
    raise PydanticCustomError(REASON, "a time is written 2023-03-11T09:00:00+07:00")


_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RW: Final = re.compile(r"(?:rw)?[ .]*(?:0*)([0-9]{1,3})", re.IGNORECASE)
_UNDOTTED: Final = re.compile(r"([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})([0-9]{4})?)?)?")
