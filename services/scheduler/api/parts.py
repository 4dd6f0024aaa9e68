"""What scheduler's routes share: path parameters, dependencies and the look at an event."""

from typing import Annotated, Final

from fastapi import Depends, Path
from pydantic import Field

from services.scheduler.domain import ScheduledEvent
from services.scheduler.usecases import Holidays, Reader, visible
from shared.auth.roles import Caller, Role
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


async def visible_event(event_id: str, caller: Caller, reader: Reader) -> ScheduledEvent:
    """Return an event with the booths that the caller may see. Raises NotFound and Forbidden."""
    event = await reader.get(ScheduledEvent, event_id)
    if event is None:
        raise NotFound("event")
    return visible(event, caller)
