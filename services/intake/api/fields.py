"""Fields of intake's bodies as people type them, and how the domain's word on one is answered."""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Final

import phonenumbers
from pydantic import AfterValidator, Field

from services.intake.domain import (
    Refused,
    checked_address,
    checked_name,
    checked_nik,
    indonesian_mobile,
)
from services.intake.usecases import Regions
from shared.contracts.event import TypedRegionCode
from shared.contracts.text import Reason
from shared.web.body import Unfit
from shared.web.problems import FieldError, InvalidFields

_WRITTEN: Final = re.compile(r"[0-9+ .()-]+")
_MOBILE_TYPES: Final = frozenset(
    {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
)
"""In some countries the two cannot be distinguished, the United States among them."""


def checked_phone(text: str) -> str:
    """Return a mobile number as E.164: an Indonesian one as it is written here, or a foreign one.

    A foreign number begins with + and its country. Raises Refused for any other number.
    """
    if (ours := indonesian_mobile(text)) is not None:
        return ours
    try:
        number = phonenumbers.parse(text.strip())
    except phonenumbers.NumberParseException:
        raise _no_mobile() from None
    if not _WRITTEN.fullmatch(text) or phonenumbers.number_type(number) not in _MOBILE_TYPES:
        raise _no_mobile()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _no_mobile() -> Refused:
    return Refused(
        "phone_malformed",
        "phone: a mobile number is needed, 08... or +62 8..., a foreign one with + and its country",
    )


def _fitting(check: Callable[[str], str]) -> AfterValidator:
    """Return a validator that shows a check's message, which repeats no value."""

    def validate(text: str) -> str:
        try:
            return check(text)
        except Refused as refused:
            raise Unfit(_split(refused)[1]) from None

    return AfterValidator(validate)


Name = Annotated[str, _fitting(checked_name)]
Nik = Annotated[str, _fitting(checked_nik)]
Phone = Annotated[str, _fitting(checked_phone)]
Address = Annotated[str, _fitting(checked_address)]
BirthDate = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]
Domicile = Annotated[
    TypedRegionCode,
    Field(min_length=8),
    Reason("a sub-district or village is needed, such as 32.16.18 or 32.16.18.2001"),
]


def invalid(refused: Refused, at: str = "") -> InvalidFields:
    """Return the problem of a field, in the part `at` of a body, that is wrong in every state."""
    field, reason = _split(refused)
    return InvalidFields(FieldError(f"{at}/{field.replace('.', '/')}", reason))


def require_region(regions: Regions, code: str, field: str) -> None:
    """Raise InvalidFields where nothing in the register has this code."""
    if not regions.known(code):
        raise InvalidFields(FieldError(field, "no region of the Kemendagri register has this code"))


def _split(refused: Refused) -> tuple[str, str]:
    field, _, reason = refused.detail.partition(": ")
    return field, reason
