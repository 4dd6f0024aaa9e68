"""Mobile numbers as people type them."""

import re
from typing import Final

import phonenumbers

from services.intake.domain import Refused, indonesian_mobile

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
