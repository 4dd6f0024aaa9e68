"""Documents <-> domain.

A line is found by event and service and a ticket by its place in a line, so that whatever has to be
decided reads documents it can name. Days, hours and instants are ISO 8601 text: it sorts as they
do, and MongoDB would cut an instant to milliseconds.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date, datetime, time
from typing import Any

from services.scheduler.domain import (
    Booth,
    Case,
    Counter,
    Line,
    Plan,
    Programme,
    ScheduledEvent,
    Tally,
    Ticket,
    TicketState,
)
from services.scheduler.usecases.ports import Thing
from shared.mongo.migrations import Index

PROGRAMMES = "programmes"
EVENTS = "events"
LINES = "lines"
TICKETS = "tickets"
CASES = "cases"
COUNTERS = "counters"
TALLIES = "tallies"

INDEXES = (
    Index(EVENTS, (("programme_id", 1), ("on", 1), ("_id", 1))),
    Index(TALLIES, (("event_id", 1),)),
)

Document = dict[str, Any]

_COLLECTIONS: Mapping[type[Thing], str] = {
    Programme: PROGRAMMES,
    ScheduledEvent: EVENTS,
    Line: LINES,
    Ticket: TICKETS,
    Case: CASES,
    Counter: COUNTERS,
    Tally: TALLIES,
}
COLLECTIONS = tuple(_COLLECTIONS.values())


def line_id(event_id: str, service: str) -> str:
    """Return the key of a line."""
    return f"{event_id}/{service}"


def counter_id(event_id: str, booth_id: str) -> str:
    """Return the key of a booth's counter."""
    return f"{event_id}/{booth_id}"


def tally_id(event_id: str, booth_id: str, service: str) -> str:
    """Return the key of what is counted at a booth without tickets."""
    return f"{event_id}/{booth_id}/{service}"


def document_of(thing: Thing) -> tuple[str, Document]:
    """Return a thing's collection and its document there."""
    match thing:
        case Programme():
            document = _programme_document(thing)
        case ScheduledEvent():
            document = _event_document(thing)
        case Ticket():
            text = {"issued_at": thing.issued_at.isoformat(), "state": thing.state.value}
            document = {**asdict(thing), "_id": thing.id, **text}
        case Line():
            key = line_id(thing.event_id, thing.service)
            document = {**asdict(thing), "_id": key, "skipped": list(thing.skipped)}
        case Case():
            document = {"_id": thing.id, **_without_id(thing)}
        case Counter():
            document = {**asdict(thing), "_id": counter_id(thing.event_id, thing.booth_id)}
        case Tally():
            key = tally_id(thing.event_id, thing.booth_id, thing.service)
            document = {**asdict(thing), "_id": key}
    return _COLLECTIONS[type(thing)], document


def programme_of(document: Mapping[str, Any]) -> Programme:
    """Return the programme in a document."""
    given = {
        **_given(Programme, document),
        "services": tuple(document["services"]),
        "closed": tuple(map(date.fromisoformat, document["closed"])),
        "open": tuple(map(date.fromisoformat, document["open"])),
    }
    return Programme(id=document["_id"], **given)


def event_of(document: Mapping[str, Any]) -> ScheduledEvent:
    """Return the event in a document."""
    given = {
        **_given(Plan, document),
        "on": date.fromisoformat(document["on"]),
        "opens": time.fromisoformat(document["opens"]),
        "closes": time.fromisoformat(document["closes"]),
        "booths": tuple(map(_booth, document["booths"])),
    }
    plan = Plan(**given)
    return ScheduledEvent(document["_id"], document["version"], plan, document["time_zone"])


def line_of(document: Mapping[str, Any]) -> Line:
    """Return the line in a document."""
    return Line(**{**_given(Line, document), "skipped": tuple(document["skipped"])})


def ticket_of(document: Mapping[str, Any]) -> Ticket:
    """Return the ticket in a document."""
    read = {
        "issued_at": datetime.fromisoformat(document["issued_at"]),
        "state": TicketState(document["state"]),
    }
    return Ticket(**{**_given(Ticket, document), **read})


def case_of(document: Mapping[str, Any]) -> Case:
    """Return the case in a document."""
    return Case(id=document["_id"], **_given(Case, document))


def counter_of(document: Mapping[str, Any]) -> Counter:
    """Return the counter in a document."""
    return Counter(**_given(Counter, document))


def tally_of(document: Mapping[str, Any]) -> Tally:
    """Return the tally in a document."""
    return Tally(**_given(Tally, document))


def _given(kind: type[Any], document: Mapping[str, Any]) -> Document:
    """Return the fields that kind and document share: older and newer versions run side by side."""
    names = (field.name for field in fields(kind))
    return {name: document[name] for name in names if name in document}


def _without_id(thing: Programme | Case) -> Document:
    return {name: value for name, value in asdict(thing).items() if name != "id"}


def _programme_document(programme: Programme) -> Document:
    return {
        "_id": programme.id,
        **_without_id(programme),
        "services": list(programme.services),
        "closed": [day.isoformat() for day in programme.closed],
        "open": [day.isoformat() for day in programme.open],
    }


def _event_document(event: ScheduledEvent) -> Document:
    plan = event.plan
    return {
        "_id": event.id,
        "version": event.version,
        "time_zone": event.time_zone,
        "programme_id": plan.programme_id,
        "name": plan.name,
        "place": plan.place,
        "region_code": plan.region_code,
        "on": plan.on.isoformat(),
        "opens": plan.opens.isoformat("minutes"),
        "closes": plan.closes.isoformat("minutes"),
        "booths": [{**asdict(booth), "services": list(booth.services)} for booth in plan.booths],
    }


def _booth(part: Mapping[str, Any]) -> Booth:
    return Booth(**{**_given(Booth, part), "services": tuple(part["services"])})
