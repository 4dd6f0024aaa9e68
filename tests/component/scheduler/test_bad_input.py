"""What nobody can have of a floor: each is answered by field and reason, and changes nothing.

A service that nobody offers, after the closing, of a cancelled event, a number typed wrong, a clock
that is a day off, a lease that is used up, two people with one code, 10,000 tickets for one gate.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

import httpx
import pytest

from services.scheduler.domain import MAX_WANTED
from services.scheduler.domain.arrival import MAX_TICKETS
from shared.web.accounts import PEOPLE
from tests.component.scheduler.floor import DEVICE, Floor, event_body, floor
from tests.component.scheduler.test_leases import OTHER, called, issued
from tests.unit.scheduler.sample import SETU

EVENT: Final = f"/api/events/{SETU}"
LEASE: Final = f"/leases/{DEVICE}"
FIRST: Final = 3
"""Of the ten numbers that the gate's device has; the office gave the two before them."""
HEARD: Final = {"version", "heard_at", "clock_ahead"}
"""What a lease knows of its device, whatever that says."""
HEARD_IN: Final = {"inbox", "actions", "lease_accesses"}
"""Collections that say what was asked, and by whose right."""
DAY: Final = 86_400
Ask = tuple[str, str, Any, int, str, str]
"""Method, path, body; status, field, reason."""

NOBODY_OFFERS: Final[tuple[Ask, ...]] = (
    ("POST", "/arrivals", {"services": ["PASSPORT"]}, 409, "services", "not_offered"),
    ("POST", "/arrivals", {"services": ["KIA", "HEALTH_CHECK"]}, 409, "services", "not_offered"),
    ("PUT", LEASE, {"numbers": {"KIA": 100, "PASSPORT": 10}}, 409, "numbers", "not_offered"),
    ("POST", "/services/KIA/tickets/1/transfer", {"to_service": "PASSPORT"}, 409, "to_service",
     "not_offered"),
    ("POST", "/services/KIA/tickets/1/send", {"to_booth": "puskesmas"}, 409, "service",
     "not_offered"),
    ("POST", "/services/PASSPORT/tickets/1/serve", {}, 404, "number", ""),
    ("POST", "/booths/puskesmas/visits", {"service": "VACCINE", "visitors": 1}, 409, "service",
     "not_offered"),
)  # fmt: skip
AFTER_CLOSING: Final[tuple[Ask, ...]] = (
    ("POST", "/arrivals", {"services": ["KIA"]}, 409, "event_id", "closed"),
    ("POST", "/arrivals", {"services": ["KIA"], "booked_for": "11:15"}, 409, "event_id", "closed"),
    ("PUT", LEASE, {"numbers": {"KIA": 100}}, 409, "event_id", "closed"),
    ("POST", "/services/KIA/tickets/1/transfer", {"to_service": "KK"}, 409, "service", "closed"),
)  # fmt: skip
CANCELLED: Final[tuple[Ask, ...]] = (
    ("POST", "/arrivals", {"services": ["KIA"]}, 409, "event_id", "cancelled"),
    ("POST", "/arrivals", {"services": ["KIA"], "booked_for": "11:15"}, 409, "event_id",
     "cancelled"),
    ("POST", "/booths/loket-2/calls", None, 409, "event_id", "cancelled"),
    ("PUT", LEASE, {"numbers": {"KIA": 100}}, 409, "event_id", "cancelled"),
    ("PUT", f"/leases/{OTHER}", {"booth_id": "loket-1", "hold": 2}, 409, "event_id", "cancelled"),
    ("POST", "/booths/puskesmas/visits", {"service": "HEALTH_CHECK", "visitors": 1}, 409,
     "event_id", "cancelled"),
    ("PUT", "", event_body(name="BOTRAM baru"), 409, "event_id", "cancelled"),
)  # fmt: skip
TYPED_WRONG: Final[tuple[Ask, ...]] = (
    *(
        ("POST", f"/services/KIA/tickets/7/{act}", {}, 404, "number", "")
        for act in ("start", "recall", "hold", "resume", "serve", "leave", "no_show", "rejoin")
    ),
    ("POST", "/services/KIA/tickets/7/undo", {}, 404, "number", ""),
    ("POST", "/services/KIA/tickets/7/send", {"to_booth": "loket-2"}, 404, "number", ""),
    ("POST", "/services/KIA/tickets/7/transfer", {"to_service": "KK"}, 404, "number", ""),
    ("POST", "/services/KIA/tickets/0/serve", {}, 422, "path/number", "must be 1 or more"),
    ("POST", "/services/KIA/tickets/2/serve", {}, 409, "", "not_called"),
    ("GET", "/arrivals/K7QW3ZTM", None, 404, "arrival", ""),
    ("GET", "/arrivals/AAAAAAAA", None, 422, "path/code", ""),
)
CLOCKS: Final[tuple[Ask, ...]] = (
    ("PUT", LEASE, {"numbers": {"KIA": 10}, "clock_ahead": 5 * 10**9}, 422, "/clock_ahead", ""),
    ("POST", f"{LEASE}/stories", {"issued": [issued(FIRST, claimed_at="9.15")]}, 422,
     "/issued/0/claimed_at", ""),
    ("POST", f"{LEASE}/stories", {"issued": [issued(FIRST, clock_ahead=5 * 10**9)]}, 422,
     "/issued/0/clock_ahead", ""),
)  # fmt: skip
TEN_THOUSAND: Final[tuple[Ask, ...]] = (
    ("PUT", LEASE, {"numbers": {"KIA": 10_000}}, 422, "/numbers/KIA", "must be 100 or less"),
    ("PUT", f"/leases/{OTHER}", {"booth_id": "loket-1", "hold": 10_000}, 422, "/hold",
     "must be 12 or less"),
    ("POST", "/arrivals", {"services": ["KIA"] * 10_000}, 422, "/services", "at most 10"),
    ("POST", f"{LEASE}/stories", {"issued": [issued(FIRST)] * 51}, 422, "/issued", "at most 50"),
)  # fmt: skip


