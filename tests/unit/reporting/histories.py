"""Made-up histories with every type of event, and a count of them that owes reporting nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from shared.contracts import courier, intake, scheduler
from shared.contracts.audit import AuditHead
from shared.contracts.complaints import (
    ComplaintEvent,
    ComplaintKind,
    ComplaintReceived,
    ComplaintReopened,
    ComplaintResolved,
)
from shared.contracts.envelope import Envelope
from shared.contracts.event import Event
from shared.contracts.intake import CaseEvent, CloseOutcome
from shared.contracts.scheduler import VisitRecorded
from shared.messaging.message import Message
from shared.testing.messages import message_of

NOW = datetime(2023, 3, 11, 4, 0, tzinfo=UTC)
ZONES = {"botram": "Asia/Jakarta", "dik_jamila": "Asia/Makassar", "sorong": "Asia/Jayapura"}
REGIONS = ("32", "32.16", "32.16.18", "32.16.18.2001", "63.11.01.2004")
EVENTS = ("botram-2023-03-11-setu", "dik/jamila:pasar")

Count = Counter[tuple[str, ...]]
"""How much, by programme, event, split, day, value and measure."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event in its envelope."""

    event: Event
    envelope: Envelope

    @property
    def message(self) -> Message:
        """The event as it travels."""
        return Message(self.envelope, self.event.model_dump_json().encode())


def told(
    event: Event, *, version: int = 1, at: datetime = NOW, recorded: datetime | None = None
) -> Told:
    """An event in an envelope such as its producer would give it."""
    return Told(event, message_of(event, at, version=version, recorded_at=recorded).envelope)


def programme(id_: str = "botram", *, region: str = "32.16", **more: Any) -> Event:
    """A programme, published."""
    names = {"KIA": "Kartu Identitas Anak", "KK": "Kartu Keluarga"}
    said: dict[str, Any] = {
        "programme_id": id_,
        "name": id_.upper(),
        "owner": "Disdukcapil",
        "region_code": region,
        "time_zone": ZONES.get(id_, "Asia/Jakarta"),
        "languages": ("id",),
        "channels": ("event",),
        "services": [{"code": c, "name": n, "deliverable": "card"} for c, n in names.items()],
        "standard_working_days": 3,
        "calendar": {},
    }
    return intake.ProgrammePublished.model_validate({**said, **more})


def scheduled(id_: str = EVENTS[0], programme_id: str = "botram", **more: Any) -> Event:
    """An event, scheduled."""
    booths = [
        ("disdukcapil-1", "Disdukcapil Kabupaten Bekasi", ("KIA", "KK")),
        ("puskesmas", "Puskesmas Setu", ("HEALTH_CHECK",)),
    ]
    said: dict[str, Any] = {
        "event_id": id_,
        "programme_id": programme_id,
        "name": "BOTRAM Setu",
        "place": "Stadion Mini Desa Cijengkol",
        "region_code": "32.16.18",
        "on": date(2023, 3, 11),
        "opens_at": datetime(2023, 3, 11, 2, 0, tzinfo=UTC),
        "closes_at": datetime(2023, 3, 11, 4, 30, tzinfo=UTC),
        "booths": [
            {"booth_id": b, "agency": a, "services": s, "ticketed": b != "puskesmas"}
            for b, a, s in booths
        ],
    }
    return scheduler.EventScheduled.model_validate({**said, **more})


def received(case_id: str, service: str = "KIA", **more: Any) -> Event:
    """A request at the event in Setu."""
    said = {
        "case_id": case_id,
        "programme_id": "botram",
        "service": service,
        "channel": "event",
        "region_code": "32.16.18.2001",
        "event_id": EVENTS[0],
        "pick_up": False,
        "deliver": False,
    }
    return intake.RequestReceived.model_validate({**said, **more})


def surveyed(service: str = "KIA", on: str = "2023-03-15", **scores: int) -> Event:
    """A survey with these scores, by question; all nine a 4 where none is given."""
    given = scores or {f"U{number}": 4 for number in range(1, 10)}
    said = {
        "survey_id": "s1",
        "programme_id": "botram",
        "service": service,
        "answered_on": on,
        "scores": [{"question": code, "score": score} for code, score in given.items()],
    }
    return intake.SurveyAnswered.model_validate(said)


