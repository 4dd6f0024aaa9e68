"""Devices without uplink over HTTP: what they get, what they tell, what is refused, who sees it."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from services.scheduler.api.leases import MAX_LINES, MAX_STORIES
from services.scheduler.domain import MAX_HELD, MAX_WANTED, Conflict, ConflictKind
from services.scheduler.domain.late import LISTED_CONFLICTS, MAX_STEPS
from shared.contracts.intake import AccessKind, AccessRevoked
from shared.contracts.scheduler import TicketServed
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime import sent_by
from tests.component.scheduler.floor import DEVICE, Floor, floor
from tests.unit.scheduler.sample import SETU

OTHER: Final = "0190f3c2-7a51-4c3e-9a5e-0d2f4b6a8c99"
_IDS = count(1)
"""The same in each worker, for they are parts of tests' names."""
TIME: Final = "2023-03-11T09:15:00+07:00"
HELD_BACK: Final = {"act": "hold", "claimed_at": TIME}


def issued(number: int = 1, code: str = "K7QW3ZTM", **more: Any) -> dict[str, Any]:
    """A story of a gate."""
    return {
        "entry_id": str(UUID(int=next(_IDS))),
        "code": code,
        "numbers": {"KIA": number},
        "claimed_at": TIME,
        **more,
    }


def called(number: int = 1, booth_id: str = "loket-1", **more: Any) -> dict[str, Any]:
    """A story of a booth."""
    return {
        "entry_id": str(UUID(int=next(_IDS))),
        "booth_id": booth_id,
        "service": "KIA",
        "number": number,
        "claimed_at": TIME,
        **more,
    }


async def seen(at: Floor, what: str) -> Any:
    """What a supervisor sees."""
    answer = await at.get(f"/api/events/{SETU}/{what}", "supervisor", "botram", "32.16")
    return answer.raise_for_status().json()


async def test_a_gate_and_a_booth_go_on_without_uplink_and_tell_it() -> None:
    async with floor() as at:
        await at.arrive()
        gate = (await at.lease({"numbers": {"KIA": 30}})).json()
        booth = (await at.lease({"booth_id": "loket-1", "hold": 12}, OTHER)).json()
        assert [(b["letter"], b["first"], b["last"]) for b in gate["blocks"]] == [("A", 2, 31)]
        assert [one["label"] for one in booth["held"]] == ["A1"]
        assert (gate["event_id"], gate["time_zone"], gate["on"]) == (
            SETU, "Asia/Jakarta", "2023-03-11",
        )  # fmt: skip
        assert booth["held"][0]["held_until"] < booth["until"]

        told = await at.tell({"issued": [issued(2), issued(3, "K7QW3ZTN")]})
        ended = called(1, end="served", end_claimed_at=TIME)
        answer = await at.tell({"called": [ended]}, OTHER)

        assert [one["outcome"] for one in told.json() + answer.json()] == ["merged"] * 3
        given = [(t["label"], t["waiting"]) for one in told.json() for t in one["tickets"]]
        assert given == [("A2", 1), ("A3", 2)]
        lines = await at.lines()
        assert (lines["KIA"]["issued"], lines["KIA"]["served"], lines["KIA"]["waiting"]) == (
            3, 1, 2,
        )  # fmt: skip
        place = (await at.get(f"/api/events/{SETU}/arrivals/K7QW3ZTM")).json()["tickets"]
        assert [one["label"] for one in place] == ["A2"]
        assert await seen(at, "conflicts") == {"conflicts": [], "more": False}


