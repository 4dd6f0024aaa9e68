"""Domain values as documents, and back."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from services.intake.domain import (
    CalendarExceptions,
    Case,
    CatalogueService,
    Deliverable,
    Fact,
    PlannedEvent,
    Programme,
    Ticket,
    path,
)

EVERYWHERE = "*"
"""As a grant writes it."""

Document = Mapping[str, Any]


def from_case(case: Case) -> dict[str, Any]:
    """Return the document of a case."""
    return {
        "_id": case.id,
        "version": case.version,
        "tracking": case.tracking,
        "programme_id": case.programme_id,
        "service": case.service,
        "channel": case.channel,
        "region_code": case.region_code,
        "office_region": case.office_region,
        # Everything the office region lies in, so that one equality finds what a grant covers.
        "within": [EVERYWHERE, *path(case.office_region)],
        "time_zone": case.time_zone,
        "rw": case.rw,
        "event_id": case.event_id,
        "pick_up": case.pick_up,
        "deliver": case.deliver,
        "due_on": case.due_on.isoformat() if case.due_on else None,
        # Times as text: MongoDB cuts them to milliseconds, and the earliest must stay the earliest.
        "facts": {fact.value: at.isoformat() for fact, at in case.facts.items()},
        "tickets": [_ticket_document(ticket) for ticket in case.tickets.values()],
        "failed_attempts": case.failed_attempts,
        "state": case.state.value,
    }


def to_case(document: Document) -> Case:
    """Return the case of a document."""
    tickets = [_ticket(ticket) for ticket in document["tickets"]]
    return Case(
        id=document["_id"],
        version=document["version"],
        tracking=document["tracking"],
        programme_id=document["programme_id"],
        service=document["service"],
        channel=document["channel"],
        region_code=document["region_code"],
        office_region=document["office_region"],
        time_zone=document["time_zone"],
        rw=document["rw"],
        event_id=document["event_id"],
        pick_up=document["pick_up"],
        deliver=document["deliver"],
        due_on=date.fromisoformat(document["due_on"]) if document["due_on"] else None,
        facts={Fact(name): datetime.fromisoformat(at) for name, at in document["facts"].items()},
        tickets={ticket.id: ticket for ticket in tickets},
        failed_attempts=document["failed_attempts"],
    )


def _ticket_document(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "event_id": ticket.event_id,
        "number": ticket.number,
        "since": ticket.since.isoformat(),
        "called_at": ticket.called_at.isoformat() if ticket.called_at else None,
        "served_at": ticket.served_at.isoformat() if ticket.served_at else None,
    }


def _ticket(document: Document) -> Ticket:
    called, served = document["called_at"], document["served_at"]
    return Ticket(
        id=document["id"],
        event_id=document["event_id"],
        number=document["number"],
        since=datetime.fromisoformat(document["since"]),
        called_at=datetime.fromisoformat(called) if called else None,
        served_at=datetime.fromisoformat(served) if served else None,
    )


def from_event(event: PlannedEvent) -> dict[str, Any]:
    """Return the document of our copy of an event."""
    return {
        "_id": event.id,
        "version": event.version,
        "programme_id": event.programme_id,
        "name": event.name,
        "place": event.place,
        "region_code": event.region_code,
        "on": event.on.isoformat(),
        "services": sorted(event.services),
        "ticketed": sorted(event.ticketed),
    }


def to_event(document: Document) -> PlannedEvent:
    """Return our copy of an event."""
    return PlannedEvent(
        id=document["_id"],
        version=document["version"],
        programme_id=document["programme_id"],
        name=document["name"],
        place=document["place"],
        region_code=document["region_code"],
        on=date.fromisoformat(document["on"]),
        services=frozenset(document["services"]),
        # Copies made before lines were kept apart know of none without tickets.
        ticketed=frozenset(document.get("ticketed", document["services"])),
    )


def from_programme(programme: Programme) -> dict[str, Any]:
    """Return the document of a programme."""
    return {
        "_id": programme.id,
        "version": programme.version,
        "name": programme.name,
        "owner": programme.owner,
        "region_code": programme.region_code,
        "time_zone": programme.time_zone,
        "languages": list(programme.languages),
        "channels": list(programme.channels),
        "services": [_service_document(service) for service in programme.services],
        "standard_working_days": programme.standard_working_days,
        "pick_up_and_delivery": programme.pick_up_and_delivery,
        "closed": sorted(day.isoformat() for day in programme.calendar.closed),
        "open": sorted(day.isoformat() for day in programme.calendar.open),
        "copied_from": programme.copied_from,
    }


def to_programme(document: Document) -> Programme:
    """Return the programme of a document."""
    return Programme(
        id=document["_id"],
        version=document["version"],
        name=document["name"],
        owner=document["owner"],
        region_code=document["region_code"],
        time_zone=document["time_zone"],
        languages=tuple(document["languages"]),
        channels=tuple(document["channels"]),
        services=tuple(_service(service) for service in document["services"]),
        standard_working_days=document["standard_working_days"],
        pick_up_and_delivery=document["pick_up_and_delivery"],
        calendar=CalendarExceptions(
            closed=frozenset(map(date.fromisoformat, document["closed"])),
            open=frozenset(map(date.fromisoformat, document["open"])),
        ),
        copied_from=document["copied_from"],
    )


def _service_document(service: CatalogueService) -> dict[str, Any]:
    return {
        "code": service.code,
        "name": service.name,
        "deliverable": service.deliverable.value,
        "home": service.home,
    }


def _service(document: Document) -> CatalogueService:
    return CatalogueService(
        code=document["code"],
        name=document["name"],
        deliverable=Deliverable(document["deliverable"]),
        home=document["home"],
    )
