"""What scheduler's routes share: path parameters, dependencies and the check of an event."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import Depends, Path
from pydantic import Field

from services.scheduler.domain import Booth, Plan, ScheduledEvent
from services.scheduler.usecases import Allow, Holidays, Reader
from shared.auth.roles import EVERYWHERE, Caller, Forbidden, Role
from shared.auth.rules import Rule
from shared.contracts.scheduler import BoothId
from shared.contracts.text import Reason, token
from shared.runtime import provided
from shared.web.problems import NotFound

READERS: Final = Rule(
    {
        Role.OPERATOR,
        Role.AGENCY_OPERATOR,
        Role.SUPERVISOR,
        Role.PLANNER,
        Role.HEAD,
        Role.ADMIN,
        Role.SERVICE,
    }
)

PlannedEventId = Annotated[
    str,
    # No slash: the ids of lines and tickets are made of it. 64 of a ticket id's 120 characters.
    Field(pattern=token("a-z", "_-"), max_length=64),
    Reason(
        "an event id has 1 to 64 of a-z 0-9 _ -, begins with a letter, and has no nine digits "
        "without a letter between them"
    ),
]
EventId = Annotated[
    PlannedEventId,
    Path(
        description="Administrative, such as programme, day and place; never of a person.",
        examples=["botram-2023-03-11-setu"],
    ),
]
BoothPath = Annotated[BoothId, Path()]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
HolidaysDep = Annotated[Holidays, Depends(provided(Holidays))]


async def visible(event_id: str, caller: Caller, reader: Reader) -> ScheduledEvent:
    """Return an event with the booths that the caller may see. Raises NotFound and Forbidden."""
    event = await reader.get(ScheduledEvent, event_id)
    if event is None:
        raise NotFound("event")
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
