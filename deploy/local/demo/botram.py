"""BOTRAM at Setu, Saturday 11 March 2023: 938 requests between 09.00 and 11.30 WIB.

Whoever comes gets a number at the gate, where nobody is asked who he is. The booth that calls it
records the request under the code of the slip, and serves. All of it has the times of that day, as
an importer brings a history in: half a minute of it after the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from deploy.local.demo.client import at_most, until
from deploy.local.demo.day import BOTRAM, COPY, EVENT, Day, Visitor
from deploy.local.demo.floor import admit, booth, call, serve
from deploy.local.demo.people import residents
from deploy.local.processes import FailedError

REQUESTS: Final = {"KK": 164, "KTP_EL_PRINT": 77, "BIRTH_CERT": 118, "KIA": 467, "IKD": 112}
"""From SIAK's history of that morning (BOTRAM proposal 2023)."""

TOTAL: Final = sum(REQUESTS.values())

_OPENS = datetime(2023, 3, 11, 2, 0, tzinfo=UTC)
_MINUTES = 150
_SERVICE: Final = _OPENS + timedelta(minutes=15)
"""Booths work from 09.15 on (rundown of that day)."""
_CLOSES: Final = _OPENS + timedelta(hours=3)
_STEP: Final = timedelta(seconds=30)
_BUSY: Final = 0.95
"""The share of its time until the closing that a booth is busy; how long each serves is made up."""
_FINISHED: Final = {
    "issue": _CLOSES + timedelta(minutes=45),
    "hand_over": _CLOSES + timedelta(minutes=60),
}
"""Made up, but of that Saturday: a document issued years later would break the standard."""
_AT_ONCE = 48
_BOOTHS: Final = {"KK": 2, "KTP_EL_PRINT": 1, "BIRTH_CERT": 2, "KIA": 5, "IKD": 2}
_AGENCY: Final = "Disdukcapil Kabupaten Bekasi"
_PARTNERS: Final = (
    ("puskesmas", "Dinas Kesehatan (Puskesmas)", "HEALTH_CHECK", 31),
    ("bpjs-kesehatan", "BPJS Kesehatan", "BPJS_HEALTH", 12),
)
"""Agencies with a line of their own, without requests: the same slip has a number for each."""
PARTNERS: Final = {service: people for _, _, service, people in _PARTNERS}
TICKETS: Final = TOTAL + sum(PARTNERS.values())
_WITHOUT_TICKETS: Final = (
    ("bpjs-ketenagakerjaan", "BPJS Ketenagakerjaan", "BPJS_EMPLOYMENT", 9),
    ("bank-bjb", "Bank BJB", "SIMPEL_SAVINGS", 17),
    ("pos-indonesia", "Pos Indonesia", "POSPAY", 8),
    ("kecamatan-setu", "Kecamatan Setu", "REFERENCE_LETTER", 14),
)
"""Agencies of that day (the same proposal); how many people came to them is made up."""

_PLACES: Final = ("32.16.18", "32.16.18", "32.16.18", "32.16.07", "32.16.19", "32.16.06")
"""Setu and its neighbours, who are invited."""


async def run(day: Day) -> None:
    """Plan the event, give numbers, call, record and serve, issue and hand over."""
    planner = day.token("demo-planner", f"planner:{BOTRAM}:32.16")
    operator = day.token("demo-operator", f"operator:{BOTRAM}:32.16", f"importer:{BOTRAM}:32.16")
    await _plan(day, planner)
    day.say(f"{TICKETS} numbers are given at the gate; booths call, record {TOTAL} and serve")
    await _morning(day, operator)
    await _walk_in(day, operator)
    await until("every served request is being worked on", lambda: _none_received(day, operator))
    day.say("issuing (simulated: SIAK is not asked) and handing over")
    for step in ("issue", "hand_over"):
        jobs = [partial(_step, day, operator, case_id, step) for case_id in day.ledger.botram]
        await at_most(_AT_ONCE, jobs)


async def copy(day: Day) -> None:
    """Copy BOTRAM as Bagian Kesra did with SREGEP, and wait until every service knows it."""
    admin = day.token("demo-admin", "admin:*:*", "service:*:*")
    body = {"programme_id": COPY, "name": "SREGEP", "owner": "Bagian Kesra Setda Kabupaten Bekasi"}
    await day.client.send("POST", "intake", f"/api/programmes/{BOTRAM}/copies", admin, body)

    async def everywhere() -> bool:
        lists = [
            await day.client.get(service, "/api/programmes", admin)
            for service in ("intake", "scheduler", "courier", "reporting")
        ]
        return all(any(p["programme_id"] == COPY for p in known) for known in lists)

    await until("the copied programme is known everywhere", everywhere)


async def _plan(day: Day, planner: str) -> None:
    event = {
        "programme_id": BOTRAM,
        "name": "BOTRAM Setu",
        "place": "Stadion Mini Desa Cijengkol",
        "region_code": "32.16.18",
        "on": "2023-03-11",
        "opens": "09:00",
        "closes": "12:00",
        "booths": [*_booths(), *_open_booths()],
    }
    # The event about the programme may still be on its way to scheduler.
    await day.client.retry_until_accepted(
        "PUT", "scheduler", f"/api/events/{EVENT}", planner, event
    )


