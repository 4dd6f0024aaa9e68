"""A day at the office: residents recorded, looked at, tracked, and refused on every road."""

import asyncio
import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from shared.contracts.courier import JobAssigned
from shared.contracts.envelope import new_id
from shared.runtime import utc_now
from shared.testing.messages import message_of
from tests.integration.kernel_kit import line
from tests.integration.test_kernel_consumer import send_poison
from tests.torture.hostile.stage import shipped, until
from tests.torture.privacy import files, work
from tests.torture.privacy.office import (
    EVENT,
    EVENT_PROGRAMME,
    HOME_PROGRAMME,
    VILLAGE,
    Office,
    booth,
    event,
)
from tests.torture.privacy.persons import Person

AT_ONCE: Final = 12
EVERY_LOOK: Final = 10
"""One in so many is looked at and tracked."""
EVERY_HOME: Final = 3
"""One in so many asks an agent to come: then his address is worked with."""
TRIES: Final = 40
FAULTS: Final = 6
"""Writes that MongoDB refuses meanwhile, so that failures are logged as well."""
DISK_FULL: Final = 14031
ENDLESS: Final = 400_000
"""Bytes of a body that is longer than any may be."""
ARRIVED_WITHIN: Final = 90.0


@dataclass
class Day:
    """What came of it: each resident's case, and everything that was said to those refused."""

    cases: dict[int, str] = field(default_factory=dict)
    codes: dict[int, str] = field(default_factory=dict)
    refusals: list[bytes] = field(default_factory=list)


async def lived(office: Office, persons: Sequence[Person]) -> Day:
    """Record everybody over HTTP while the rest goes on. Raises AssertionError."""
    day, gate = Day(), asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(timeout=60) as http:
        _fail_some(office)
        try:
            async with asyncio.TaskGroup() as tasks:
                for one in persons:
                    tasks.create_task(_served(office, http, one, day, gate))
        finally:
            office.client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
        for one in persons[:3]:
            await _refused(office, http, one, day)
        day.refusals += await files.sent(office, http, persons, day.cases)
        day.refusals += await work.done(office, http, persons, day.cases)
    await _troubled(office)
    await work.noticed(office)
    courier = office.client[office.stack.database("courier")]["jobs"]
    homes = [case for number, case in day.cases.items() if number % EVERY_HOME == 0]
    found = {"_id": {"$in": homes}}
    await until(
        lambda: courier.count_documents(found) == len(homes), "all jobs", within=ARRIVED_WITHIN
    )
    return day


def body(one: Person, **changed: Any) -> dict[str, Any]:
    """A resident's request: at the event, or from home to home."""
    if one.number % EVERY_HOME:
        asked = {"programme_id": EVENT_PROGRAMME, "channel": "event", "event_id": EVENT}
        place: dict[str, Any] = {"region_code": "32.16.18.2001"}
    else:
        asked = {"programme_id": HOME_PROGRAMME, "channel": "agent"}
        place = {"region_code": VILLAGE, "rw": "005", "pick_up": True, "deliver": True}
    return {**asked, **place, "service": "KK", "applicant": one.applicant, **changed}


def at_the_desk(office: Office) -> dict[str, str]:
    """Headers of an operator of both programmes."""
    grants = [f"operator:{programme}:*" for programme in (EVENT_PROGRAMME, HOME_PROGRAMME)]
    return office.headers("petugas-1", *grants)


def _fail_some(office: Office) -> None:
    data = {"failCommands": ["insert", "update"], "errorCode": DISK_FULL}
    office.client.admin.command(
        {"configureFailPoint": "failCommand", "mode": {"times": FAULTS}, "data": data}
    )


