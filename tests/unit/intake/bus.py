"""What other services say of the sample cases."""

from typing import Any

from services.intake.domain.case import Case
from shared.contracts.courier import (
    DeliveryConfirmed,
    DeliveryFailed,
    DeliveryReported,
    DocumentCollected,
    FailureReason,
    JobAssigned,
    JobEvent,
    PapersCollected,
    PapersHandedIn,
)
from shared.contracts.scheduler import (
    BoothPlan,
    EventScheduled,
    TicketCalled,
    TicketEvent,
    TicketIssued,
    TicketServed,
)
from tests.unit.intake.sample import EVENT, SATURDAY, SETU, later

CARRYING: tuple[type[JobEvent], ...] = (
    JobAssigned,
    PapersCollected,
    PapersHandedIn,
    DocumentCollected,
    DeliveryReported,
    DeliveryConfirmed,
)
QUEUEING: tuple[type[TicketEvent], ...] = (TicketIssued, TicketCalled, TicketServed)


def job(event: type[JobEvent], case: Case, **more: Any) -> Any:
    """Return what courier says of a case."""
    if event is DeliveryFailed:
        more = {"reason": FailureReason.NOBODY_HOME, "attempt": 1, **more}
    said = {
        "job_id": case.id,
        "case_id": case.id,
        "programme_id": case.programme_id,
        "service": case.service,
        "channel": case.channel,
        "region_code": case.region_code,
        "rw": case.rw or "001",
        "agent_id": "agent-1",
    }
    return event.model_validate({**said, **more})


def ticket(event: type[TicketEvent], case: Case, **more: Any) -> TicketEvent:
    """Return what scheduler says of a case's ticket."""
    said = {
        "ticket_id": f"{EVENT}/{case.service}/17",
        "event_id": EVENT,
        "programme_id": case.programme_id,
        "thread_id": case.id,
        "case_id": case.id,
        "service": case.service,
        "channel": case.channel,
        "region_code": case.region_code,
        "number": 17,
        "booth_id": "disdukcapil-kia-1",
        "issued_at": SATURDAY,
        "waited_seconds": 300,
        "served_seconds": 240,
    }
    return event.model_validate({**said, **more})


def scheduled(**more: Any) -> EventScheduled:
    """Return the event in Setu as scheduler tells of it."""
    booths = (
        BoothPlan(
            booth_id="disdukcapil-1",
            agency="Disdukcapil Kabupaten Bekasi",
            services=("KIA", "KK"),
            ticketed=True,
        ),
    )
    said = {
        "event_id": EVENT,
        "programme_id": "botram",
        "name": SETU.name,
        "place": SETU.place,
        "region_code": SETU.region_code,
        "on": SETU.on,
        "opens_at": SATURDAY,
        "closes_at": later(150),
        "booths": booths,
    }
    return EventScheduled.model_validate({**said, **more})
