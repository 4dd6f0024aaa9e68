"""What a counter takes along to an event where there may be no uplink, and what came of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from services.intake.api.receipt import ReceiptTexts
from services.intake.domain import (
    Catalogue,
    PaperKind,
    Party,
    PlannedEvent,
    Programme,
    Requirement,
    Secrets,
    catalogue_id,
    local_day,
)
from services.intake.domain.counter import AT_COUNTER, KIT_SHAPE, Offer, counter_open, offered_at
from services.intake.domain.paper import Whose
from services.intake.domain.person import FIRST_BIRTH, FOREIGN, MOBILE, NAME_LIMIT, NIK
from services.intake.domain.visit import counted
from services.intake.usecases import Catalogues, Clock, Reader, Regions
from services.intake.usecases.counters import event_within
from services.intake.usecases.reach import allowed_region
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.contracts.intake import GATE_CODE
from shared.contracts.text import public_text
from shared.runtime import gathered, provided
from shared.web.guard import CallerDep
from shared.web.problems import Conflict, NotFound

RULES: Final[RouteRules] = {
    "GET /api/counters/{event_id}": Rule({Role.OPERATOR}),
    "GET /api/counters/{event_id}/counts": Rule({Role.OPERATOR, Role.SUPERVISOR}),
}


class AnyOfAnswer(BaseModel):
    """One paper that will do, and whose it is where it serves a whole visit."""

    kind: PaperKind
    text: str
    of: Whose


class PaperAnswer(BaseModel):
    """A paper to bring; with `condition`, only in that case. `any_of`: any of these will do."""

    requirement_id: str
    text: str
    condition: str | None
    any_of: list[AnyOfAnswer]
    shows_power: bool
    """It says that a proxy may: F-1.07."""


class OfferAnswer(BaseModel):
    """A service that can be asked for at the event; `variant` is null without a catalogue."""

    service: str
    variant: str | None
    name: str
    presence: str | None
    papers: list[PaperAnswer]
    needs: list[Party]
    """Whom the law wants named beside the applicant."""
    child: bool
    """It is about a child, where no birth date says otherwise."""


class TogetherAnswer(BaseModel):
    """What is asked for together after a life event."""

    code: str
    name: str
    services: list[str]
    """Their names."""
    variants: list[str]
    referrals: list[str]


class PlaceAnswer(BaseModel):
    """A sub-district."""

    region_code: str
    name: str


class RulesAnswer(BaseModel):
    """What the office takes of what is typed: patterns of whole fields, blanks and marks aside."""

    name_limit: int
    nik: str
    provinces: list[str]
    """With which a NIK begins."""
    phone: str
    gate_code: str
    born_from: date
    reason: str


class CounterKit(BaseModel):
    """All that a laptop needs to go on without uplink: nothing of any resident.

    `shares`: the office's half of what opens the laptop's entries, the newest first; the other half
    is made from the operator's PIN and known to the laptop alone. `shape`: of this answer; a page
    that knows another one asks anew.
    """

    shape: int = KIT_SHAPE
    event_id: str
    event_name: str
    place: str
    on: date
    cancelled: bool
    """It does not take place: nothing new is set up there, and what was written down is taken."""
    region_code: str
    programme_id: str
    programme_name: str
    owner: str
    time_zone: str
    standard_working_days: int | None
    cost: str | None
    complaints: str | None
    bring: str | None
    data_use: str
    services: list[OfferAnswer]
    life_events: list[TogetherAnswer]
    subdistricts: list[PlaceAnswer]
    rules: RulesAnswer
    shares: list[str]
    account: str
    """Whose shares they are."""


class CountedAnswer(BaseModel):
    """What the office has of one laptop. `clock_ahead`: of its newest visit, in seconds."""

    device: str
    prefix: str
    """With which the numbers on its receipts begin."""
    visits: int
    cases: int
    last_at: datetime
    clock_ahead: int
    clock_off: bool


class CountsAnswer(BaseModel):
    """What the office has of an event's counters, or of one laptop alone."""

    event_id: str
    visits: int
    cases: int
    laptops: list[CountedAnswer]


router = APIRouter(prefix="/api/counters")
EventPath = Annotated[AggregateId, Path()]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]


@dataclass(frozen=True, slots=True)
class Packing:
    """What a kit is put together from."""

    reader: Reader
    catalogues: Catalogues
    regions: Regions
    receipts: ReceiptTexts
    secrets: Secrets
    clock: Clock


