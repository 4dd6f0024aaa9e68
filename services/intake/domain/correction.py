"""Corrections of what is held about somebody: how many, and what follows (UU 27/2022 art. 30)."""

from dataclasses import replace
from datetime import date
from typing import Final

from services.intake.domain.calendar import local_day
from services.intake.domain.case import Case, Fact
from services.intake.domain.parties import is_child
from services.intake.domain.person import Person, require_born
from services.intake.domain.refusal import Refused
from services.intake.domain.resident import Party

CORRECTIONS_LIMIT: Final = 20
"""Corrections of what was said of one party of one case; each keeps what stood before."""


def former_id(statement: str, version: int) -> str:
    """Return where a version of a statement stays. Raises Refused after too many corrections."""
    if version > CORRECTIONS_LIMIT:
        why = f"resident: a statement of his was corrected {CORRECTIONS_LIMIT} times already"
        raise Refused("too_many_corrections", why)
    return f"{statement}.{version}"


def with_birth_date(case: Case, party: str, birth_date: str) -> Case:
    """Return the case as it is a child's or not, now that a party's birth date is another.

    It counts of whom the request is about alone, by his age on the day it was received. Raises
    Refused: `birth_date_impossible`.
    """
    about = Party.SUBJECT if Party.SUBJECT in case.parties else Party.APPLICANT
    on = local_day(case.facts[Fact.RECEIVED], case.time_zone)
    require_born([Person(birth_date=birth_date)], on)
    child = is_child(date.fromisoformat(birth_date), on)
    if party != about or child is case.child:
        return case
    return replace(case, version=case.version + 1, child=child)
