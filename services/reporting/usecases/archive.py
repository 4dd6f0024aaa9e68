"""Keeping every event, once and for good, and noting in the same unit that it is to be counted."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.reporting.domain import Booth, EventPlan, Programme, coarsened
from shared.contracts.envelope import Envelope
from shared.contracts.event import Event
from shared.contracts.intake import AccessRevoked, ProgrammePublished
from shared.contracts.scheduler import EventScheduled
from shared.messaging.consumer import UnknownEvent
from shared.messaging.copies import keep_newest, published_version
from shared.messaging.revocations import keep_revocation
from shared.messaging.unit_of_work import UnitOfWork

_MAY_BE_FINE = re.compile(rb'"rw"|[0-9]{2}\.[0-9]{4}|\\')
"""An RW, the end of a village's code, or an escape that could hide either."""


@dataclass(frozen=True, slots=True)
class ArchivedEvent:
    """An event as the archive keeps it: nothing in it is finer than a sub-district.

    `payload` holds the fields that the contract knows, to count and to look at; `body` is what
    came, with whatever else a newer producer put into it.
    """

    envelope: Envelope
    programme_id: str | None
    archived_at: datetime
    payload: Mapping[str, Any]
    body: bytes

    @property
    def id(self) -> str:
        """Return the message id."""
        return self.envelope.id


@dataclass(frozen=True, slots=True)
class Uncounted:
    """An archived event that is not counted yet. `id` is the message id."""

    id: str
    programme_id: str
    since: datetime
    type: str
    """Only code that knows the type takes it off the work list."""
    unread: bool = False
    """Its type was unknown when it came, so nobody has held its payload against a contract yet."""


async def archive(event: Event, uow: UnitOfWork) -> None:
    """Keep an event. Nothing is read for it: there is one unit for every event there is."""
    if uow.cause is None or uow.body is None:
        raise ValueError("only what came as a message is archived")
    # Of a type that this code does not know yet, the payload is what came.
    known = not isinstance(event, UnknownEvent)
    payload = coarsened(event.model_dump(mode="json") if known else json.loads(uow.body))
    programme_id = _programme_of(payload)
    body = _coarse(uow.body)
    uow.add(ArchivedEvent(uow.cause, programme_id, uow.now(), payload, body))
    if programme_id is not None:
        cause = uow.cause
        uow.add(Uncounted(cause.id, programme_id, uow.now(), cause.type, unread=not known))


def _programme_of(payload: Any) -> str | None:
    """Return whose event it is. A payload that nobody has checked may be of any shape."""
    programme_id = payload.get("programme_id") if isinstance(payload, Mapping) else None
    return programme_id if isinstance(programme_id, str) else None


def _coarse(body: bytes) -> bytes:
    """Return a payload without village and RW, byte for byte where it names neither."""
    if not _MAY_BE_FINE.search(body):
        return body
    coarse = coarsened(json.loads(body))
    return json.dumps(coarse, ensure_ascii=False, separators=(",", ":")).encode()


async def archive_revocation(event: AccessRevoked, uow: UnitOfWork) -> None:
    """Keep that access was revoked, for the archive and for this service's own guard."""
    await archive(event, uow)
    await keep_revocation(event, uow)


async def archive_programme(event: ProgrammePublished, uow: UnitOfWork) -> None:
    """Keep a programme's event, and the programme where it is newer than our copy."""
    await archive(event, uow)
    copy = Programme(
        id=event.programme_id,
        version=published_version(uow),
        name=event.name,
        owner=event.owner,
        region_code=event.region_code,
        time_zone=event.time_zone,
        services={service.code: service.name for service in event.services},
        questions={question.code: question.wording for question in event.survey_questions},
    )
    await keep_newest(copy, uow)


async def archive_event(event: EventScheduled, uow: UnitOfWork) -> None:
    """Keep the plan of an event where it is newer than our copy; archive the message anyway."""
    await archive(event, uow)
    copy = EventPlan(
        id=event.event_id,
        version=published_version(uow),
        programme_id=event.programme_id,
        name=event.name,
        place=event.place,
        region_code=event.region_code,
        on=event.on,
        opens_at=event.opens_at,
        closes_at=event.closes_at,
        booths=tuple(Booth(booth.booth_id, booth.agency) for booth in event.booths),
        services=tuple(dict.fromkeys(code for booth in event.booths for code in booth.services)),
        cancelled=event.cancelled,
    )
    await keep_newest(copy, uow)