async def test_what_a_booth_does_between_a_call_and_its_end_is_told_as_it_goes_on() -> None:
    async with floor() as at:
        await at.arrive()
        await at.lease({"booth_id": "loket-1", "hold": 1})
        at.messaging.clock.advance(minutes=20)
        began = {"act": "start", "claimed_at": "2023-03-11T09:20:00+07:00"}
        held_back = {"act": "hold", "claimed_at": "2023-03-11T09:22:00+07:00"}
        story = called(1)
        states = []
        for more in ({}, {"acts": [began]}, {"acts": [began, held_back]}):
            told = await at.tell({"called": [{**story, **more}]})
            assert (told.json()[0]["outcome"], told.json()[0]["conflicts"]) == ("merged", [])
            current = await at.get(f"/api/events/{SETU}/booths/loket-1/current")
            states.append(current.json()["ticket"]["state"])
        ended = {"end": "served", "end_claimed_at": "2023-03-11T09:30:00+07:00"}
        await at.tell({"called": [{**story, "acts": [began, held_back], **ended}]})
        late = await at.tell({"called": [{**story, "acts": [began]}]})

        assert states == ["called", "serving", "on_hold"]
        assert late.json()[0]["outcome"] == "known"
        [served] = [one for one in at.messaging.published if isinstance(one, TicketServed)]
        assert served.served_seconds == 600, "since he was served, and not since he was called"


async def test_a_booth_calls_those_whom_its_device_holds() -> None:
    async with floor() as at:
        await at.arrive()
        await at.lease({"booth_id": "loket-1", "hold": 1})
        assert (await at.call()).json() == {"ticket": None}
        assert (await at.call(json={})).json() == {"ticket": None}
        path = f"/api/events/{SETU}/booths/loket-1/calls"
        found = await at.post(path, json={"device": DEVICE})

        assert found.json()["ticket"]["label"] == "A1"
        assert (await at.post(path, json={"device": "mine"})).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "/"),
        ({"hold": 1}, "/"),
        ({"numbers": {"KIA": 10_000}}, "/numbers/KIA"),
        ({"numbers": {"KIA": MAX_WANTED + 1}}, "/numbers/KIA"),
        ({"numbers": {"KIA": 0}}, "/numbers/KIA"),
        ({"numbers": {"KIA": "ten"}}, "/numbers/KIA"),
        ({"numbers": {"kia": 1}}, "/numbers/kia"),
        ({"numbers": {f"S{n}": 1 for n in range(MAX_LINES + 1)}}, "/numbers"),
        ({"booth_id": "loket-1", "hold": MAX_HELD + 1}, "/hold"),
        ({"booth_id": "loket-1", "hold": -1}, "/hold"),
        ({"booth_id": "loket-1", "clock_ahead": 5 * 10**9}, "/clock_ahead"),
        ({"booth_id": "Loket 1"}, "/booth_id"),
        ({"booth_id": "loket-1", "name": "Ani"}, "/name"),
    ],
    ids=str,
)
async def test_what_no_device_can_have_is_refused_by_field(body: Any, field: str) -> None:
    async with floor() as at:
        answer = await at.lease(body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"].rstrip("/").startswith(field.rstrip("/"))
        assert at.messaging.documents("device_leases") == []
        assert (await at.lines())["KIA"]["issued"] == 0


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"numbers": {"HEALTH_CHECK": 10}}, 409, "not_offered"),
        ({"booth_id": "puskesmas"}, 409, "no_tickets"),
        ({"booth_id": "loket-9"}, 404, None),
    ],
)
async def test_what_the_event_does_not_have_is_not_leased(
    body: Any, status: int, reason: str | None
) -> None:
    async with floor() as at:
        answer = await at.lease(body)
        assert (answer.status_code, answer.json().get("reason")) == (status, reason)
        assert at.messaging.documents("device_leases") == []


