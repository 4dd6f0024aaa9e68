"""Scheduler's trail: plans, agencies and policies, by who is behind them."""

from services.scheduler.usecases import republish_event
from shared.contracts.intake import LineOrder
from shared.runtime import sent_by
from tests.component.scheduler.floor import DEVICE, Floor, booth_body, event_body, floor
from tests.component.scheduler.test_agencies import name
from tests.unit.scheduler.sample import SETU, published

Entry = tuple[str, str, list[str]]


def noted(at: Floor, before: int = 0) -> list[Entry]:
    """Deed, about what, and what is said, in order, behind so many."""
    kept = at.messaging.documents("audit")[before:]
    return [(one["deed"], one["about"], one["said"]) for one in kept]


async def test_a_plan_is_noted_with_the_agencies_whose_operators_act_there() -> None:
    bank = {**booth_body("bank", "SAVINGS"), "agency_id": "bjb", "ticketed": False}
    async with floor() as at:
        before = len(noted(at))
        for _ in range(2):
            planned = await at.put(event_body(booths=[booth_body("loket-1", "KIA"), bank]))
            planned.raise_for_status()
        assert [(one[0], one[1], one[2][1:]) for one in noted(at, before)] == [
            ("event_planned", SETU, ["bjb", "disdukcapil"])
        ]


async def test_a_cancelled_event_is_noted_once() -> None:
    async with floor() as at:
        before = len(noted(at))
        for _ in range(2):
            headers = at.messaging.headers("planner", "botram", "32.16")
            await at.client.post(f"/api/events/{SETU}/cancellation", headers=headers)
        assert noted(at, before) == [("event_cancelled", SETU, ["version 2"])]


async def test_a_line_that_somebody_closes_is_noted_once_and_one_that_the_day_closes_is_not() -> (
    None
):
    async with floor() as at:
        await at.arrive()
        at.messaging.clock.advance(hours=3)
        before = len(noted(at))
        for _ in range(2):
            closed = await at.post(f"/api/events/{SETU}/services/KIA/closing")
            closed.raise_for_status()
        assert noted(at, before) == [("line_closed", SETU, ["KIA", "1 waited"])]
        at.messaging.clock.advance(hours=14)
        await at.messaging.settle()
        assert len(noted(at)) == before + 1
        lines = await at.lines()
        assert all(line["closed"] for line in lines.values())


async def test_a_lease_that_a_supervisor_takes_back_is_noted_once() -> None:
    async with floor() as at:
        await at.lease({"numbers": {"KIA": 10}}, subject="siti")
        before = len(noted(at))
        path = f"/api/events/{SETU}/leases/{DEVICE}"
        for _ in range(2):
            headers = at.messaging.headers("supervisor", "botram", "32.16", subject="rina")
            (await at.client.delete(path, headers=headers)).raise_for_status()
        assert noted(at, before) == [("lease_taken_back", SETU, [DEVICE, "of siti"])]


async def test_an_agency_that_is_named_is_noted_once() -> None:
    async with floor() as at:
        before = len(noted(at))
        await name(at)
        await name(at)
        assert noted(at, before) == [("agency_named", "botram/bjb", ["bumd"])]


async def test_what_is_published_again_is_noted() -> None:
    async with floor() as at:
        before = len(noted(at))
        await at.messaging.commands(Exception).run(
            lambda uow: republish_event(SETU, 900, uow), sent=sent_by("a-op", "events"), key=SETU
        )
        assert noted(at, before) == [("event_republished", SETU, ["version 900"])]


async def test_another_policy_of_the_lines_is_noted_by_who_published_it() -> None:
    async with floor() as at:
        before = len(noted(at))
        urgent = published().model_copy(update={"line": LineOrder(priority_every=3)})
        await at.messaging.deliver(published(name="Another name"), version=12)
        await at.messaging.deliver(urgent, version=14)
        await at.messaging.deliver(published(), version=13)
        assert noted(at, before) == [("policy_changed", "botram", ["version 14"])]
        (_, *_, last) = at.messaging.documents("audit")
        assert last["actor"] != "service:scheduler"
