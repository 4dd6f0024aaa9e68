"""What is wrong with a field, in words: one sentence for each kind of error that pydantic finds.

A sentence is made of the rule alone and repeats nothing of the input. Patterns are never shown: a
value type states in its `Reason` how it is written.
"""

from collections.abc import Mapping
from typing import Any, Final
from unicodedata import category

from shared.contracts.text import REASON
from shared.web.body import Unfit

UNKNOWN_FIELD: Final = "unknown field"
UNFIT: Final = "not a valid value"
"""Shown where an error's own message could repeat the input."""

_DATE: Final = "must be a day, written 2023-03-11"
_TIME: Final = "must be a time with its zone, written 2023-03-11T09:00:00+07:00"
_TEXTS: Final[Mapping[str, str]] = {
    "extra_forbidden": UNKNOWN_FIELD,
    "missing": "is missing",
    "string_type": "must be text",
    "string_unicode": "must be text in UTF-8",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "is not written as this field needs it",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of a usual size",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_max_places": "must have at most {decimal_places} decimals",
    "decimal_whole_digits": "must have at most {whole_digits} digits before the decimals",
    "multiple_of": "must be a multiple of {multiple_of}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "enum": "must be one of: {expected}",
    "literal_error": "must be one of: {expected}",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_aware": _TIME,
    "timezone_naive": "must be a time without a zone",
    "too_short": "must have at least {min_length} in the list",
    "too_long": "must have at most {max_length} in the list",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "dict_type": "must be an object with fields",
    "model_type": "must be an object with fields",
    "model_attributes_type": "must be an object with fields",
    "none_required": "must be null",
}
_LISTED: Final = {"enum", "literal_error"}


def reason_of(error: Mapping[str, Any]) -> str:
    """Return what is wrong, for one entry of a ValidationError's `errors()`."""
    kind, context = error["type"], error.get("ctx", {})
    if isinstance(cause := context.get("error"), Unfit):
        return str(cause)
    if kind == REASON:
        return _hidden(error.get("input")) + str(error["msg"])
    if kind not in _TEXTS:
        return UNFIT
    values = {name: _plain(value) for name, value in context.items()}
    if kind in _LISTED:
        values["expected"] = values["expected"].replace("'", "").replace(" or ", ", ")
    return _TEXTS[kind].format_map(values)


def _plain(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _hidden(value: object) -> str:
    """Name what nobody can see: a pasted character that is not shown, or turns the text around."""
    hides = isinstance(value, str) and any(category(sign).startswith("C") for sign in value)
    return "holds a character that cannot be seen; " if hides else ""