# About midnight in every zone, where a day is easily missed.
_MOMENTS = st.builds(
    lambda minutes: datetime(2023, 3, 10, 14, 30, tzinfo=UTC) + timedelta(minutes=minutes),
    st.integers(0, 200),
)
_COUNTED: tuple[type[Event], ...] = (
    intake.SurveyAnswered,
    *(event for event in intake.EVENTS if issubclass(event, CaseEvent | ComplaintEvent)),
    *(
        event
        for event in (*scheduler.EVENTS, *courier.EVENTS)
        if event is not scheduler.EventScheduled and not issubclass(event, AuditHead)
    ),
)
_ANYTHING = {
    "case_id": st.sampled_from(("c1", "c2", "c3")),
    "survey_id": st.sampled_from(("s1", "s2")),
    "answered_on": st.sampled_from((date(2023, 3, 31), date(2023, 4, 1))),
    "scores": st.lists(
        st.builds(
            intake.SurveyScore,
            question=st.sampled_from(("U1", "U9", "tahu_selesai")),
            score=st.integers(1, 4),
        ),
        min_size=1,
        max_size=4,
    ),
    "thread_id": st.sampled_from(("c1", "c2", "c3")),
    "ticket_id": st.sampled_from(("t1", "t2")),
    "visit_id": st.sampled_from(("v1", "v2")),
    "job_id": st.sampled_from(("j1", "j2")),
    "programme_id": st.sampled_from(sorted(ZONES)),
    "service": st.sampled_from(("KIA", "KK")),
    "channel": st.sampled_from(("event", "agent")),
    "region_code": st.sampled_from(REGIONS),
    "booth_id": st.sampled_from(("disdukcapil-1", "puskesmas")),
    "rw": st.just("005"),
    "pick_up": st.booleans(),
    "deliver": st.booleans(),
    "number": st.integers(1, 99),
    "visitors": st.integers(1, 40),
    "agent_id": st.just("a1"),
    "reason": st.sampled_from(courier.FailureReason),
    "attempt": st.integers(1, 3),
    "outcome": st.sampled_from(CloseOutcome),
    "within_standard": st.sampled_from((None, True, False)),
    "due_on": st.none(),
    "issued_at": st.just(NOW),
    "waited_seconds": st.integers(0, 900),
    "served_seconds": st.integers(0, 900),
    "end": st.sampled_from(scheduler.TicketEnd),
    "offers": st.sampled_from(((), (scheduler.OfferKind.NEXT_EVENT,))),
    "told": st.booleans(),
    "reverted": st.sampled_from(scheduler.TicketFact),
    "seconds": st.integers(0, 900),
    "offered": st.booleans(),
    "complaint_id": st.sampled_from(("k1", "k2")),
    "kind": st.sampled_from(ComplaintKind),
    "month": st.sampled_from(("2022-12", "2023-03")),
    "within_deadline": st.booleans(),
}


@st.composite
def _counted(draw: st.DrawFn) -> Told:
    kind = draw(st.sampled_from(_COUNTED))
    said = {name: draw(_ANYTHING[name]) for name in kind.model_fields if name in _ANYTHING}
    if "event_id" in kind.model_fields:
        optional = not kind.model_fields["event_id"].is_required()
        said["event_id"] = draw(st.sampled_from((*EVENTS, None) if optional else EVENTS))
    return told(kind.model_validate(said), at=draw(_MOMENTS))


@st.composite
def _plans(draw: st.DrawFn) -> list[Told]:
    """Programmes and events as they were published, some of them more than once."""
    published = [
        told(programme(id_, name=f"{id_} {version}"), version=version)
        for id_ in sorted(ZONES)
        for version in range(1, draw(st.integers(1, 2)) + 1)
    ]
    planned = [
        told(scheduled(id_, place=f"Lapangan {version}"), version=version)
        for id_ in EVENTS
        for version in range(1, draw(st.integers(1, 3)) + 1)
    ]
    return published + planned


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    """Everything that happened, once each, in no particular order."""
    return draw(_plans()) + draw(st.lists(_counted(), max_size=25))


@st.composite
def deliveries(draw: st.DrawFn, history: Sequence[Told]) -> list[Told]:
    """The same as it may arrive: shuffled, and some of it more than once."""
    again = draw(st.lists(st.sampled_from(history), max_size=10))
    return list(draw(st.permutations([*history, *again])))


def count(history: Iterable[Told]) -> Count:
    """What is to be counted, one event after the other, by hand."""
    counted: Count = Counter()
    for told_ in {each.envelope.id: each for each in history}.values():
        for place in _places(told_):
            for measure, amount in _measures(told_.event).items():
                counted[(*place, measure)] += amount
        if isinstance(told_.event, intake.SurveyAnswered):
            _count_scores(told_.event, counted)
    return counted


