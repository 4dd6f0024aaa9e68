"""Keeping every event, once and for good, and saying in the same unit that it is to be counted."""

from typing import Protocol

from services.reporting.domain import Booth, EventPlan, Programme
from shared.contracts.envelope import Envelope
from shared.contracts.event import Event
from shared.contracts.intake import ProgrammePublished
from shared.contracts.scheduler import EventScheduled


class Work(Protocol):
    """One unit of work on reporting's data; nothing is stored before it is committed."""

    @property
    def cause(self) -> Envelope | None:
        """Return the envelope of the event at hand; None for a command."""
        ...

    def archive(self, event: Event) -> None:
        """Store the event at hand with its envelope and bytes, and put it on the work list."""
        ...

    async def programme(self, programme_id: str) -> Programme | None:
        """Return our copy of a programme."""
        ...

    async def event(self, event_id: str) -> EventPlan | None:
        """Return our copy of an event."""
        ...

    def keep_programme(self, programme: Programme) -> None:
        """Store our copy of a programme."""
        ...

    def keep_event(self, event: EventPlan) -> None:
        """Store our copy of an event."""
        ...


async def archive(event: Event, work: Work) -> None:
    """Keep an event. Nothing is read for it: there is one unit for every event there is."""
    work.archive(event)


async def archive_programme(event: ProgrammePublished, work: Work) -> None:
    """Keep a programme's event, and the programme where it is newer than our copy."""
    work.archive(event)
    known = await work.programme(event.programme_id)
    version = _version(work)
    if known is None or known.version < version:
        work.keep_programme(
            Programme(
                id=event.programme_id,
                version=version,
                name=event.name,
                owner=event.owner,
                region_code=event.region_code,
                time_zone=event.time_zone,
                services={service.code: service.name for service in event.services},
            )
        )


async def archive_event(event: EventScheduled, work: Work) -> None:
    """Keep the plan of an event where it is newer than our copy, and what told of it anyway."""
    work.archive(event)
    known = await work.event(event.event_id)
    version = _version(work)
    if known is None or known.version < version:
        work.keep_event(
            EventPlan(
                id=event.event_id,
                version=version,
                programme_id=event.programme_id,
                name=event.name,
                place=event.place,
                region_code=event.region_code,
                on=event.on,
                opens_at=event.opens_at,
                closes_at=event.closes_at,
                booths=tuple(Booth(booth.booth_id, booth.agency) for booth in event.booths),
                services=tuple(
                    dict.fromkeys(code for booth in event.booths for code in booth.services)
                ),
            )
        )


def _version(work: Work) -> int:
    return work.cause.version if work.cause else 0
