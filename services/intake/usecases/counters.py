"""Which event's counter somebody may open, or look at."""

from services.intake.domain import PlannedEvent
from services.intake.usecases.ports import Reader
from services.intake.usecases.rights_requests import AllowRegion


async def event_within(event_id: str, reader: Reader, *, allow: AllowRegion) -> PlannedEvent | None:
    """Return an event within reach; None where there is none. Raises what `allow` raises."""
    event = await reader.get(PlannedEvent, event_id)
    if event is not None:
        allow(event.programme_id, event.region_code)
    return event
