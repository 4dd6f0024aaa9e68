"""BOTRAM at Setu, Saturday 11 March 2023: 938 requests between 09.00 and 11.30 WIB.

Whoever comes gets a number at the gate, where nobody is asked who he is. The booth that calls it
records the request under the code of the slip, and serves. All of it has the times of that day, as
an importer brings a history in.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from deploy.local.demo.client import Refusal, at_most, until
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
"""After so long a free booth looks again."""
_LONGEST: Final = timedelta(minutes=10)
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
    """Give all numbers, then have the booths of every line call until nobody is left."""
    coming = [partial(_admit, day, operator, one) for one in _coming(day)]
    await at_most(_AT_ONCE, coming)
    async with asyncio.TaskGroup() as lines:
        for service, people in {**REQUESTS, **PARTNERS}.items():
            lines.create_task(_line(day, operator, service, people))


@dataclass(slots=True)
class Counter:
    """A booth, from when on it can call again, and whom it is serving."""

    booth_id: str
    free_at: datetime = _SERVICE
    serving: asyncio.Task[None] | None = None

    async def free(self) -> None:
        """Wait until whom it called is served."""
        if self.serving is not None:
            await self.serving


async def _line(day: Day, operator: str, service: str, people: int) -> None:
    """Have the booth call that is free first, until all of a line are called. Raises FailedError.

    `people`: so many have a number of it.
    """
    booths = [Counter(one["booth_id"]) for one in _booths() if one["services"] == [service]]
    each = min((_CLOSES - _SERVICE) * len(booths) / people, _LONGEST)
    async with asyncio.TaskGroup() as tasks:
        while people:
            one = min(booths, key=lambda counter: counter.free_at)
            await one.free()
            at = one.free_at
            if at > _CLOSES + timedelta(hours=3):
                raise FailedError(f"{service}: {people} not called hours after closing")
            ticket = await _called(day, operator, one.booth_id, at)
            if ticket is None:
                one.free_at += _STEP
                continue
            people -= 1
            one.free_at = at + _BUSY * day.chance.uniform(0.5, 1.5) * each
            serve = _served(day, operator, ticket, one.booth_id, one.free_at)
            one.serving = tasks.create_task(serve)


async def _called(day: Day, operator: str, booth_id: str, at: datetime) -> dict[str, Any] | None:
    """Call whoever is next; None where nobody had a number by then."""
    try:
        return await call(day, operator, EVENT, booth_id, at)
    except Refusal as refusal:
        if refusal.problem.get("reason") != "before_last_step":
            raise
        return None


async def _admit(day: Day, operator: str, visitor: Visitor) -> None:
    """Give a number for each service that somebody wants, under one code."""
    wanted = [one for one in (visitor.service, visitor.partner) if one is not None]
    given = await admit(day, operator, EVENT, wanted, visitor.arrived)
    day.ledger.visitors[given["code"]] = visitor
    day.ledger.tickets |= {one["ticket_id"] for one in given["tickets"]}


async def _served(
    day: Day, operator: str, ticket: dict[str, Any], booth_id: str, at: datetime
) -> None:
    """Record what was asked for by who was called, and serve him."""
    if ticket["service"] in REQUESTS:
        await _record(day, operator, ticket["arrival_id"].rpartition("/")[2])
    await serve(day, operator, EVENT, ticket, booth_id, at)
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
