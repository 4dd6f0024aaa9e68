"""What is counted, and under what. Standard library only, no clock, no IO.

Every event of the archive becomes increments that do not depend on any other event, so that a
total is the same in whatever order its events come, and can be counted again at any time. Requests
are counted as requests: neither persons nor documents (938 requests at Setu on 11 March 2023 are
not 938 people).

Nothing is counted below the sub-district. A village, a document and a day together can mean one
family's death or birth; what is not there cannot be shown by mistake.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Final, NamedTuple

NONE: Final = "-"
"""The value of a dimension that a fact does not have."""
SUB_DISTRICT: Final = len("32.16.18")
"""Characters of the finest region that is counted."""

_HOURS: Final = {"Asia/Jakarta": 7, "Asia/Pontianak": 7, "Asia/Makassar": 8, "Asia/Jayapura": 9}
"""Hours ahead of UTC of Indonesia's zones, which know no summer time (Keppres 41/1987)."""
_ZONES: Final = {name: timezone(timedelta(hours=hours)) for name, hours in _HOURS.items()}


class Measure(StrEnum):
    """What is counted. Each counts events of one kind, `visits` the people that they state."""

    REQUESTS_RECEIVED = "requests_received"
    REQUESTS_VERIFIED = "requests_verified"
    DOCUMENTS_ISSUED = "documents_issued"
    RECEIPTS_CONFIRMED = "receipts_confirmed"
    REQUESTS_CLOSED = "requests_closed"
    CLOSED_HANDED_OVER = "closed_handed_over"
    CLOSED_DELIVERED = "closed_delivered"
    CLOSED_REJECTED = "closed_rejected"
    CLOSED_CANCELLED = "closed_cancelled"
    WITHIN_STANDARD = "within_standard"
    LATE = "late"
    TICKETS_ISSUED = "tickets_issued"
    TICKETS_CALLED = "tickets_called"
    TICKETS_SERVED = "tickets_served"
    TICKETS_LEFT = "tickets_left"
    TICKETS_NO_SHOW = "tickets_no_show"
    TICKETS_TRANSFERRED = "tickets_transferred"
    TICKETS_UNSERVED = "tickets_unserved"
    TICKETS_OFFERED = "tickets_offered"
    SECONDS_WAITED = "seconds_waited"
    """Of all calls; a mean wait is this by `tickets_called`."""
    SECONDS_SERVED = "seconds_served"
    VISITS = "visits"
    """People served at booths without tickets; who goes to two booths is two visits."""
    JOBS_OPENED = "jobs_opened"
    JOBS_ASSIGNED = "jobs_assigned"
    JOBS_COLLECTED = "jobs_collected"
    JOBS_HANDED_IN = "jobs_handed_in"
    JOBS_DOCUMENT_COLLECTED = "jobs_document_collected"
    JOBS_DELIVERY_REPORTED = "jobs_delivery_reported"
    JOBS_DELIVERED = "jobs_delivered"
    """Confirmed by the recipient, not only reported by the agent."""
    DELIVERY_ATTEMPTS_FAILED = "delivery_attempts_failed"
    """Attempts, not jobs: one job can fail twice and be delivered in the end."""
    JOBS_WITHDRAWN = "jobs_withdrawn"
    COMPLAINTS_RECEIVED = "complaints_received"
    COMPLAINTS_RESOLVED = "complaints_resolved"
    """Of those that came; one that is opened again is taken off until it is resolved once more."""
    COMPLAINTS_WITHIN_DEADLINE = "complaints_within_deadline"
    """Of those that are resolved."""
    SURVEYS_ANSWERED = "surveys_answered"
    SURVEY_SCORES = "survey_scores"
    """Answers to one question of surveys, split by `question` alone."""
    SURVEY_POINTS = "survey_points"
    """What they add up to; the question's mean is this by `survey_scores`."""


class By(StrEnum):
    """Along what a total is split."""

    ALL = "all"
    SERVICE = "service"
    REGION = "region"
    """Sub-district where the applicant lives; visits do not have it."""
    CHANNEL = "channel"
    EVENT = "event"
    HOUR = "hour"
    BOOTH = "booth"
    COMPLAINT = "complaint"
    """Kind of complaint: complaints are counted along it alone."""
    QUESTION = "question"
    """Of surveys: a service and an element, or a question of the programme's own, as `KIA.U3`."""


