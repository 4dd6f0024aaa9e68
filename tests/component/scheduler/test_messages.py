"""What comes in by the bus: early, late, twice and wrong."""

import itertools
from typing import Any

import pytest

from shared.contracts.intake import CloseOutcome
from shared.contracts.scheduler import TicketIssued
from tests.component.scheduler.floor import Floor, counted, event_body, floor
from tests.unit.scheduler.sample import SETU, closed, published, received


def issued(at: Floor) -> list[tuple[str | None, int]]:
    return [(t.case_id, t.number) for t in at.messaging.published if isinstance(t, TicketIssued)]


async def test_a_request_that_came_before_its_event_is_deferred_until_it_stands() -> None:
    async with floor(planned=False) as at:
        receipt = await at.request("case-1")

        assert receipt.acknowledged
        assert receipt.dead is None
        [deferred] = at.messaging.documents("deferred")
        assert (deferred["waits_in"], deferred["waits_for"]) == ("events", SETU)
        assert issued(at) == []

        await at.put(event_body())
        await at.messaging.settle()

        assert issued(at) == [("case-1", 1)]
        assert at.messaging.documents("deferred") == []


async def test_a_request_that_came_twice_in_two_messages_has_one_ticket() -> None:
    async with floor() as at:
        await at.request("case-1", id="message-1")
        await at.request("case-1", id="message-1")
        await at.request("case-1", id="message-2")

        assert issued(at) == [("case-1", 1)]
        assert (await at.lines())["KIA"]["issued"] == 1


async def test_a_ticket_is_told_with_its_case_and_its_cause() -> None:
    async with floor() as at:
        await at.request("case-1", id="message-1")

        envelope = at.messaging.messages[-1].envelope
        assert envelope.aggregate_id == f"{SETU}/KIA/1"
        assert (envelope.correlation_id, envelope.causation_id) == ("case-1", "message-1")
        assert (envelope.source, envelope.version) == ("scheduler", 1)


async def test_a_request_of_another_programme_is_a_dead_letter() -> None:
    async with floor() as at:
        receipt = await at.messaging.deliver(received("case-1", programme_id="halo_pamor"))

        assert (receipt.dead, issued(at)) == ("other_programme", [])
        assert receipt.detail == "the event belongs to another programme"


async def test_a_request_for_a_service_without_a_line_is_no_error() -> None:
    async with floor() as at:
        receipt = await at.request("case-1", "IKD")

        assert receipt.acknowledged
        assert (receipt.dead, receipt.retry_later, issued(at)) == (None, False, [])
        assert at.messaging.documents("deferred") == []


async def test_a_request_that_belongs_to_no_event_is_passed_over() -> None:
    async with floor() as at:
        receipt = await at.messaging.deliver(received("case-1", event_id=None))

        assert receipt.acknowledged
        assert at.messaging.documents("cases") == []


async def test_an_older_programme_does_not_replace_a_newer_one() -> None:
    async with floor() as at:
        await at.messaging.deliver(published(name="BOTRAM III"), version=3)
        await at.messaging.deliver(published(name="BOTRAM II"), version=2)

        found = (await at.get("/api/programmes")).json()
        assert [(p["name"], p["version"]) for p in found] == [("BOTRAM III", 3)]


HISTORY = {
    "request": received("case-1"),
    "closing": closed("case-1"),
    "other request": received("case-2"),
}


@pytest.mark.parametrize("order", list(itertools.permutations(HISTORY)), ids=" > ".join)
async def test_a_withdrawn_request_ends_the_same_in_any_order(order: tuple[str, ...]) -> None:
    """The event, too, may come first or last."""
    ends: list[Any] = []
    for planned in (True, False):
        async with floor(planned=planned) as at:
            for name in (*order, *order):
                await at.messaging.deliver(HISTORY[name], id=name)
            if not planned:
                await at.put(event_body())
                await at.messaging.settle()

            states = {t["case_id"]: t["state"] for t in at.messaging.documents("tickets")}
            ends.append((states, (await at.lines())["KIA"], len(issued(at))))
            called = (await at.call()).json()["ticket"]
            assert called["case_id"] == "case-2"
            assert (await at.call()).json() == {"ticket": None}

    numbers = counted(issued=2, waiting=1, void=1)
    assert ends == [({"case-1": "void", "case-2": "waiting"}, numbers, 2)] * 2


@pytest.mark.parametrize("outcome", CloseOutcome)
async def test_a_ticket_that_was_called_stays_called(outcome: CloseOutcome) -> None:
    async with floor() as at:
        await at.request("case-1")
        await at.call()

        await at.messaging.deliver(closed("case-1", outcome))

        assert (await at.lines())["KIA"]["void"] == 0
        assert (await at.serve(1)).json()["state"] == "served"


async def test_nothing_that_is_published_or_kept_says_who_somebody_is() -> None:
    """What is known of a person here are ids and the code of the village."""
    async with floor() as at:
        await at.request("case-1")
        await at.call()

        [ticket] = at.messaging.documents("tickets")
        assert set(ticket) == {
            "_id", "version", "event_id", "programme_id", "service", "number", "case_id",
            "channel", "region_code", "issued_at", "joined_at", "lane", "place", "state",
            "booth_id", "called_at", "started_at", "in_order", "before", "arrival_id", "offers",
            "letter", "held",
        }  # fmt: skip
        [case] = at.messaging.documents("cases")
        assert set(case) == {"_id", "version", "received", "withdrawn", "ticket_id"}
