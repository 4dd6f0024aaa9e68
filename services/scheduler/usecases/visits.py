"""People who walked up to a booth without tickets."""

from services.scheduler.domain import Refused, ScheduledEvent, Tally
from services.scheduler.usecases.ports import Allow
from shared.contracts.envelope import new_id
from shared.contracts.scheduler import VisitRecorded
from shared.messaging.errors import Missing
from shared.messaging.unit_of_work import UnitOfWork


async def record_visit(
    event_id: str, booth_id: str, service: str, visitors: int, uow: UnitOfWork, *, allow: Allow
) -> str:
    """Count people who were served without a ticket; return the id of this count.

    Raises Missing, and Refused: cancelled, ticketed (its visitors are counted by their tickets),
    not_offered.
    """
    event = await uow.require(ScheduledEvent, event_id)
    booth = event.plan.booth(booth_id)
    allow(event.plan, booth)
    if booth is None:
        raise Missing("booth")
    event.require_held()
    if booth.ticketed:
        raise Refused("ticketed", "visitors of this booth are counted by their tickets")
    if service not in booth.services:
        raise Refused("not_offered", "service: this booth does not offer it")
    visit = VisitRecorded(
        visit_id=new_id(),
        event_id=event_id,
        programme_id=event.plan.programme_id,
        booth_id=booth_id,
        service=service,
        region_code=event.plan.region_code,
        visitors=visitors,
    )
    key = Tally.key(event_id, booth_id, service)
    tally = await uow.get(Tally, key) or Tally(event_id, booth_id, service)
    uow.add(tally.add(visitors))
    uow.publish(visit, version=1)
    return visit.visit_id