async def test_a_device_is_a_uuid_and_its_event_is_planned() -> None:
    async with floor() as at:
        assert (await at.lease({"booth_id": "loket-1"}, "laptop")).status_code == 422
        headers = at.messaging.headers("operator")
        path = f"/api/events/another/leases/{DEVICE}"
        wrong = await at.client.put(path, json={"booth_id": "loket-1"}, headers=headers)
        assert wrong.status_code == 404
        nothing = await at.tell({"called": [called()]})
        assert (nothing.status_code, nothing.json()["detail"]) == (404, "lease")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "/"),
        ({"issued": [issued()] * (MAX_STORIES + 1)}, "/issued"),
        ({"called": [called()] * (MAX_STORIES + 1)}, "/called"),
        ({"issued": [issued(entry_id="1")]}, "/issued/0/entry_id"),
        ({"issued": [issued(code="AAAAAAAA")]}, "/issued/0/code"),
        ({"issued": [issued(numbers={})]}, "/issued/0/numbers"),
        ({"issued": [issued(numbers={f"S{n}": 1 for n in range(11)})]}, "/issued/0/numbers"),
        ({"issued": [issued(100_001)]}, "/issued/0/numbers/KIA"),
        ({"issued": [issued(claimed_at="9.15")]}, "/issued/0/claimed_at"),
        ({"issued": [issued(claimed_at=1678500000)]}, "/issued/0/claimed_at"),
        ({"issued": [issued(nik="3216990101900001")]}, "/issued/0/nik"),
        ({"called": [called(0)]}, "/called/0/number"),
        ({"called": [called(end="served")]}, "/called/0"),
        ({"called": [called(end="gone", end_claimed_at=TIME)]}, "/called/0/end"),
        ({"called": [called(acts=[{"act": "serve", "claimed_at": TIME}])]}, "/called/0/acts/0/act"),
        ({"called": [called(acts=[{"act": "hold"}])]}, "/called/0/acts/0/claimed_at"),
        ({"called": [called(acts=[HELD_BACK] * (MAX_STEPS + 1))]}, "/called/0/acts"),
    ],
    ids=lambda value: str(value)[:80],
)
async def test_what_cannot_be_told_is_refused_by_field(body: Any, field: str) -> None:
    async with floor() as at:
        await at.lease({"numbers": {"KIA": 10}})
        answer = await at.tell(body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"].rstrip("/").startswith(field.rstrip("/"))
        assert at.messaging.documents("late_entries") == []


async def test_the_same_number_of_stories_as_the_limit_is_taken_in_at_once() -> None:
    async with floor() as at:
        await at.lease({"numbers": {"KIA": 100}})
        told = [issued(n, f"K7QW3Z{n // 10 + 2}{n % 7 + 2}") for n in range(1, MAX_STORIES + 1)]
        answer = await at.tell({"issued": told})

        assert {one["outcome"] for one in answer.json()} == {"merged"}
        assert (await at.lines())["KIA"]["issued"] == MAX_STORIES


async def test_a_lost_answer_is_told_again_under_any_key() -> None:
    async with floor() as at:
        had = (await at.lease({"numbers": {"KIA": 10}}, key="lease-001")).json()
        at.messaging.clock.advance(minutes=1)
        late = (await at.lease({"numbers": {"KIA": 10}}, key="lease-001")).json()
        assert late["now"] > had["now"], "a device counts from when it hears the answer"
        assert {**late, "now": ""} == {**had, "now": ""}
        story = issued()
        first = await at.tell({"issued": [story]}, key="tell-0001")
        again = await at.tell({"issued": [story]}, key="tell-0001")
        anew = await at.tell({"issued": [story]}, key="tell-0002")

        assert first.json() == again.json()
        assert anew.json()[0]["outcome"] == "known"
        assert (await at.lines())["KIA"]["issued"] == 1


async def test_an_agencys_operator_leases_for_its_booths_and_gives_no_numbers() -> None:
    async with floor() as at:
        headers = at.messaging.headers("agency_operator", "botram", "32.16:disdukcapil")
        path = f"/api/events/{SETU}/leases/{DEVICE}"

        async def put(body: Mapping[str, Any]) -> int:
            headers["Idempotency-Key"] = str(uuid4())
            return (await at.client.put(path, json=body, headers=headers)).status_code

        assert await put({"numbers": {"KIA": 10}}) == 403
        assert await put({"booth_id": "loket-1", "numbers": {"KIA": 10}}) == 403
        assert await put({"booth_id": "loket-1", "hold": 2}) == 200
        await at.lease({"numbers": {"KIA": 10}}, OTHER)
        headers["Idempotency-Key"] = str(uuid4())
        told = await at.client.post(f"{path}/stories", json={"issued": [issued()]}, headers=headers)
        assert told.status_code == 403


async def test_a_supervisor_sees_devices_and_conflicts_and_takes_a_lease_back() -> None:
    async with floor() as at:
        await at.lease({"numbers": {"KIA": 10}, "clock_ahead": 86_400}, subject="siti")
        await at.lease({"numbers": {"KIA": 10}}, OTHER)
        await at.tell({"issued": [issued(11)]}, OTHER)
        headers = at.messaging.headers("operator", "botram", "32.16", subject="siti")
        path = f"/api/events/{SETU}/leases/{DEVICE}/stories"
        same = {"issued": [issued(1, clock_ahead=86_400)]}
        await at.client.post(path, json=same, headers=headers)

        first, second = await seen(at, "leases")
        assert (first["device"], first["clock_off"], first["unused"]) == (DEVICE, True, {"KIA": 9})
        assert (second["account"], second["clock_off"]) == ("agus", False)
        found = await seen(at, "conflicts")
        kinds = {one["kind"]: one for one in found["conflicts"]}
        assert (set(kinds), found["more"]) == ({"same_code", "clock"}, False)
        assert kinds["same_code"]["subject"] == "K7QW3ZTM"
        assert (kinds["same_code"]["stories"], len(kinds["same_code"]["entries"])) == (2, 2)
        headers = at.messaging.headers("supervisor", "botram", "32.16", subject="rina")
        gone = await at.client.delete(f"/api/events/{SETU}/leases/{DEVICE}", headers=headers)
        assert gone.status_code == 204
        again = await at.lease({"numbers": {"KIA": 10}}, subject="siti")
        assert (again.status_code, again.json()["reason"]) == (409, "lease_ended")
        assert (await seen(at, "leases"))[0]["ended"] == "taken_back"


async def test_more_conflicts_than_are_listed_are_said_to_be_there() -> None:
    async with floor() as at:
        await at.lease({"numbers": {"KIA": 10}}, OTHER)
        for first in range(0, LISTED_CONFLICTS + 1, MAX_STORIES):
            numbers = range(first, min(first + MAX_STORIES, LISTED_CONFLICTS + 1))
            now = at.messaging.clock()
            rows = [Conflict(SETU, ConflictKind.ENDED, f"{n:03}", now, version=1) for n in numbers]

            async def keep(uow: UnitOfWork, rows: list[Conflict] = rows) -> None:
                uow.add(*rows)

            sent = sent_by("a-op", f"conflicts-{first}")
            await at.messaging.commands(Exception).run(keep, sent=sent, key=SETU)
        found = await seen(at, "conflicts")
        assert (len(found["conflicts"]), found["more"]) == (LISTED_CONFLICTS, True)


async def test_an_operator_ends_no_lease_of_another_account() -> None:
    async with floor() as at:
        await at.lease({"booth_id": "loket-1"}, subject="siti")
        headers = at.messaging.headers("operator", "botram", "32.16", subject="budi")
        answer = await at.client.delete(f"/api/events/{SETU}/leases/{DEVICE}", headers=headers)

        assert (answer.status_code, answer.json()["reason"]) == (409, "other_account")


async def test_a_revoked_account_holds_nobody_any_more() -> None:
    async with floor() as at:
        await at.arrive()
        await at.lease({"booth_id": "loket-1", "hold": 1}, subject="siti")
        at.messaging.clock.advance(minutes=1)
        revoked = AccessRevoked(
            access_id="siti", kind=AccessKind.ACCOUNT, revoked_at=at.messaging.clock()
        )
        await at.messaging.deliver(revoked)

        assert (await at.call("loket-2")).json()["ticket"]["number"] == 1
        assert (await seen(at, "leases"))[0]["ended"] == "revoked"


async def test_a_lease_is_over_by_the_offices_clock() -> None:
    async with floor() as at:
        await at.lease({"numbers": {"KIA": 10}})
        at.messaging.clock.advance(hours=1)
        late = at.messaging.clock() + timedelta(hours=8)
        at.messaging.clock.now = late
        answer = await at.lease({"numbers": {"KIA": 10}})

        assert (answer.status_code, answer.json()["reason"]) == (409, "closed")
        told = await at.tell({"issued": [issued()]})
        assert told.json()[0]["outcome"] == "merged"
