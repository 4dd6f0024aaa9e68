"""Our copies of what others own: programmes and events."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.reporting.domain import Booth, EventPlan, Programme
from services.reporting.store.names import PROGRAMMES


async def zones(database: Any, session: Any = None) -> dict[str, str]:
    """Return the zone of every programme that we know, by its id."""
    found = database[PROGRAMMES].find({}, {"time_zone": 1}, session=session)
    return {document["_id"]: document["time_zone"] for document in await found.to_list(None)}


def programme(document: Mapping[str, Any]) -> Programme:
    """Return the programme that a document is."""
    return Programme(
        id=document["_id"],
        version=document["version"],
        name=document["name"],
        owner=document["owner"],
        region_code=document["region_code"],
        time_zone=document["time_zone"],
        services={service["code"]: service["name"] for service in document["services"]},
    )


def programme_document(copy: Programme) -> dict[str, Any]:
    """Return the document that a programme becomes."""
    return {
        "_id": copy.id,
        "version": copy.version,
        "name": copy.name,
        "owner": copy.owner,
        "region_code": copy.region_code,
        "time_zone": copy.time_zone,
        "services": [{"code": code, "name": name} for code, name in copy.services.items()],
    }


def event(document: Mapping[str, Any]) -> EventPlan:
    """Return the event that a document is."""
    return EventPlan(
        id=document["_id"],
        version=document["version"],
        programme_id=document["programme_id"],
        name=document["name"],
        place=document["place"],
        region_code=document["region_code"],
        on=date.fromisoformat(document["on"]),
        opens_at=document["opens_at"],
        closes_at=document["closes_at"],
        booths=tuple(Booth(booth["id"], booth["agency"]) for booth in document["booths"]),
        services=tuple(document["services"]),
    )


def event_document(copy: EventPlan) -> dict[str, Any]:
    """Return the document that an event becomes."""
    return {
        "_id": copy.id,
        "version": copy.version,
        "programme_id": copy.programme_id,
        "name": copy.name,
        "place": copy.place,
        "region_code": copy.region_code,
        "on": copy.on.isoformat(),
        "opens_at": copy.opens_at,
        "closes_at": copy.closes_at,
        "booths": [{"id": booth.id, "agency": booth.agency} for booth in copy.booths],
        "services": list(copy.services),
    }