async def _served(
    office: Office, http: httpx.AsyncClient, one: Person, day: Day, gate: asyncio.Semaphore
) -> None:
    """Record somebody, trying again as honest senders do; of some, look at the case and track."""
    headers = at_the_desk(office)
    url = f"{office.stack.url('intake')}/api"
    async with gate:
        for _ in range(TRIES):
            answer = await http.post(f"{url}/requests", json=body(one), headers=headers)
            if answer.status_code == httpx.codes.CREATED:
                break
            day.refusals.append(_said(answer))
            await asyncio.sleep(0.2)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        said = answer.json()
        day.cases[one.number], day.codes[one.number] = said["case_id"], said["tracking_code"]
        if one.number % EVERY_LOOK:
            return
        reason = {"Access-Reason": "Memeriksa berkas"}
        looked = await http.get(f"{url}/requests/{said['case_id']}", headers=headers | reason)
        assert looked.json()["applicant"]["name"] == one.name, looked.status_code
        tracked = await http.post(f"{url}/track", json={"code": said["tracking_code"]})
        assert tracked.is_success
        day.refusals.append(_said(tracked))


async def _refused(office: Office, http: httpx.AsyncClient, one: Person, day: Day) -> None:
    """Send what must be refused, with his data wherever there is room for them."""
    for service, method, path, how in _wrong(office, one):
        url = f"{office.stack.url(service)}{path}"
        for _ in range(TRIES):
            try:
                answer = await http.request(method, url, **how)
            except httpx.RemoteProtocolError:
                # Refused before the whole of an endless body was sent, and the line cut.
                assert len(how.get("content", b"")) > ENDLESS, f"{method} {service} was cut off"
                break
            day.refusals.append(_said(answer))
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                refused = httpx.codes.is_client_error(answer.status_code)
                assert refused, f"{method} {service}: {answer.status_code} {answer.text[:300]}"
                break
            await asyncio.sleep(0.2)


def _said(answer: httpx.Response) -> bytes:
    return b"\n".join([*(b": ".join(pair) for pair in answer.headers.raw), answer.content])


Sent = tuple[str, str, str, dict[str, Any]]


def _wrong(office: Office, one: Person) -> Iterator[Sent]:
    yield from _wrong_requests(office, one)
    yield from _wrong_to_intake(office, one)
    yield from _wrong_to_others(office, one)
    yield from work.wrong(office, one)


def _wrong_requests(office: Office, one: Person) -> Iterator[Sent]:
    both = f"{one.name} {one.nik}"
    person = one.applicant
    bodies = [
        body(one, applicant={**person, "nik": f"{one.nik}9"}),
        body(one, applicant={**person, "name": f"{one.name}\n{one.nik}"}),
        body(one, applicant={**person, "phone": f"{one.phone}123456"}),
        body(one, applicant={**person, "address": 30 * one.address}),
        body(one, applicant={**person, one.nik: one.name}),
        body(one, applicant=[one.name, one.nik]),
        body(one, applicant=both),
        body(one, **dict.fromkeys(("service", "channel", "programme_id", "event_id"), both)),
        body(one, region_code=one.nik, rw=one.phone, occurred_at=int(one.nik)),
        body(one, pick_up=one.name, reason=both),
        body(one),  # he has an open request already, or the door is not this operator's
    ]
    for wrong in bodies[:-1]:
        yield "intake", "POST", "/api/requests", _json(office, wrong)
    if one.number % EVERY_HOME:
        yield "intake", "POST", "/api/requests", _json(office, bodies[-1])
    yield "intake", "POST", "/api/requests", _json(office, bodies[-1], {"Idempotency-Key": one.nik})
    for token in (one.nik, base64.b64encode(both.encode()).decode(), "eyJhbGciOiJFZERTQSJ9.e30.x"):
        wrong_token = {"Authorization": f"Bearer {token}"}
        yield "intake", "POST", "/api/requests", _json(office, bodies[-1], wrong_token)
    cut_off = f'{{"applicant": {{"name": "{one.name}", "nik": {one.nik}'.encode()
    typed = at_the_desk(office) | {"Content-Type": "application/json"}
    yield "intake", "POST", "/api/requests", {"content": cut_off, "headers": typed}
    endless = cut_off + ENDLESS * b" "
    yield "intake", "POST", "/api/requests", {"content": endless, "headers": typed}