@router.get("/{event_id}")
async def get_counter(
    event_id: EventPath,
    caller: CallerDep,
    parts: Annotated[Packing, Depends(gathered(Packing))],
    device: Annotated[UUID, Query()],
) -> CounterKit:
    """Return what the laptop `device` of this caller takes along to an event.

    409 `event_over` where the event was longer ago than what its counters wrote down is taken. Of
    an event that was cancelled too: a laptop that wrote something down there opens by it.
    """
    event = await event_of(event_id, caller, parts.reader)
    programme = await parts.reader.get(Programme, event.programme_id)
    if programme is None:
        raise NotFound("programme")
    today = local_day(parts.clock(), programme.time_zone)
    if not counter_open(today, event.on):
        raise Conflict("event_id: the event was too long ago", reason="event_over")
    version = programme.catalogue_version
    id_ = catalogue_id(programme.id, version) if version else None
    catalogue = await parts.catalogues.get(id_) if id_ else None
    return CounterKit(
        event_id=event.id,
        event_name=event.name,
        place=event.place,
        on=event.on,
        cancelled=event.cancelled,
        region_code=event.region_code,
        programme_id=programme.id,
        programme_name=programme.name,
        owner=programme.owner,
        time_zone=programme.time_zone,
        standard_working_days=programme.standard_working_days,
        cost=catalogue.cost if catalogue else None,
        complaints=catalogue.complaints if catalogue else None,
        bring=catalogue.bring(AT_COUNTER) if catalogue else None,
        data_use=await parts.receipts.of(programme.id),
        services=[_offer(one) for one in offered_at(event, programme, catalogue)],
        life_events=_together(event, catalogue),
        subdistricts=[
            PlaceAnswer(region_code=code, name=parts.regions.name(code) or code)
            for code in parts.regions.subdistricts(programme.region_code)
        ],
        rules=_rules(parts.regions),
        shares=list(parts.secrets.laptop_shares(caller.subject, event.id, str(device))),
        account=caller.subject,
    )


@router.get("/{event_id}/counts")
async def get_counts(
    event_id: EventPath,
    caller: CallerDep,
    reader: ReaderDep,
    device: Annotated[UUID | None, Query()] = None,
) -> CountsAnswer:
    """Return how many visits and cases the office has of an event's counters, by laptop."""
    event = await event_of(event_id, caller, reader)
    found = counted(await reader.counter_visits([event.id], str(device) if device else None))
    return CountsAnswer(
        event_id=event.id,
        visits=sum(one.visits for one in found),
        cases=sum(one.cases for one in found),
        laptops=[
            CountedAnswer(
                device=one.device,
                prefix=one.prefix,
                visits=one.visits,
                cases=one.cases,
                last_at=one.last_at,
                clock_ahead=one.clock_ahead,
                clock_off=one.clock_off,
            )
            for one in found
        ],
    )


async def event_of(event_id: str, caller: Caller, reader: Reader) -> PlannedEvent:
    """Return an event that the caller works at. Raises NotFound and Forbidden."""
    event = await event_within(event_id, reader, allow=allowed_region(caller))
    if event is None:
        raise NotFound("event")
    return event


def _rules(regions: Regions) -> RulesAnswer:
    return RulesAnswer(
        name_limit=NAME_LIMIT,
        nik=NIK,
        provinces=[code for code in map("{:02}".format, range(1, 100)) if regions.known(code)],
        phone=f"{MOBILE}|{FOREIGN}",
        gate_code=GATE_CODE,
        born_from=FIRST_BIRTH,
        reason=public_text(),
    )


def _offer(offer: Offer) -> OfferAnswer:
    entry = offer.entry
    return OfferAnswer(
        service=offer.service.code,
        variant=entry.code if entry else None,
        name=offer.name,
        presence=entry.presence if entry else None,
        papers=[_paper(one) for one in entry.requirements] if entry else [],
        needs=list(entry.needs) if entry else [],
        child=offer.service.child,
    )


def _paper(one: Requirement) -> PaperAnswer:
    return PaperAnswer(
        requirement_id=one.id,
        text=one.missing,
        condition=one.condition,
        any_of=[AnyOfAnswer(kind=each.kind, text=each.text, of=each.of) for each in one.any_of],
        shows_power=one.shows_power,
    )


def _together(event: PlannedEvent, catalogue: Catalogue | None) -> list[TogetherAnswer]:
    found = catalogue.together_in(AT_COUNTER, event.services) if catalogue else []
    return [
        TogetherAnswer(
            code=one.code,
            name=one.name,
            services=[entry.name for entry in entries],
            variants=[entry.code for entry in entries],
            referrals=list(one.referrals),
        )
        for one, entries in found
    ]