@pytest.fixture
async def at() -> AsyncIterator[Floor]:
    """One at a booth, one who waits, and a gate whose device has ten numbers."""
    async with floor() as running:
        for _ in "ab":
            (await running.arrive()).raise_for_status()
        (await running.call()).raise_for_status()
        (await running.lease({"numbers": {"KIA": 10}})).raise_for_status()
        yield running


def state(at: Floor) -> tuple[Any, int]:
    """All that is kept, but for what was asked and when devices were heard of; and what is told."""
    held = {name: at.messaging.documents(name) for name in list(at.messaging.memory.collections)}
    for lease in held.get("device_leases", []):
        for name in HEARD:
            lease.pop(name)
    kept = {name: rows for name, rows in held.items() if rows and name not in HEARD_IN}
    return kept, len(at.messaging.messages)


async def ask(at: Floor, method: str, path: str, body: Any) -> httpx.Response:
    """Ask as whoever may; a booth is the one that has called."""
    role = "planner" if path in {"", "/cancellation"} else "operator"
    headers = at.messaging.headers(role, "botram", "32.16")
    if "/tickets/" in path:
        body = {"booth_id": "loket-1", **body}
    return await at.client.request(method, f"{EVENT}{path}", json=body, headers=headers)


async def hold(at: Floor, asked: Ask) -> None:
    """Fail unless it is refused by field and reason, and nothing has changed."""
    method, path, body, status, field, reason = asked
    before = state(at)
    answer = await ask(at, method, path, body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    if status == 422:
        [error] = said["errors"]
        assert error["field"] == field
        assert reason in error["reason"]
    else:
        assert said.get("reason", "") == reason
        assert said["detail"].startswith(field)
        assert status == 404 or not field or said["detail"].startswith(f"{field}: ")
    assert state(at) == before


@pytest.mark.parametrize("asked", NOBODY_OFFERS, ids=str)
async def test_a_service_that_nobody_offers(at: Floor, asked: Ask) -> None:
    await hold(at, asked)


@pytest.mark.parametrize("asked", AFTER_CLOSING, ids=str)
async def test_after_the_closing(at: Floor, asked: Ask) -> None:
    at.messaging.clock.advance(hours=2, minutes=15)
    for service in ("KIA", "KK"):
        (await at.post(f"{EVENT}/services/{service}/closing")).raise_for_status()
    await at.messaging.settle()
    await hold(at, asked)


@pytest.mark.parametrize("asked", CANCELLED, ids=str)
async def test_of_a_cancelled_event(at: Floor, asked: Ask) -> None:
    (await ask(at, "POST", "/cancellation", None)).raise_for_status()
    await at.messaging.settle()
    await hold(at, asked)


@pytest.mark.parametrize("asked", TYPED_WRONG, ids=str)
async def test_a_number_or_a_code_that_was_typed_wrong(at: Floor, asked: Ask) -> None:
    await hold(at, asked)


@pytest.mark.parametrize("asked", [*CLOCKS, *TEN_THOUSAND], ids=lambda asked: str(asked)[:60])
async def test_a_clock_that_no_device_has_and_more_than_a_gate_can_have(
    at: Floor, asked: Ask
) -> None:
    await hold(at, asked)


@pytest.mark.parametrize(
    ("kind", "story", "field", "reason"),
    [
        ("called", called(2, service="PASSPORT"), "service", "not_offered"),
        ("called", called(2, "loket-9"), "booth_id", "unknown_booth"),
        ("called", called(7), "number", "unknown_ticket"),
        ("issued", issued(FIRST, numbers={"PASSPORT": 1}), "numbers", "not_leased"),
        ("issued", issued(FIRST + 10), "numbers", "not_leased"),
        ("issued", issued(FIRST, numbers={"KIA": FIRST, "KK": 1}), "numbers", "not_leased"),
        ("issued", issued(FIRST + 1), "numbers", "number_taken"),
    ],
)
async def test_what_is_refused_of_a_device_is_named_and_keeps_nothing_back(
    at: Floor, kind: str, story: Any, field: str, reason: str
) -> None:
    """Typed wrong on paper, nobody's service, or a lease that is used up."""
    (await at.tell({"issued": [issued(FIRST + 1, "K7QW3ZTN")]})).raise_for_status()
    before = state(at)
    answer = await at.tell({kind: [story]})

    [said] = answer.json()
    assert (said["outcome"], said["reason"]) == ("refused", reason)
    assert said["detail"].startswith(f"{field}: ")
    assert state(at) == before
    again = await at.tell({kind: [story], "issued": [issued(FIRST)] + [story] * (kind == "issued")})
    assert {one["outcome"] for one in again.json()} == {"refused", "merged"}


async def test_a_lease_that_is_used_up_is_over_by_the_offices_time(at: Floor) -> None:
    at.messaging.clock.advance(hours=6)
    await hold(at, ("PUT", LEASE, {"booth_id": "loket-1"}, 409, "event_id", "closed"))
    at.messaging.clock.advance(days=9)
    told = {"issued": [issued(FIRST)]}
    await hold(at, ("POST", f"{LEASE}/stories", told, 409, "event_id", "merge_too_late"))


@pytest.mark.parametrize("ahead", [-DAY, DAY])
async def test_a_clock_that_is_a_day_off_moves_nobody(at: Floor, ahead: int) -> None:
    """Whether the device knows it or not: its story counts at a time that can have been."""
    leased = at.messaging.clock()
    at.messaging.clock.advance(minutes=10)
    now, others = at.messaging.clock(), at.messaging.documents("tickets")
    claimed = now.replace(day=now.day + (1 if ahead > 0 else -1)).isoformat()
    knows = issued(FIRST, "K7QW3ZTM", claimed_at=claimed, clock_ahead=ahead)
    answer = await at.tell({"issued": [knows, issued(FIRST + 1, "K7QW3ZTN", claimed_at=claimed)]})

    assert [one["conflicts"] for one in answer.json()] == [["clock"], ["clock"]]
    *known, one, other = at.messaging.documents("tickets")
    assert known == others
    joined = [datetime.fromisoformat(ticket["joined_at"]) for ticket in (one, other)]
    assert joined == [now, now if ahead > 0 else leased]


async def test_two_people_with_one_code_are_both_let_in_and_told_of(at: Floor) -> None:
    (await at.lease({"numbers": {"KIA": 10}}, OTHER)).raise_for_status()
    (await at.tell({"issued": [issued(FIRST)]})).raise_for_status()
    before = at.messaging.documents("tickets")
    [said] = (await at.tell({"issued": [issued(FIRST + 10)]}, OTHER)).json()

    assert (said["outcome"], said["conflicts"]) == ("merged", ["same_code"])
    numbers = sorted(one["number"] for one in at.messaging.documents("tickets"))
    assert numbers == [1, 2, FIRST, FIRST + 10]
    assert [one for one in at.messaging.documents("tickets") if one in before] == before


async def test_one_code_is_given_to_a_few_alone(at: Floor) -> None:
    (await at.lease({"numbers": {"KIA": MAX_WANTED}}, OTHER)).raise_for_status()
    numbers = range(FIRST + 10, FIRST + 10 + MAX_TICKETS)
    (await at.tell({"issued": [issued(number) for number in numbers]}, OTHER)).raise_for_status()
    before = state(at)
    [said] = (await at.tell({"issued": [issued(FIRST + 10 + MAX_TICKETS)]}, OTHER)).json()

    assert (said["reason"], said["detail"].partition(":")[0]) == ("arrival_full", "code")
    assert state(at) == before


async def test_ten_thousand_numbers_asked_for_bit_by_bit_are_a_hundred(at: Floor) -> None:
    body = {"numbers": {"KIA": MAX_WANTED}}
    (await at.lease(body, OTHER)).raise_for_status()
    before = state(at)
    for _ in range(10_000 // MAX_WANTED):
        (await at.lease(body, OTHER)).raise_for_status()
    assert state(at) == before


async def test_ten_thousand_people_at_one_gate_are_six_hundred_a_minute(at: Floor) -> None:
    def sent() -> dict[str, str]:
        return at.messaging.session_headers("operator:botram:32.16", subject="a-1", session="s-1")

    def arrive() -> Any:
        return at.client.post(f"{EVENT}/arrivals", json={"services": ["KIA"]}, headers=sent())

    given = [await arrive() for _ in range(10)]
    looks = (at.client.get(EVENT, headers=sent()) for _ in range(PEOPLE.amount - len(given)))
    given += await asyncio.gather(*looks)
    assert {one.status_code for one in given} == {200}
    before = state(at)
    for answer in await asyncio.gather(*(arrive() for _ in range(10))):
        assert (answer.status_code, answer.json()["limit"]) == (429, PEOPLE.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert state(at) == before
