"""How far somebody's rights reach over events and their booths."""

from collections.abc import Callable
from dataclasses import replace

from services.scheduler.domain import Booth, Plan, ScheduledEvent
from services.scheduler.usecases.ports import Allow
from shared.auth.roles import EVERYWHERE, Caller, Forbidden, Role
from shared.files.evidence import Permit
from shared.messaging.unit_of_work import UnitOfWork


def visible(event: ScheduledEvent, caller: Caller) -> ScheduledEvent:
    """Return an event with the booths that the caller may see. Raises Forbidden without any."""
    seen = narrowed(event, caller)
    if not seen.plan.booths:
        raise Forbidden("no role that this route allows at this event")
    return seen


def narrowed(event: ScheduledEvent, caller: Caller) -> ScheduledEvent:
    """Return an event with the booths that the caller may see: those of his agency, or all."""
    agencies = caller.agencies(event.plan.programme_id, event.plan.region_code)
    if EVERYWHERE in agencies:
        return event
    return replace(event, plan=event.plan.of_agencies(agencies))


def permit_at(event_id: str, allow: Allow) -> Permit:
    """Return the check, in a unit of work, that something may be done at an event.

    It raises Missing where there is no such event, and what `allow` raises.
    """

    async def check(uow: UnitOfWork) -> None:
        event = await uow.require(ScheduledEvent, event_id)
        allow(event.plan, None)

    return check


def supervising(caller: Caller) -> Callable[[Plan], bool]:
    """Return what says whether the caller supervises at an event."""

    def check(plan: Plan) -> bool:
        return caller.may({Role.SUPERVISOR}, programme=plan.programme_id, region=plan.region_code)

    return check


def allowed(caller: Caller) -> Allow:
    """Return the check that the caller may act at an event, or at one of its booths.

    It raises Forbidden.
    """

    def check(plan: Plan, booth: Booth | None) -> None:
        caller.require(
            programme=plan.programme_id,
            region=plan.region_code,
            agency=booth.agency_id if booth else None,
        )

    return check