def _count_scores(survey: intake.SurveyAnswered, counted: Count) -> None:
    for one in survey.scores:
        value = f"{survey.service}.{one.question}"
        place = (survey.programme_id, "", "question", survey.answered_on.isoformat(), value)
        counted[(*place, "survey_scores")] += 1
        counted[(*place, "survey_points")] += one.score


def _places(told_: Told) -> list[tuple[str, str, str, str, str]]:
    said = told_.event.model_dump(mode="json")
    if isinstance(told_.event, ComplaintEvent):
        return [(said["programme_id"], "", "complaint", f"{said['month']}-01", said["kind"])]
    local = told_.envelope.occurred_at.astimezone(ZoneInfo(ZONES[said["programme_id"]]))
    homeless = isinstance(told_.event, VisitRecorded | intake.SurveyAnswered)
    home = "-" if homeless else ".".join(_parts(said)[:3])
    event = said.get("event_id") or "-"
    shared = {
        "all": "-",
        "service": said.get("service", "-"),
        "region": home,
        "channel": said.get("channel", "-"),
    }
    day = said.get("answered_on") or f"{local:%Y-%m-%d}"
    places = [
        (said["programme_id"], "", by, day, value)
        for by, value in {**shared, "event": event}.items()
    ]
    if event != "-":
        own = {**shared, "hour": f"{local:%Y-%m-%dT%H}", "booth": said.get("booth_id", "-")}
        places += [(said["programme_id"], event, by, "", value) for by, value in own.items()]
    return places


def _parts(said: dict[str, Any]) -> list[str]:
    return str(said["region_code"]).split(".")


def _told(fact: str, seconds: int) -> dict[str, int]:
    lasted = {"called": "seconds_waited", "served": "seconds_served"}.get(fact)
    return {f"tickets_{fact}": 1} | ({lasted: seconds} if lasted else {})


def _measures(event: Event) -> dict[str, int]:  # noqa: PLR0911 - one for each kind of fact
    match event:
        case intake.RequestClosed():
            kept = {True: {"within_standard": 1}, False: {"late": 1}, None: {}}
            outcome = f"closed_{event.outcome}"
            return {"requests_closed": 1, outcome: 1, **kept[event.within_standard]}
        case VisitRecorded():
            return {"visits": event.visitors}
        case scheduler.TicketEnded():
            offered = {"tickets_offered": 1} if event.offers and event.told else {}
            return {f"tickets_{event.end}": 1, **offered}
        case scheduler.TicketReverted():
            offered = {"tickets_offered": 1} if event.offered else {}
            told = {**_told(event.reverted, event.seconds), **offered}
            return {name: -amount for name, amount in told.items()}
        case scheduler.TicketCalled():
            return _told("called", event.waited_seconds)
        case scheduler.TicketServed():
            return _told("served", event.served_seconds)
        case scheduler.TicketIssued():
            return {"tickets_issued": 1}
        case ComplaintResolved():
            return _resolved(1, within=event.within_deadline)
        case ComplaintReopened():
            return _resolved(-1, within=event.within_deadline)
    one = _OF_REQUESTS.get(type(event)) or _OF_JOBS.get(type(event))
    return {one: 1} if one else {}


def _resolved(many: int, *, within: bool) -> dict[str, int]:
    return {"complaints_resolved": many} | ({"complaints_within_deadline": many} if within else {})


_OF_REQUESTS: dict[type[Event], str] = {
    intake.RequestReceived: "requests_received",
    intake.RequestVerified: "requests_verified",
    intake.DocumentIssued: "documents_issued",
    intake.ReceiptConfirmed: "receipts_confirmed",
    ComplaintReceived: "complaints_received",
    intake.SurveyAnswered: "surveys_answered",
}
_OF_JOBS: dict[type[Event], str] = {
    courier.JobOpened: "jobs_opened",
    courier.JobAssigned: "jobs_assigned",
    courier.PapersCollected: "jobs_collected",
    courier.PapersHandedIn: "jobs_handed_in",
    courier.DocumentCollected: "jobs_document_collected",
    courier.DeliveryReported: "jobs_delivery_reported",
    courier.DeliveryConfirmed: "jobs_delivered",
    courier.DeliveryFailed: "delivery_attempts_failed",
    courier.JobWithdrawn: "jobs_withdrawn",
}
