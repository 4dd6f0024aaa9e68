"""Hints that somebody may ask twice, and how often one person may ask in a day.

A hint is an open case about the same person for the same service, in whatever channel or event. It
is offered to whoever records; nothing is merged. Persons are the same where the NIK is.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.intake.domain import (
    Case,
    Fact,
    Party,
    Programme,
    Refused,
    Resident,
    case_of,
    local_day,
    statement_id,
)
from services.intake.usecases.ports import Reader
from shared.messaging.unit_of_work import UnitOfWork

LOOKED_AT: Final = 20
"""Cases of one person that are looked at for hints, the newest."""


def about(case: Case) -> str | None:
    """Return whom a case is about, as a resident: its subject, else its applicant."""
    return case.parties.get(Party.SUBJECT) or case.parties.get(Party.APPLICANT)


async def earlier_cases(case: Case, uow: UnitOfWork) -> list[str]:
    """Return cases in which whom a new one is about had a part before, the newest of them.

    Its people have just been stored, so nothing is read; a history may have named nobody.
    """
    who = about(case)
    return _others(case.id, await uow.get(Resident, who) if who else None)


def _others(case_id: str, resident: Resident | None) -> list[str]:
    said = resident.said if resident else ()
    known = dict.fromkeys(case_of(one) for one in said)
    return [id_ for id_ in known if id_ != case_id][-LOOKED_AT:]


async def hints_among(case: Case, earlier: Sequence[str], reader: Reader) -> list[Case]:
    """Return those of these cases that are open, about the same person and for the same service."""
    found = [await reader.get(Case, id_) for id_ in earlier]
    return [one for one in found if one is not None and _resembles(one, case)]


async def hints_of(case: Case, reader: Reader) -> list[Case]:
    """Return the hints of a case as they are now, the oldest first."""
    resident_id = about(case)
    resident = await reader.get(Resident, resident_id) if resident_id else None
    return await hints_among(case, _others(case.id, resident), reader)


def _resembles(other: Case, case: Case) -> bool:
    same = other.service == case.service and about(other) == about(case)
    return same and other.outcome is None


async def require_room_today(
    programme: Programme, applicant: Resident, at: datetime, uow: UnitOfWork
) -> None:
    """Refuse where this person has made as many requests today as the programme takes.

    Without a limit nothing is read. Raises Refused: too_many_today.
    """
    limit = programme.requests_per_person_and_day
    if limit is None:
        return
    own = [said for said in applicant.said if said == statement_id(case_of(said), Party.APPLICANT)]
    cases = [await uow.get(Case, case_of(said)) for said in own[-limit:]]
    today = local_day(at, programme.time_zone)
    days = [local_day(one.facts[Fact.RECEIVED], one.time_zone) for one in cases if one is not None]
    if days.count(today) >= limit:
        why = f"applicant: the programme takes {limit} requests of one person a day"
        raise Refused("too_many_today", why)
