"""The gate: tickets before requests, their binding, and what a booth does with them, over HTTP."""

from typing import Any

import pytest

from shared.contracts.scheduler import (
    TicketAssigned,
    TicketCalled,
    TicketEnded,
    TicketIssued,
    TicketReverted,
    TicketServed,
)
from tests.component.scheduler.floor import Floor, booth_body, event_body, floor
from tests.unit.scheduler.sample import SETU, closed


def told(at: Floor, kind: type[Any]) -> list[Any]:
    return [event for event in at.messaging.published if isinstance(event, kind)]


async def test_the_gate_gives_a_code_and_a_ticket_for_each_service() -> None:
    async with floor() as at:
        answer = await at.arrive("KIA", "KK")
        second = (await at.arrive("KIA")).json()

        given = answer.json()
        assert answer.status_code == 200
        assert [(t["service"], t["number"], t["waiting"]) for t in given["tickets"]] == [
            ("KIA", 1, 0),
            ("KK", 1, 0),
        ]
        assert second["tickets"][0]["waiting"] == 1
        assert second["code"] != given["code"]
        issued = told(at, TicketIssued)
        assert {event.thread_id for event in issued[:2]} == {f"{SETU}/{given['code']}"}
        assert all((e.case_id, e.channel, e.region_code) == (None, None, None) for e in issued)


async def test_a_repeated_tap_at_the_gate_gives_the_same_code() -> None:
    async with floor() as at:
        first = await at.arrive(key="gate-0001")
        again = await at.arrive(key="gate-0001")

        assert first.json() == again.json()
        assert len(told(at, TicketIssued)) == 1


async def test_a_request_recorded_later_takes_the_ticket_over() -> None:
    async with floor() as at:
        code = (await at.arrive()).json()["code"]
        await at.request("case-1", arrival_code=code)

        called = (await at.call()).json()["ticket"]
        assert (called["number"], called["case_id"]) == (1, "case-1")
        [assigned] = told(at, TicketAssigned)
        assert (assigned.case_id, assigned.region_code) == ("case-1", "32.16.18.2001")
        assert (assigned.called_at, assigned.served_at) == (None, None)
        assert len(told(at, TicketIssued)) == 1


async def test_a_request_recorded_while_its_holder_is_served_hears_of_it() -> None:
    async with floor() as at:
        code = (await at.arrive()).json()["code"]
        await at.call()
        await at.serve(1)
        await at.request("case-1", arrival_code=code)

        [assigned] = told(at, TicketAssigned)
        assert assigned.served_at is not None
        assert assigned.called_at is not None
        place = (await at.get(f"/api/events/{SETU}/arrivals/{code.lower()}")).json()["tickets"][0]
        assert (place["state"], place["case_id"], place["booth_id"]) == (
            "served",
            "case-1",
            "loket-1",
        )


async def test_two_people_with_one_code_have_a_ticket_each() -> None:
    """The first request takes the one of the gate, the second gets its own."""
    async with floor() as at:
        code = (await at.arrive()).json()["code"]
        await at.request("case-1", arrival_code=code)
        await at.request("case-2", arrival_code=code)

        by_case = {t["case_id"]: t["number"] for t in at.messaging.documents("tickets")}
        assert by_case == {"case-1": 1, "case-2": 2}


async def test_a_code_that_was_typed_wrong_gives_a_ticket_as_before() -> None:
    async with floor() as at:
        await at.arrive()
        await at.request("case-1", arrival_code="K7QW3ZTM")

        assert told(at, TicketIssued)[-1].case_id == "case-1"
        assert told(at, TicketAssigned) == []


