"""Open jobs of an area find its agent: those that were too many, and those that raced."""

from services.courier.domain import Area, Job
from services.courier.store import COLLECTIONS, CourierReader
from services.courier.usecases import SettleAreas
from shared.testing.messaging import MemoryMessaging
from tests.component.courier.counter import AREA, counter
from tests.unit.courier.sample import AGENT, PLACE, job, received


def hold(messaging: MemoryMessaging, *kept: Job | Area) -> None:
    """Have these stored as another instance would have stored them."""
    for one in kept:
        collection = COLLECTIONS.of(type(one))
        document = collection.encode(one)
        messaging.memory.collections[collection.name][document["_id"]] = document


def settling(messaging: MemoryMessaging) -> SettleAreas:
    reader = CourierReader(messaging.database, COLLECTIONS)
    return SettleAreas(reader, messaging.commands(Exception), messaging.clock)


def waiting(messaging: MemoryMessaging) -> int:
    return sum(one["state"] == "open" for one in messaging.documents("jobs"))


def longest(messaging: MemoryMessaging) -> int:
    """Characters of the longest document there is, the record of a message aside."""
    kept = (one for name in COLLECTIONS.names for one in messaging.documents(name))
    return max(len(repr(one)) for one in kept)


async def test_no_document_grows_with_the_jobs_that_wait_for_an_agent() -> None:
    async with counter() as at:
        await at.messaging.deliver(received(case_id="case-00"))
        one_waits = longest(at.messaging)
        for number in range(1, 40):
            await at.messaging.deliver(received(case_id=f"case-{number:02}"))
        assert waiting(at.messaging) == 40
        assert longest(at.messaging) == one_waits


async def test_a_thousand_waiting_jobs_are_assigned_a_page_at_a_time() -> None:
    async with counter() as at:
        hold(at.messaging, *(job(id=f"case-{n:04}") for n in range(1000)))
        answer = await at.client.put(
            AREA, json={"agent_id": AGENT}, headers=at.messaging.headers("admin")
        )
        assert answer.json() == {"assigned": 100}
        [area] = at.messaging.documents("areas")
        settle = settling(at.messaging)
        assert [await settle.look() for _ in range(10)] == [100] * 9 + [0]
        assert waiting(at.messaging) == 0
        assert at.messaging.documents("areas") == [area]
        assert len(at.messaging.published) == 1000


async def test_a_job_that_was_opened_while_the_area_got_its_agent_is_found() -> None:
    async with counter() as at:
        await at.serve()
        settle = settling(at.messaging)
        assert await settle.look() == 0
        hold(at.messaging, job())
        assert await settle.look() == 1
        assert waiting(at.messaging) == 0


async def test_a_settled_area_is_looked_at_no_longer() -> None:
    async with counter() as at:
        await at.serve()
        settle = settling(at.messaging)
        at.messaging.clock.advance(minutes=2)
        assert await settle.look() == 0
        [area] = at.messaging.documents("areas")
        assert area["unsettled_since"] is None
        hold(at.messaging, job(place=PLACE))
        assert await settle.look() == 0


async def test_what_the_service_assigns_itself_says_so() -> None:
    async with counter() as at:
        await at.serve()
        hold(at.messaging, job())
        await settling(at.messaging).look()
        assert at.messaging.messages[-1].envelope.actor == "service:courier"
