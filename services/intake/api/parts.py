"""What the routes are made of, and how the domain's word on a field is said over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass

from services.intake.domain import Holidays, Refused, TrackingCodes
from services.intake.usecases import Limiter, Reader, Regions, Work
from shared.runtime.commands import Commands
from shared.web.body import Unfit
from shared.web.problems import FieldError, InvalidFields
from shared.web.texts import Texts


@dataclass(frozen=True, slots=True)
class Parts:
    """What the composition root hands to the routes."""

    commands: Commands[Work]
    reader: Reader
    holidays: Holidays
    regions: Regions
    codes: TrackingCodes
    limiter: Limiter
    texts: Texts


def fitting(check: Callable[[str], str]) -> Callable[[str], str]:
    """Return a validator that says what the domain's check says, which repeats no value."""

    def validate(text: str) -> str:
        try:
            return check(text)
        except Refused as refused:
            raise Unfit(_split(refused)[1]) from None

    return validate


def invalid(refused: Refused) -> InvalidFields:
    """Return the problem of a field that is wrong whatever the state."""
    field, reason = _split(refused)
    return InvalidFields(FieldError(f"/{field.replace('.', '/')}", reason))


def require_region(regions: Regions, code: str, field: str) -> None:
    """Raise InvalidFields where nothing in the register has this code."""
    if not regions.known(code):
        raise InvalidFields(FieldError(field, "no region of the Kemendagri register has this code"))


def _split(refused: Refused) -> tuple[str, str]:
    field, _, reason = refused.detail.partition(": ")
    return field, reason
