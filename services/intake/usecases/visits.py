"""Visits: several people's requests recorded by one command, all of them or none."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.intake.domain import (
    AlreadyOpen,
    ChannelCannot,
    LifeEvent,
    NewRequest,
    Programme,
    Refused,
    catalogue_id,
)
from services.intake.domain.counter import CounterClaim
from services.intake.domain.visit import VISIT_REQUESTS, Visit, Wanted, require_few
from services.intake.usecases.catalogues import counting
from services.intake.usecases.ports import Catalogues
from services.intake.usecases.residents import Company
from shared.auth.roles import Forbidden
from shared.messaging.unit_of_work import UnitOfWork

Record = Callable[..., Awaitable[dict[str, Any]]]
"""`record_request`, with what it works with: takes the request, the unit of work, the company."""
NewCodes = Callable[[], tuple[str, str]]
"""Makes the id of a new case, and the hash of its tracking code."""


class InVisit(Exception):  # noqa: N818 - reads as the decision it is
    """One of a visit's requests is refused, and with it the visit. `index` is what was asked for.

    `same_as`: of the same person and service as this one of the visit.
    """

    def __init__(self, index: int, cause: Exception, same_as: int | None = None) -> None:
        super().__init__(index, cause)
        self.index = index
        self.cause = cause
        self.same_as = same_as


@dataclass(frozen=True, slots=True)
class NewVisit:
    """A visit as it comes in."""

    id: str
    programme_id: str
    channel: str
    event_id: str | None
    wanted: tuple[Wanted, ...]
    counter: CounterClaim | None = None


@dataclass(frozen=True, slots=True)
class _Opened:
    """One request of a visit, and which of what was asked for it is."""

    index: int
    request: NewRequest


async def record_visit(
    new: NewVisit,
    uow: UnitOfWork,
    *,
    record: Record,
    new_codes: NewCodes,
    catalogues: Catalogues,
    limit: int = VISIT_REQUESTS,
) -> dict[str, Any]:
    """Record all requests of a visit and return the answer to its sender, all but the codes.

    Raises InVisit naming which of them is refused, and Refused: `too_many_requests`, and
    `entry_known` where a counter's entry was recorded before, by another command.
    """
    if new.counter is not None and await uow.get(Visit, new.id) is not None:
        raise Refused("entry_known", "counter.entry_id: this entry was recorded before")
    opened, told = await _opened(new, uow, catalogues)
    require_few(len(opened), limit)
    company, answers = Company(), list[dict[str, Any]]()
    for one in opened:
        case_id, tracking = new_codes()
        request = replace(
            one.request,
            case_id=case_id,
            tracking=tracking,
            visit_id=new.id,
            at_counter=new.counter is not None,
        )
        try:
            answer = await record(request, uow, company=company)
        except (Refused, ChannelCannot, AlreadyOpen, Forbidden) as refused:
            raise InVisit(one.index, refused, _same_as(refused, answers)) from refused
        answers.append({**answer, "index": one.index, "service": request.service})
    uow.add(_visit(new, answers, told, uow.now()))
    arrived_at = uow.now().isoformat()
    return {"visit_id": new.id, "cases": answers, "told": told, "arrived_at": arrived_at}


def _visit(
    new: NewVisit, answers: Sequence[dict[str, Any]], told: Sequence[dict[str, Any]], at: datetime
) -> Visit:
    case_ids = tuple(str(answer["case_id"]) for answer in answers)
    events = tuple(dict.fromkeys(str(one["life_event"]) for one in told))
    return Visit(
        new.id,
        new.programme_id,
        new.channel,
        new.event_id,
        at,
        case_ids,
        events,
        counter=new.counter,
    )


async def _opened(
    new: NewVisit, uow: UnitOfWork, catalogues: Catalogues
) -> tuple[list[_Opened], list[dict[str, Any]]]:
    """Return the requests that are opened, and where the life events stand whose words are told."""
    opened, told = list[_Opened](), list[dict[str, Any]]()
    for index, wanted in enumerate(new.wanted):
        if wanted.life_event is None:
            opened.append(_Opened(index, wanted.request))
            continue
        try:
            version, requests = await _together(new, wanted, uow, catalogues)
        except Refused as refused:
            raise InVisit(index, refused) from refused
        opened += [_Opened(index, request) for request in requests]
        found = {"index": index, "life_event": wanted.life_event, "catalogue_version": version}
        told.append(found)
    return opened, told


async def _together(
    new: NewVisit, wanted: Wanted, uow: UnitOfWork, catalogues: Catalogues
) -> tuple[int, Sequence[NewRequest]]:
    """Return which version of the catalogue counts, and what it opens for a life event."""
    programme = await uow.get(Programme, new.programme_id)
    if programme is None:
        raise Refused("programme_unknown", "programme_id: no such programme")
    version = programme.catalogue_version
    if version is None:
        raise Refused("life_event_unknown", "life_event: the programme has no catalogue")
    catalogue = await counting(catalogue_id(programme.id, version), uow, catalogues)
    event: LifeEvent = catalogue.life_event(wanted.life_event or "")
    entries = [entry for entry in map(catalogue.entry, event.entries) if entry is not None]
    return version, wanted.opened(entries, lenient=new.counter is not None)


def _same_as(refused: Exception, answers: Sequence[dict[str, Any]]) -> int | None:
    """Return which of the visit's own the refused one doubles; None where it does not."""
    if not isinstance(refused, AlreadyOpen):
        return None
    doubled = (one["index"] for one in answers if one["case_id"] == refused.case_id)
    return next(doubled, None)