class Cell(NamedTuple):
    """One counter's place. A programme's cells have a day and no event, an event's the reverse.

    Complaints lie on the first day of the month in which they came.
    """

    programme_id: str
    event_id: str
    by: By
    day: str
    value: str


Amounts = Mapping[Measure, int]
Totals = dict[Cell, dict[Measure, int]]


def coarsened(value: Any) -> Any:
    """Return a payload without the finer parts of a domicile: no RW, no village.

    A village, a document and a second together can mean one person (UU 27/2022, article 4: data
    that identify somebody combined with others). The sub-district stays.
    """
    if isinstance(value, Mapping):
        return {key: coarsened(part) for key, part in value.items() if key not in _TOO_FINE}
    if isinstance(value, list | tuple):
        return [coarsened(part) for part in value]
    if isinstance(value, str) and _VILLAGE.fullmatch(value):
        return value[:SUB_DISTRICT]
    return value


_TOO_FINE: Final = frozenset({"rw"})
_VILLAGE: Final = re.compile(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}")


@dataclass(frozen=True, slots=True)
class Fact:
    """An archived event as far as it is counted; `payload` as JSON gives it."""

    id: str
    type: str
    programme_id: str
    occurred_at: datetime
    payload: Mapping[str, Any]

    @property
    def event_id(self) -> str:
        """Return the event that this happened at, or NONE."""
        return self.payload.get("event_id") or NONE


_VISIT: Final = "scheduler.visit_recorded.v1"
_SURVEY: Final = "intake.survey_answered.v1"
_CLOSED: Final = "intake.request_closed.v1"
_ONES: Final[Mapping[str, Measure]] = {
    "intake.request_received.v1": Measure.REQUESTS_RECEIVED,
    "intake.request_verified.v1": Measure.REQUESTS_VERIFIED,
    "intake.document_issued.v1": Measure.DOCUMENTS_ISSUED,
    "intake.receipt_confirmed.v1": Measure.RECEIPTS_CONFIRMED,
    "scheduler.ticket_issued.v1": Measure.TICKETS_ISSUED,
    "courier.job_opened.v1": Measure.JOBS_OPENED,
    "courier.job_assigned.v1": Measure.JOBS_ASSIGNED,
    "courier.papers_collected.v1": Measure.JOBS_COLLECTED,
    "courier.papers_handed_in.v1": Measure.JOBS_HANDED_IN,
    "courier.document_collected.v1": Measure.JOBS_DOCUMENT_COLLECTED,
    "courier.delivery_reported.v1": Measure.JOBS_DELIVERY_REPORTED,
    "courier.delivery_confirmed.v1": Measure.JOBS_DELIVERED,
    "courier.delivery_failed.v1": Measure.DELIVERY_ATTEMPTS_FAILED,
    "courier.job_withdrawn.v1": Measure.JOBS_WITHDRAWN,
    "intake.survey_answered.v1": Measure.SURVEYS_ANSWERED,
}
"""Types of which each event is one; of two versions sent side by side only one may stand here."""


def amounts(fact: Fact) -> Amounts:
    """Return what a fact adds; empty where nothing of it is counted."""
    if fact.type in _ONES:
        return {_ONES[fact.type]: 1}
    if fact.type == _VISIT:
        return {Measure.VISITS: fact.payload["visitors"]}
    if fact.type == _CLOSED:
        return _closed(fact.payload)
    if fact.type in _COMPLAINTS:
        return _complaint(fact)
    return _ticket(fact.type, fact.payload)


_CALLED: Final = "scheduler.ticket_called.v1"
_SERVED: Final = "scheduler.ticket_served.v1"
_ENDED: Final = "scheduler.ticket_ended.v1"
_REVERTED: Final = "scheduler.ticket_reverted.v1"
_SECONDS: Final = {"called": Measure.SECONDS_WAITED, "served": Measure.SECONDS_SERVED}


def _ticket(type_: str, payload: Mapping[str, Any]) -> Amounts:
    if type_ == _CALLED:
        return _fact("called", payload["waited_seconds"])
    if type_ == _SERVED:
        return _fact("served", payload["served_seconds"])
    if type_ == _ENDED:
        return _fact(payload["end"], 0, offered=payload.get("offers") and payload.get("told"))
    if type_ == _REVERTED:
        back = _fact(payload["reverted"], payload["seconds"], offered=payload.get("offered"))
        return {measure: -amount for measure, amount in back.items()}
    return {}