@pytest.mark.parametrize("first", ["request", "closing"])
async def test_a_withdrawn_request_takes_the_gates_ticket_out_of_the_line(first: str) -> None:
    async with floor() as at:
        code = (await at.arrive()).json()["code"]
        if first == "request":
            await at.request("case-1", arrival_code=code)
        await at.messaging.deliver(closed("case-1"))
        if first == "closing":
            await at.request("case-1", arrival_code=code)

        assert (await at.call()).json() == {"ticket": None}
        assert (await at.lines())["KIA"]["void"] == 1


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"services": []}, 422, "/services"),
        ({"services": ["KIA", "KIA"]}, 422, "/services"),
        ({"services": ["kia"]}, 422, "/services/0"),
        ({"services": [f"S{n}" for n in range(11)]}, 422, "/services"),
        ({"services": ["KIA"], "priority": "old"}, 422, "/priority"),
        ({"services": ["KIA"], "booked_for": "9.15"}, 422, "/booked_for"),
        ({"services": ["KIA"], "booked_for": "09:10"}, 409, "not_in_slots"),
        ({"services": ["KIA"], "name": "Ani"}, 422, "/name"),
        ({"services": ["KIA"], "booked_for": "08:45"}, 409, "not_in_hours"),
        ({"services": ["KIA"], "booked_for": "11:30"}, 409, "not_in_hours"),
        ({"services": ["PASSPORT"]}, 409, "not_offered"),
        ({"services": ["KIA", "HEALTH_CHECK"]}, 409, "not_offered"),
    ],
    ids=str,
)
async def test_what_the_gate_cannot_give_is_refused_and_nothing_is_kept(
    body: dict[str, Any], status: int, where: str
) -> None:
    async with floor() as at:
        answer = await at.post(f"/api/events/{SETU}/arrivals", json=body)

        assert answer.status_code == status, answer.text
        said = answer.json()
        assert where == (said["reason"] if status == 409 else said["errors"][0]["field"])
        assert at.messaging.documents("tickets") == at.messaging.documents("arrivals") == []


@pytest.mark.parametrize(
    ("hours", "reason"), [(2.5, "closed"), (-10, "not_its_day"), (22, "not_its_day")]
)
async def test_the_gate_is_shut_after_closing_and_on_other_days(hours: float, reason: str) -> None:
    async with floor() as at:
        at.messaging.clock.advance(hours=hours)
        answer = await at.arrive()

        assert (answer.status_code, answer.json()["reason"]) == (409, reason)


async def test_who_books_does_so_days_before() -> None:
    async with floor() as at:
        at.messaging.clock.advance(hours=-48)
        booked = await at.arrive(booked_for="09:30")
        at.messaging.clock.advance(hours=48)

        assert booked.status_code == 200
        assert (await at.call()).json() == {"ticket": None}
        at.messaging.clock.advance(minutes=15)
        assert (await at.call()).json()["ticket"]["number"] == 1


async def test_a_partners_booth_has_a_line_that_the_gate_fills() -> None:
    async with floor() as at:
        booths = [booth_body("loket-1", "KIA"), booth_body("puskesmas", "HEALTH_CHECK")]
        answer = await at.put(event_body(booths=booths))
        assert [one["reason"] for one in answer.json()["warnings"]] == ["not_in_catalogue"]

        await at.arrive("HEALTH_CHECK")
        called = (await at.call("puskesmas")).json()["ticket"]
        assert (called["service"], called["number"], called["case_id"]) == ("HEALTH_CHECK", 1, None)


async def test_a_booth_holds_and_serves_and_takes_back() -> None:
    async with floor() as at:
        await at.arrive()
        await at.call()
        states = [(await at.act(act)).json()["state"] for act in ("start", "hold", "resume")]
        at.messaging.clock.advance(seconds=90)
        states += [(await at.act(act)).json()["state"] for act in ("serve", "undo", "serve")]

        assert states == ["serving", "on_hold", "serving", "served", "serving", "served"]
        [called], served = told(at, TicketCalled), told(at, TicketServed)
        assert called.waited_seconds == 0
        assert [event.served_seconds for event in served] == [90, 90]
        [reverted] = told(at, TicketReverted)
        assert (reverted.reverted, reverted.seconds) == ("served", 90)
        line = (await at.lines())["KIA"]
        assert (line["issued"], line["served"], line["waiting"], line["at_booths"]) == (1, 1, 0, 0)