def _wrong_to_intake(office: Office, one: Person) -> Iterator[Sent]:
    desk = {"headers": at_the_desk(office)}
    both = f"{one.name} {one.phone}"
    admin = office.headers("admin-1", "admin:*:*")
    programme = shipped(HOME_PROGRAMME)
    del programme["id"]
    wrong = {**programme, "owner": both, "name": f"{one.name} {one.nik}"}
    put = {"json": wrong, "headers": admin}
    yield "intake", "PUT", f"/api/programmes/{HOME_PROGRAMME}", put
    yield "intake", "PUT", f"/api/programmes/p{one.nik}", {"json": programme, "headers": admin}
    look = {"headers": desk["headers"] | {"Access-Reason": one.nik}}
    yield "intake", "GET", f"/api/requests/{new_id()}", look
    yield "intake", "GET", f"/api/requests/{one.nik}", desk
    yield "intake", "GET", "/api/requests", {"params": {"programme_id": one.nik}} | desk
    odd = {"params": {"programme_id": EVENT_PROGRAMME, "cursor": both, "state": one.name}}
    yield "intake", "GET", "/api/requests", odd | desk
    step = {"json": {"step": both, "occurred_at": one.nik}} | desk
    yield "intake", "POST", f"/api/requests/{new_id()}/steps", step
    yield "intake", "POST", "/api/track", {"json": {"code": one.nik}}
    receipt = {"json": {"code": both, "receipt_code": one.phone}}
    yield "intake", "POST", "/api/track/receipt", receipt
    yield "intake", "POST", "/lacak", {"data": {"kode": both}}
    yield "intake", "GET", f"/{one.nik}/{one.words[0]}", {"headers": {"User-Agent": both.encode()}}


def _wrong_to_others(office: Office, one: Person) -> Iterator[Sent]:
    both = f"{one.name} {one.nik}"
    planner = {"headers": office.headers("rencana-1", f"planner:{EVENT_PROGRAMME}:*")}
    for wrong in (
        event(name=both, place=f"{one.address} {one.phone}"),
        event(booths=[booth(booth_id=one.nik, agency=f"{one.name} {one.phone}")]),
        event(region_code=one.nik, on=one.nik, opens=one.name, weekday=one.name),
    ):
        yield "scheduler", "PUT", "/api/events/acara-lain", {"json": wrong} | planner
    yield "scheduler", "PUT", f"/api/events/{one.nik}", {"json": event()} | planner
    admin = {"headers": office.headers("admin-1", "admin:*:*")}
    area = f"/api/areas/{HOME_PROGRAMME}/{VILLAGE}/006"
    for agent in (one.nik, one.name, f"+62{one.phone}"):
        yield "courier", "PUT", area, {"json": {"agent_id": agent}} | admin
    yield "courier", "PUT", f"/api/areas/{HOME_PROGRAMME}/{one.nik}/{one.phone}", admin
    agent_says = {"json": {"step": one.name, "reason": both, "occurred_at": one.nik}}
    yield "courier", "POST", f"/api/jobs/{one.nik}/steps", agent_says | admin
    head = {"headers": office.headers("camat-1", "head:*:*")}
    yield "reporting", "GET", f"/api/{one.nik}", {"params": {"name": one.name}} | head


def _json(
    office: Office, wrong: dict[str, Any], headers: dict[str, str] | None = None
) -> dict[str, Any]:
    return {"json": wrong, "headers": at_the_desk(office) | (headers or {})}


async def _troubled(office: Office) -> None:
    """Leave a dead letter, one that waits for its case in a retry queue, and a lost retry."""
    stack = office.stack
    nobody = JobAssigned(
        case_id=new_id(),
        job_id=new_id(),
        programme_id=HOME_PROGRAMME,
        service="KK",
        channel="agent",
        region_code=VILLAGE,
        rw="005",
        agent_id="satgas-5",
    )
    url = stack._amqp_url("courier", stack.secrets["courier_amqp_password"])
    async with line(url) as own:
        await own.send(message_of(nobody, utc_now()))
        await send_poison(own, key=JobAssigned.type)