def _booths() -> Iterator[dict[str, Any]]:
    for service, count in _BOOTHS.items():
        for number in range(1, count + 1):
            name = f"disdukcapil-{service.lower().replace('_', '-')}-{number}"
            yield booth(name, _AGENCY, service, ticketed=True)
    for booth_id, agency, service, _ in _PARTNERS:
        yield booth(booth_id, agency, service, ticketed=True)


def _open_booths() -> Iterator[dict[str, Any]]:
    for booth_id, agency, service, _ in _WITHOUT_TICKETS:
        yield booth(booth_id, agency, service, ticketed=False)


def _coming(day: Day) -> Iterator[Visitor]:
    services = [service for service, count in REQUESTS.items() for _ in range(count)]
    day.chance.shuffle(services)
    minutes = sorted(day.chance.uniform(0, _MINUTES) for _ in services)
    partners = [service for service, count in PARTNERS.items() for _ in range(count)]
    also = [*partners, *[None] * (TOTAL - len(partners))]
    day.chance.shuffle(also)
    people = residents("3216", day.chance)
    for service, partner, minute, resident in zip(services, also, minutes, people, strict=False):
        arrived = _OPENS + timedelta(minutes=minute)
        yield Visitor(resident, service, arrived, partner)


async def _morning(day: Day, operator: str) -> None:
    """Give the numbers of each half minute, then have every free booth call. Raises FailedError."""
    coming, booths = list(_coming(day)), [Counter(one) for one in _booths()]
    now = _OPENS
    while len(day.ledger.served) < TICKETS:
        if now > _CLOSES + timedelta(hours=3):
            raise FailedError(f"{len(day.ledger.served)} of {TICKETS} served hours after closing")
        now += _STEP
        come = [one for one in coming if one.arrived < now]
        del coming[: len(come)]
        await at_most(_AT_ONCE, [partial(_admit, day, operator, one) for one in come])
        free = [one for one in booths if one.free_at <= now]
        await at_most(_AT_ONCE, [partial(_serve, day, operator, one, now) for one in free])


@dataclass(slots=True)
class Counter:
    """A booth, and from when on it can call again."""

    plan: dict[str, Any]
    free_at: datetime = _SERVICE

    def takes(self, day: Day) -> timedelta:
        """Return how long it serves somebody: half to one and a half times what it has for each."""
        [service] = self.plan["services"]
        people, booths = {**REQUESTS, **PARTNERS}[service], _BOOTHS.get(service, 1)
        each = (_CLOSES - _SERVICE) * booths / people
        return _BUSY * day.chance.uniform(0.5, 1.5) * min(each, timedelta(minutes=10))


async def _admit(day: Day, operator: str, visitor: Visitor) -> None:
    """Give a number for each service that somebody wants, under one code."""
    wanted = [one for one in (visitor.service, visitor.partner) if one is not None]
    given = await admit(day, operator, EVENT, wanted, visitor.arrived)
    day.ledger.visitors[given["code"]] = visitor
    day.ledger.tickets |= {one["ticket_id"] for one in given["tickets"]}


async def _serve(day: Day, operator: str, counter: Counter, now: datetime) -> None:
    """Call whoever is next, record what he wants and serve him."""
    booth_id = counter.plan["booth_id"]
    ticket = await call(day, operator, EVENT, booth_id, now)
    if ticket is None:
        return
    if ticket["service"] in REQUESTS:
        await _record(day, operator, ticket["arrival_id"].rpartition("/")[2])
    counter.free_at = now + counter.takes(day)
    await serve(day, operator, EVENT, ticket, booth_id, counter.free_at)
    day.ledger.served.add(ticket["ticket_id"])


async def _record(day: Day, operator: str, code: str) -> None:
    """Record what somebody wants who shows the code of his slip."""
    visitor = day.ledger.visitors[code]
    body = {
        "programme_id": BOTRAM,
        "service": visitor.service,
        "channel": "event",
        "event_id": EVENT,
        "arrival_code": code,
        "region_code": day.chance.choice(_PLACES),
        "applicant": {
            "name": visitor.resident.name,
            "nik": visitor.resident.nik,
            "address": visitor.resident.address,
        },
        "occurred_at": visitor.arrived.isoformat(),
    }
    # The first ones may be quicker than the event that announces the day.
    answer = await day.client.retry_until_accepted(
        "POST", "intake", "/api/requests", operator, body
    )
    day.ledger.botram[answer["case_id"]] = visitor.service


async def _walk_in(day: Day, operator: str) -> None:
    for booth_id, _, service, visitors in _WITHOUT_TICKETS:
        path = f"/api/events/{EVENT}/booths/{booth_id}/visits"
        at = _CLOSES.isoformat()
        body = {"service": service, "visitors": visitors, "occurred_at": at}
        await day.client.send("POST", "scheduler", path, operator, body)


async def _none_received(day: Day, operator: str) -> bool:
    query: dict[str, str | int] = {
        "programme_id": BOTRAM,
        "event_id": EVENT,
        "state": "received",
        "limit": 1,
    }
    found = await day.client.get("intake", "/api/requests", operator, **query)
    return not found["items"]


async def _step(day: Day, operator: str, case_id: str, step: str) -> None:
    path = f"/api/requests/{case_id}/steps"
    body = {"step": step, "occurred_at": _FINISHED[step].isoformat()}
    await day.client.send("POST", "intake", path, operator, body)
