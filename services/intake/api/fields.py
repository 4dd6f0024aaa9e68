"""Fields of intake's bodies as people type them, and how the domain's word on one is answered."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StrictInt, ValidationInfo

from services.intake.domain import (
    Refused,
    checked_address,
    checked_kk_number,
    checked_name,
    checked_nik,
)
from services.intake.domain.complaint import ComplaintKind
from services.intake.domain.person import FIRST_BIRTH
from services.intake.usecases import Regions, checked_phone
from shared.contracts.event import TypedRegionCode
from shared.contracts.intake import TypedArrivalCode
from shared.contracts.text import Reason
from shared.web.body import Unfit
from shared.web.problems import FieldError, InvalidFields


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
KkNumber = Annotated[str, _fitting(checked_kk_number)]
Phone = Annotated[str, _fitting(checked_phone)]
Address = Annotated[str, _fitting(checked_address)]
# That it has come by the day of the request is the domain's to say, which knows that day.
BirthDate = Annotated[date, Field(ge=FIRST_BIRTH, le=date(2199, 12, 31))]
Domicile = Annotated[
    TypedRegionCode,
    Field(min_length=8),
    Reason("a sub-district or village is needed, such as 32.16.18 or 32.16.18.2001"),
]


def _of_an_event(code: str | None, info: ValidationInfo) -> str | None:
    if code is not None and info.data.get("event_id") is None:
        raise Unfit("goes with event_id: codes are given out at an event's gate")
    return code


GateCode = Annotated[TypedArrivalCode | None, AfterValidator(_of_an_event)]
"""What an applicant was given at the gate of the event that the body names before it."""
TimeOfDay = Annotated[
    str,
    Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"),
    Reason("a time of day is written 08:00"),
]

ComplaintDays = dict[ComplaintKind, Annotated[StrictInt, Field(ge=1, le=365)]]
"""Working days in which complaints are answered, by kind; the usual ones are left out."""


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


def require_once(names: Sequence[str], what: str) -> None:
    """Raise Unfit where one of these names is listed twice."""
    if len(set(names)) < len(names):
        raise Unfit(f"{what} is listed twice")