def _fact(name: str, seconds: int, *, offered: object = False) -> dict[Measure, int]:
    told = {Measure(f"tickets_{name}"): 1} | ({Measure.TICKETS_OFFERED: 1} if offered else {})
    return told | {_SECONDS[name]: seconds} if name in _SECONDS else told


def _closed(payload: Mapping[str, Any]) -> Amounts:
    added = {Measure.REQUESTS_CLOSED: 1, Measure(f"closed_{payload['outcome']}"): 1}
    match payload.get("within_standard"):
        case True:
            added[Measure.WITHIN_STANDARD] = 1
        case False:
            added[Measure.LATE] = 1
    return added


_COMPLAINTS: Final[Mapping[str, int]] = {
    "intake.complaint_received.v1": 0,
    "intake.complaint_resolved.v1": 1,
    "intake.complaint_reopened.v1": -1,
}
"""By how many each changes those that are resolved."""


def _complaint(fact: Fact) -> Amounts:
    many = _COMPLAINTS[fact.type]
    if not many:
        return {Measure.COMPLAINTS_RECEIVED: 1}
    in_time = many if fact.payload["within_deadline"] else 0
    return {Measure.COMPLAINTS_RESOLVED: many, Measure.COMPLAINTS_WITHIN_DEADLINE: in_time}


def cells(fact: Fact, zone: str) -> Iterator[Cell]:
    """Return every place where a fact is counted; `zone` is that of its programme."""
    if fact.type in _COMPLAINTS:
        month = f"{fact.payload['month']}-01"
        yield Cell(fact.programme_id, "", By.COMPLAINT, month, fact.payload["kind"])
        return
    local = fact.occurred_at.astimezone(_ZONES[zone])
    values = {
        By.ALL: NONE,
        By.SERVICE: fact.payload.get("service") or NONE,
        By.REGION: _residence(fact),
        By.CHANNEL: fact.payload.get("channel") or NONE,
    }
    # A survey says its day: its time is no finer.
    programme, day = fact.programme_id, fact.payload.get("answered_on") or f"{local:%Y-%m-%d}"
    for by, value in (*values.items(), (By.EVENT, fact.event_id)):
        yield Cell(programme, "", by, day, value)
    if fact.event_id == NONE:
        return
    values |= {
        By.HOUR: local.isoformat(timespec="hours")[: len("2023-03-11T09")],
        By.BOOTH: fact.payload.get("booth_id") or NONE,
    }
    for by, value in values.items():
        yield Cell(programme, fact.event_id, by, "", value)


def _residence(fact: Fact) -> str:
    if fact.type == _VISIT:
        # Its region is where the event stands, and neighbours come to it too.
        return NONE
    return str(fact.payload.get("region_code") or NONE)[:SUB_DISTRICT]


def scores(fact: Fact) -> Iterator[tuple[Cell, Amounts]]:
    """Return what each answered question of a survey adds, and where; nothing of other facts."""
    said = fact.payload
    for score in said["scores"] if fact.type == _SURVEY else ():
        value = f"{said['service']}.{score['question']}"
        cell = Cell(fact.programme_id, "", By.QUESTION, said["answered_on"], value)
        yield cell, {Measure.SURVEY_SCORES: 1, Measure.SURVEY_POINTS: score["score"]}


def fold(facts: Iterable[Fact], zones: Mapping[str, str], into: Totals | None = None) -> Totals:
    """Add facts up. `zones` has the zone of every programme that they belong to."""
    totals: Totals = {} if into is None else into
    for fact in facts:
        added = amounts(fact)
        for cell in cells(fact, zones[fact.programme_id]) if added else ():
            _add(totals, cell, added)
        for cell, scored in scores(fact):
            _add(totals, cell, scored)
    return totals


def _add(totals: Totals, cell: Cell, added: Amounts) -> None:
    counters = totals.setdefault(cell, {})
    for measure, amount in added.items():
        counters[measure] = counters.get(measure, 0) + amount


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter that differs from the archive."""

    cell: Cell
    measure: Measure
    archive: int
    totals: int


def differences(
    counted: Mapping[Cell, Amounts], kept: Mapping[Cell, Amounts]
) -> Iterator[Difference]:
    """Return where what was counted again differs from what is kept, in order of the cells."""
    for cell in sorted({*counted, *kept}):
        ours, theirs = counted.get(cell, {}), kept.get(cell, {})
        for measure in Measure:
            pair = (ours.get(measure, 0), theirs.get(measure, 0))
            if pair[0] != pair[1]:
                yield Difference(cell, measure, *pair)