async def test_a_holder_goes_on_at_another_booth_and_for_another_service() -> None:
    async with floor() as at:
        await at.arrive()
        at.messaging.clock.advance(seconds=1)
        await at.arrive("KK")
        await at.call()
        sent = await at.act("send", to_booth="loket-2")
        again = (await at.call("loket-2")).json()["ticket"]
        path = f"/api/events/{SETU}/services/KIA/tickets/1/transfer"
        moved = await at.post(path, json={"booth_id": "loket-2", "to_service": "KK"})

        assert (sent.json()["state"], sent.json()["booth_id"]) == ("sent", "loket-2")
        assert (again["number"], again["state"]) == (1, "recalled")
        assert (moved.json()["service"], moved.json()["number"]) == ("KK", 2)
        # He came before the other one of that line, and keeps his place.
        assert (await at.call()).json()["ticket"]["number"] == 2
        assert [event.end for event in told(at, TicketEnded)] == ["transferred"]
        lines = await at.lines()
        assert (lines["KIA"]["transferred"], lines["KK"]["issued"]) == (1, 2)


@pytest.mark.parametrize(
    ("act", "body", "status", "where"),
    [
        ("dance", {}, 422, "path/act"),
        ("send", {}, 422, "/to_booth"),
        ("transfer", {}, 422, "/to_service"),
        ("serve", {"to_booth": "loket-2"}, 422, "/to_booth"),
        ("send", {"to_booth": "loket-1"}, 409, "same_booth"),
        ("send", {"to_booth": "puskesmas"}, 409, "not_offered"),
        ("send", {"to_booth": "loket-9"}, 404, ""),
        ("transfer", {"to_service": "KIA"}, 409, "same_service"),
        ("transfer", {"to_service": "HEALTH_CHECK"}, 409, "not_offered"),
        ("resume", {}, 409, "not_now"),
        ("rejoin", {}, 409, "not_gone"),
        ("hold", {"booth_id": "loket-2"}, 409, "other_booth"),
        ("undo", {"booth_id": "loket-2"}, 409, "other_booth"),
    ],
)
async def test_what_cannot_be_done_with_a_ticket_is_refused_and_changes_nothing(
    act: str, body: dict[str, Any], status: int, where: str
) -> None:
    async with floor() as at:
        await at.arrive()
        await at.call()
        before = at.messaging.documents("tickets")
        answer = await at.act(act, **body)

        assert answer.status_code == status, answer.text
        said = answer.json()
        if status == 422:
            assert said["errors"][0]["field"] == where
        elif status == 409:
            assert said["reason"] == where
        assert at.messaging.documents("tickets") == before


async def test_who_waits_can_leave_and_the_leaving_be_taken_back() -> None:
    async with floor() as at:
        await at.arrive()
        assert (await at.act("leave")).json()["state"] == "left"
        assert (await at.call()).json() == {"ticket": None}
        assert (await at.act("undo")).json()["state"] == "waiting"
        assert (await at.call()).json()["ticket"]["number"] == 1


async def test_what_is_taken_back_is_taken_from_where_it_was_told() -> None:
    async with floor() as at:
        code = (await at.arrive()).json()["code"]
        await at.call()
        await at.request("case-1", arrival_code=code)
        await at.act("undo")

        [called], [reverted] = told(at, TicketCalled), told(at, TicketReverted)
        assert (reverted.region_code, reverted.channel) == (called.region_code, called.channel)


async def test_a_leaving_is_taken_back_by_the_booth_that_noted_it() -> None:
    async with floor() as at:
        await at.arrive()
        await at.act("leave")

        assert (await at.act("undo", booth_id="loket-2")).json()["reason"] == "other_booth"
        assert (await at.act("undo")).json()["state"] == "waiting"


async def test_a_call_of_a_withdrawn_request_that_is_taken_back_leaves_the_line() -> None:
    async with floor() as at:
        code = (await at.arrive()).json()["code"]
        await at.request("case-1", arrival_code=code)
        await at.call()
        await at.messaging.deliver(closed("case-1"))

        assert (await at.act("undo")).json()["state"] == "void"
        assert (await at.call()).json() == {"ticket": None}
        assert (await at.lines())["KIA"]["void"] == 1
