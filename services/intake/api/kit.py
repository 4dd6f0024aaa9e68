"""What a form for a visit needs to know, of an event's counter and of the office: nobody's data."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel

from services.intake.domain import (
    Catalogue,
    PaperKind,
    Party,
    Programme,
    Requirement,
)
from services.intake.domain.counter import Offer
from services.intake.domain.paper import Whose
from services.intake.domain.person import FIRST_BIRTH, FOREIGN, MOBILE, NAME_LIMIT, NIK
from services.intake.usecases import Regions
from shared.contracts.intake import GATE_CODE
from shared.contracts.text import public_text


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


class Kit(BaseModel):
    """What can be asked for, with which papers, where people may live, and how it is typed."""

    programme_id: str
    programme_name: str
    owner: str
    time_zone: str
    on: date
    """The day that counts: of the event, or today."""
    region_code: str
    standard_working_days: int | None
    cost: str | None
    complaints: str | None
    bring: str | None
    data_use: str
    services: list[OfferAnswer]
    life_events: list[TogetherAnswer]
    subdistricts: list[PlaceAnswer]
    rules: RulesAnswer


@dataclass(frozen=True, slots=True)
class Where:
    """In which channel something is asked for, on which day, and what can be asked for there."""

    channel: str
    on: date
    region_code: str
    offers: Sequence[Offer]


def kit_fields(
    where: Where,
    programme: Programme,
    catalogue: Catalogue | None,
    regions: Regions,
    data_use: str,
) -> dict[str, Any]:
    """Return the fields of a kit."""
    services = {one.service.code for one in where.offers}
    return {
        "programme_id": programme.id,
        "programme_name": programme.name,
        "owner": programme.owner,
        "time_zone": programme.time_zone,
        "on": where.on,
        "region_code": where.region_code,
        "standard_working_days": programme.standard_working_days,
        "cost": catalogue.cost if catalogue else None,
        "complaints": catalogue.complaints if catalogue else None,
        "bring": catalogue.bring(where.channel) if catalogue else None,
        "data_use": data_use,
        "services": [_offered(one) for one in where.offers],
        "life_events": _together(where.channel, services, catalogue),
        "subdistricts": _places(programme, regions),
        "rules": _rules(regions),
    }


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


def _offered(offer: Offer) -> OfferAnswer:
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


def _together(
    channel: str, services: Collection[str], catalogue: Catalogue | None
) -> list[TogetherAnswer]:
    found = catalogue.together_in(channel, services) if catalogue else []
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


def _places(programme: Programme, regions: Regions) -> list[PlaceAnswer]:
    return [
        PlaceAnswer(region_code=code, name=regions.name(code) or code)
        for code in regions.subdistricts(programme.region_code)
    ]
