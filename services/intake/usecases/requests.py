"""Requests: recorded, worked by operators, and confirmed by whoever received the document."""

from datetime import datetime
from typing import Any, Protocol

from services.intake.domain import (
    Fact,
    Holidays,
    NewRequest,
    PlannedEvent,
    Refused,
    Step,
    office_region,
    open_case,
)
from services.intake.usecases.case_events import keep
from services.intake.usecases.ports import Work
from shared.contracts.event import CLOCKS_APART
from shared.messaging.errors import Missing


class Allow(Protocol):
    """Raises where the caller has no right to this."""

    def __call__(self, *, programme: str, office: str, domicile: str, backdated: bool) -> None:
        """Hold the caller against programme, the region that works on it and the domicile.

        `backdated`: the caller says that it happened earlier than now.
        """
        ...


async def record_request(
    new: NewRequest,
    work: Work,
    *,
    holidays: Holidays,
    allow: Allow,
    occurred_at: datetime | None = None,
) -> dict[str, Any]:
    """Record a request and return what its sender is told, all but the tracking code.

    Raises Refused naming field and reason.
    """
    programme = await work.programme(new.programme_id)
    if programme is None:
        raise Refused("programme_unknown", "programme_id: no such programme")
    event = await _event(new, work)
    now = work.now()
    allow(
        programme=programme.id,
        office=office_region(programme, event, new.region_code),
        domicile=new.region_code,
        backdated=_backdated(occurred_at, now),
    )
    case = open_case(new, programme, event, occurred_at or now, holidays)
    work.keep_person(case.id, new.person)
    keep(None, case, work)
    due_on = case.due_on.isoformat() if case.due_on else None
    return {"case_id": case.id, "status": case.state.value, "due_on": due_on}


async def take_step(
    case_id: str, step: Step, work: Work, *, allow: Allow, occurred_at: datetime | None = None
) -> str:
    """Do what an operator decides and return the state that the case is in now.

    Raises Missing, and Refused where the case is not ready for it.
    """
    case = await work.case(case_id)
    if case is None:
        raise Missing("request")
    now = work.now()
    allow(
        programme=case.programme_id,
        office=case.office_region,
        domicile=case.region_code,
        backdated=_backdated(occurred_at, now),
    )
    # Two servers' clocks may differ: what is done now is never before the request itself.
    at = occurred_at or max(now, case.facts[Fact.RECEIVED])
    done = case.step(step, at)
    keep(case, done, work)
    return done.state.value


async def confirm_receipt(case_id: str, work: Work) -> str:
    """Take the recipient's word that the document arrived; raises Missing and Refused."""
    case = await work.case(case_id)
    if case is None:
        raise Missing("request")
    confirmed = case.confirm_receipt(work.now())
    keep(case, confirmed, work)
    return confirmed.state.value


async def _event(new: NewRequest, work: Work) -> PlannedEvent | None:
    if new.event_id is None:
        return None
    event = await work.event(new.event_id)
    if event is None:
        raise Refused("event_unknown", "event_id: no such event has been announced here")
    return event


def _backdated(occurred_at: datetime | None, now: datetime) -> bool:
    if occurred_at is None:
        return False
    if occurred_at > now + CLOCKS_APART:
        raise Refused("in_the_future", "occurred_at: it has not happened yet")
    return occurred_at < now
