"""Courier's queue on fakes: what it makes of messages, whatever their order."""

from pathlib import Path

from services.courier import handlers
from services.courier.domain import Refused
from shared.contracts.intake import CloseOutcome
from shared.messaging.topology import read_subscription
from shared.testing.messaging import memory_messaging
from tests.component.courier.counter import counter
from tests.unit.courier.sample import closed, confirmed, issued, received

SUBSCRIPTIONS = Path(__file__).parents[3] / "services" / "courier" / "subscriptions.toml"


async def test_what_comes_before_its_request_is_taken_up_after_it() -> None:
    async with counter() as at:
        await at.serve()
        for early in (confirmed(), issued()):
            assert (await at.messaging.deliver(early)).acknowledged
        assert len(at.messaging.documents("deferred")) == 2
        await at.messaging.deliver(received())
        assert at.messaging.documents("deferred") == []
        (job,) = at.messaging.documents("jobs")
        assert (job["state"], job["document_issued"], job["receipt_confirmed"]) == (
            "assigned",
            True,
            True,
        )


async def test_a_message_that_comes_again_changes_nothing() -> None:
    async with counter() as at:
        await at.serve()
        for _ in range(3):
            await at.messaging.deliver(received(), id="m1")
        for number in range(3):
            await at.messaging.deliver(received(), id=f"other-{number}")
        assert [job["version"] for job in at.messaging.documents("jobs")] == [2]
        assert len(at.messaging.published) == 2


async def test_a_request_without_rw_is_a_dead_letter() -> None:
    async with counter() as at:
        receipt = await at.messaging.deliver(received(rw=None))
        assert (receipt.acknowledged, receipt.dead) == (True, "no_rw")
        assert at.messaging.documents("jobs") == []


async def test_the_cause_of_an_event_is_the_message_it_answers() -> None:
    async with counter() as at:
        await at.serve()
        await at.messaging.deliver(received(), id="m1")
        envelopes = [message.envelope for message in at.messaging.messages]
        assert {envelope.causation_id for envelope in envelopes} == {"m1"}
        assert {envelope.correlation_id for envelope in envelopes} == {"case-1"}
        assert {envelope.source for envelope in envelopes} == {"courier"}


async def test_a_withdrawn_job_is_assigned_to_nobody() -> None:
    async with counter() as at:
        await at.messaging.deliver(received())
        await at.messaging.deliver(closed(outcome=CloseOutcome.REJECTED))
        await at.serve()
        assert [job["state"] for job in at.messaging.documents("jobs")] == ["withdrawn"]
        assert [event.type for event in at.messaging.published] == [
            "courier.job_opened.v1",
            "courier.job_withdrawn.v1",
        ]


async def test_every_type_that_is_bound_has_a_handler() -> None:
    (declared,) = read_subscription(SUBSCRIPTIONS)
    async with memory_messaging("courier") as messaging:
        consumer = messaging.consumer(Refused)
        handlers.subscribe(consumer)
        assert consumer.types == set(declared.binds)
        assert consumer.queue == declared.queue


async def test_a_request_that_ended_by_its_delivery_parks_nothing() -> None:
    async with counter() as at:
        await at.messaging.deliver(closed(outcome=CloseOutcome.DELIVERED))
        assert at.messaging.documents("deferred") == []
