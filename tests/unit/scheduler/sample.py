"""BOTRAM at Setu on 11 March 2023, and a second programme that nothing may leak into."""

from collections.abc import Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from services.scheduler.domain import Booth, Offer, OfferKind, Plan, Programme
from shared.contracts.intake import (
    CalendarExceptions,
    CatalogueService,
    CloseOutcome,
    Deliverable,
    ProgrammePublished,
    RequestClosed,
    RequestReceived,
)

DAY = date(2023, 3, 11)
SETU = "botram-2023-03-11-setu"
CATALOGUE = ("KK", "KTP_EL_PRINT", "BIRTH_CERT", "KIA", "IKD")
NAMES = {"KIA": "Kartu Identitas Anak"}
"""What the catalogue calls a service; the others by their codes."""
SPLIT = {"KK": 164, "KTP_EL_PRINT": 77, "BIRTH_CERT": 118, "KIA": 467, "IKD": 112}
"""Requests of that day by service, 938 in all (BOTRAM proposal 2023, from SIAK)."""


def today() -> date:
    """The day it is at Setu: tickets are called on no other."""
    return datetime.now(ZoneInfo("Asia/Jakarta")).date()


def programme(
    region_code: str = "32.16",
    *,
    time_zone: str = "Asia/Jakarta",
    closed: Sequence[date] = (),
    open_: Sequence[date] = (),
) -> Programme:
    return Programme(
        id="botram",
        version=1,
        name="BOTRAM",
        owner="Disdukcapil Kabupaten Bekasi",
        region_code=region_code,
        time_zone=time_zone,
        services=CATALOGUE,
        closed=tuple(closed),
        open=tuple(open_),
    )


def booth(id_: str = "loket-1", *services: str, ticketed: bool = True) -> Booth:
    return Booth(id_, "Disdukcapil Kabupaten Bekasi", services or ("KIA",), ticketed)


HEALTH = Booth("puskesmas", "Dinas Kesehatan (Puskesmas)", ("HEALTH_CHECK",), ticketed=False)


UNIT = Offer(OfferKind.SERVICE_POINT, "Kantor Kecamatan Setu")
"""Where whoever was not served can go."""


def plan(
    *booths: Booth,
    programme_id: str = "botram",
    region_code: str = "32.16.18",
    on: date = DAY,
    name: str = "BOTRAM Setu",
) -> Plan:
    return Plan(
        programme_id=programme_id,
        name=name,
        place="Stadion Mini Desa Cijengkol",
        region_code=region_code,
        on=on,
        opens=time(9),
        closes=time(11, 30),
        booths=booths or (booth(), HEALTH),
        offers=(UNIT,),
    )


def published(
    programme_id: str = "botram",
    region_code: str = "32.16",
    *,
    name: str = "BOTRAM",
    time_zone: str = "Asia/Jakarta",
    services: Sequence[str] = CATALOGUE,
) -> ProgrammePublished:
    return ProgrammePublished(
        programme_id=programme_id,
        name=name,
        owner="Disdukcapil Kabupaten Bekasi",
        region_code=region_code,
        time_zone=time_zone,
        languages=("id",),
        channels=("event",),
        services=tuple(
            CatalogueService(code=code, name=NAMES.get(code, code), deliverable=Deliverable.CARD)
            for code in services
        ),
        standard_working_days=3,
        calendar=CalendarExceptions(),
    )


def received(
    case_id: str,
    service: str = "KIA",
    *,
    event_id: str | None = SETU,
    programme_id: str = "botram",
) -> RequestReceived:
    return RequestReceived(
        case_id=case_id,
        programme_id=programme_id,
        service=service,
        channel="event",
        region_code="32.16.18.2001",
        event_id=event_id,
        pick_up=False,
        deliver=False,
    )


def closed(
    case_id: str,
    outcome: CloseOutcome = CloseOutcome.CANCELLED,
    service: str = "KIA",
    *,
    event_id: str | None = SETU,
) -> RequestClosed:
    return RequestClosed(
        case_id=case_id,
        programme_id="botram",
        service=service,
        channel="event",
        region_code="32.16.18.2001",
        event_id=event_id,
        outcome=outcome,
        pick_up=False,
        deliver=False,
    )
