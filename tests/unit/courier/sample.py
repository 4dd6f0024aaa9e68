"""Made-up cases, and the events that tell of them."""

from typing import Any

from services.courier.domain import Job, Place
from shared.contracts.intake import (
    CalendarExceptions,
    CatalogueService,
    CloseOutcome,
    Deliverable,
    DocumentIssued,
    ProgrammePublished,
    ReceiptConfirmed,
    RequestClosed,
    RequestReceived,
)

VILLAGE = "32.75.01.1001"
PLACE = Place(VILLAGE, "005")
AGENT = "agent-1"


def job(**changes: Any) -> Job:
    """A job from home to home that nobody has yet."""
    facts: dict[str, Any] = {
        "id": "case-1",
        "version": 1,
        "programme_id": "halo_pamor",
        "service": "KK",
        "channel": "agent",
        "place": PLACE,
        "pick_up": True,
        "deliver": True,
    }
    return Job(**{**facts, **changes})


def _case(case_id: str, programme_id: str, region_code: str) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "programme_id": programme_id,
        "service": "KK",
        "channel": "agent",
        "region_code": region_code,
    }


def received(
    case_id: str = "case-1",
    *,
    programme_id: str = "halo_pamor",
    region_code: str = VILLAGE,
    rw: str | None = "005",
    pick_up: bool = True,
    deliver: bool = True,
) -> RequestReceived:
    """A request that wants something carried."""
    case = _case(case_id, programme_id, region_code)
    return RequestReceived(**case, rw=rw, pick_up=pick_up, deliver=deliver)


def issued(case_id: str = "case-1", *, deliver: bool = True) -> DocumentIssued:
    """The office has the document."""
    return DocumentIssued(**_case(case_id, "halo_pamor", VILLAGE), deliver=deliver)


def confirmed(case_id: str = "case-1") -> ReceiptConfirmed:
    """The recipient has the document."""
    return ReceiptConfirmed(**_case(case_id, "halo_pamor", VILLAGE))


def closed(
    case_id: str = "case-1",
    outcome: CloseOutcome = CloseOutcome.CANCELLED,
    *,
    pick_up: bool = True,
    deliver: bool = True,
) -> RequestClosed:
    """The request is finished."""
    case = _case(case_id, "halo_pamor", VILLAGE)
    return RequestClosed(**case, outcome=outcome, pick_up=pick_up, deliver=deliver)


def programme(programme_id: str = "halo_pamor", name: str = "HALO PAMOR") -> ProgrammePublished:
    """A programme."""
    return ProgrammePublished(
        programme_id=programme_id,
        name=name,
        owner="Disdukcapil Kota Bekasi",
        region_code="32.75",
        time_zone="Asia/Jakarta",
        languages=("id",),
        channels=("agent",),
        services=(CatalogueService(code="KK", name="Kartu Keluarga", deliverable=Deliverable.PDF),),
        standard_working_days=None,
        calendar=CalendarExceptions(),
    )
