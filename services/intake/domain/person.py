"""Who asks: names, numbers and phones, and what is a mistake in them.

Nothing here proves anything about a person: a NIK has no check digit, keeps its digits when birth
date or sex are corrected (Permendagri 108/2019 article 15(3)) and says where somebody was first
registered, not where he lives. So only what can be no NIK at all is refused.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Final

from services.intake.domain.refusal import Refused

NAME_LIMIT: Final = 60
"""Characters with spaces (Permendagri 73/2022); one word is enough, older names stay valid."""
ADDRESS_LIMIT: Final = 200
UNNAMED: Final = "tidak disebut"
"""What stands where a name would, and nobody said it: of a history that is brought in."""

FIRST_BIRTH: Final = date(1900, 1, 1)
"""Nobody who asks was born before."""

_NIK: Final = re.compile(r"[0-9]{16}")
_PLACE: Final = r"(?!00)[0-9]{2}(?!00)[0-9]{2}(?!00)[0-9]{2}"
_BIRTH: Final = (
    r"(?:0[1-9]|1[0-9]|2[0-8]|4[1-9]|5[0-9]|6[0-8])(?:0[1-9]|1[0-2])[0-9]{2}"
    r"|(?:29|30|69|70)(?:0[13-9]|1[0-2])[0-9]{2}"
    r"|(?:29|69)02(?:[02468][048]|[13579][26])"
    r"|(?:31|71)(?:0[13578]|1[02])[0-9]{2}"
)
"""DDMMYY, a day of either century; a woman's has 40 more (PP 37/2007 article 37)."""
_SERIAL: Final = r"(?!0000)[0-9]{4}"
NIK: Final = f"{_PLACE}(?:{_BIRTH}){_SERIAL}"
"""The pattern of all that can be a NIK: for pages that go on without the office."""
_NIK_NOISE: Final = str.maketrans({" ": None, ".": None})
_PHONE_NOISE: Final = re.compile(r"[ .()-]")
MOBILE: Final = r"(?:\+?620?|0)?(8[1-35-9][0-9]{7,10})"
"""The pattern of an Indonesian mobile number without blanks and other marks."""
FOREIGN: Final = r"\+(?!62)[0-9]{7,15}"
"""What may be a foreign one; the office looks more closely."""
_MOBILE: Final = re.compile(MOBILE)


@dataclass(frozen=True, slots=True)
class Person:
    """Who a case is about. A newborn has no NIK, and not everybody has a phone.

    A history may name a NIK alone, or nobody: then nothing is said of him at all. It does not show
    itself: what prints it for a log or an error prints no person.
    """

    name: str = field(default="", repr=False)
    nik: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    birth_date: str | None = field(default=None, repr=False)
    """As `YYYY-MM-DD`; a NIK does not state the century."""

    @property
    def said(self) -> Mapping[str, str]:
        """Return the fields that are known, by their names."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def identity(self) -> str | None:
        """Return what two requests of one person have in common; None where nothing is sure.

        The NIK; without one the phone and the name, for a phone is often shared in a family.
        """
        if self.nik is not None:
            return f"nik:{self.nik}"
        if self.phone is None:
            return None
        return f"phone:{self.phone}:{' '.join(self.name.casefold().split())}"

    @property
    def sure_identity(self) -> str | None:
        """Return what tells for certain that two requests are of one resident: the NIK alone.

        Two persons who were taken for one cannot be told apart again: they share a key.
        """
        return self.identity if self.nik is not None else None


def checked_name(text: str) -> str:
    """Return a name of 1 to 60 characters without the blanks around it."""
    return _line("name", text, NAME_LIMIT)


def checked_address(text: str) -> str:
    """Return an address of 1 to 200 characters without the blanks around it."""
    return _line("address", text, ADDRESS_LIMIT)


def checked_nik(written: str) -> str:
    """Return a NIK as 16 digits `PPKKCCDDMMYYSSSS`, also where it has spaces or dots.

    Raises Refused where it can be none.
    """
    text = written.strip(" ").translate(_NIK_NOISE)
    if not _NIK.fullmatch(text):
        raise Refused("nik_malformed", "nik: 16 digits 0 to 9 are needed")
    if not re.fullmatch(_PLACE, text[:6]):
        raise Refused("nik_malformed", "nik: the region in its first six digits cannot be")
    if not re.fullmatch(_BIRTH, text[6:12]):
        raise Refused("nik_malformed", "nik: the day in its digits 7 to 12 cannot be")
    if not re.fullmatch(_SERIAL, text[12:]):
        raise Refused("nik_malformed", "nik: the serial number in its last four digits begins at 1")
    return text


def indonesian_mobile(text: str) -> str | None:
    """Return an Indonesian mobile number as E.164, `+62812...`; None where it is none."""
    found = _MOBILE.fullmatch(_PHONE_NOISE.sub("", text))
    return f"+62{found[1]}" if found else None


def mask_nik(nik: str) -> str:
    """Return a NIK as a page may show it: 3216********0001."""
    return f"{nik[:4]}{'*' * 8}{nik[-4:]}"


def mask_phone(phone: str) -> str:
    """Return a phone number as a page may show it: its last three digits alone."""
    return f"{phone[:3]}{'*' * (len(phone) - 6)}{phone[-3:]}"


def _line(field: str, text: str, limit: int) -> str:
    line = text.strip()
    if not 0 < len(line) <= limit:
        raise Refused(f"{field}_malformed", f"{field}: 1 to {limit} characters are needed")
    if not line.isprintable():
        raise Refused(f"{field}_malformed", f"{field}: control characters are not allowed")
    return line


def born_by(born: date, on: date) -> bool:
    """Return whether somebody who asks on a day can have been born on another."""
    return FIRST_BIRTH <= born <= on


def require_born(people: Iterable[Person], on: date) -> None:
    """Refuse people who were not born on the day on which something is asked for them.

    Raises Refused: `birth_date_impossible`.
    """
    said = [date.fromisoformat(one.birth_date) for one in people if one.birth_date]
    if not all(born_by(born, on) for born in said):
        why = f"birth_date: from {FIRST_BIRTH} until the day of the request, {on}"
        raise Refused("birth_date_impossible", why)
