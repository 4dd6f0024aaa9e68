"""History for a new consumer, on real servers: the same letters, all of them, and resumable."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage

from deploy.local.servers import Servers
from services.reporting.usecases import history as usecase
from services.reporting.usecases.history import OVERLAP, Order, Place, Progress, send_history
from shared.messaging.bus import AmqpBus
from shared.messaging.errors import NotPublished
from shared.messaging.message import ADDRESSED, Message
from shared.messaging.provision import Management
from shared.messaging.topology import Subscription, topology
from shared.messaging.wire import properties, read
from tests.unit.reporting.histories import programme, received, told
from tests.unit.reporting.house import House, houses
from tests.unit.reporting.running import bus_at as opened

NEW = Order("counting.events")


def silent(_: str) -> None:
    """Say nothing."""


@pytest.fixture
async def house(servers: Servers, mongo_database: str) -> AsyncIterator[House]:
    async with houses(servers.mongo_url, mongo_database, "one") as (instance,):
        yield instance


@pytest.fixture
async def out(servers: Servers, vhost: str, amqp_url: str) -> AsyncIterator[AmqpBus]:
    management = Management(servers.management_url, vhost)
    management.apply(topology([Subscription("counting", "events", ("intake.#",))]))
    management.close()
    async with opened(amqp_url) as connected:
        yield connected


async def letters(amqp_url: str, number: int) -> list[AbstractIncomingMessage]:
    async with await aio_pika.connect(amqp_url) as connection:
        queue = await (await connection.channel()).get_queue(NEW.queue)
        found = [await queue.get(timeout=10, no_ack=True) for _ in range(number)]
        assert await queue.get(fail=False) is None
    return [letter for letter in found if letter is not None]


async def test_a_letter_of_history_is_the_letter_that_once_came(
    house: House, out: AmqpBus, amqp_url: str
) -> None:
    at = datetime(2023, 3, 11, 2, 15, 0, 654321, tzinfo=UTC)
    came = [told(received(f"c{n}"), at=at, recorded=at + timedelta(days=n)).message for n in (2, 1)]
    came.append(Message(came[0].envelope, came[0].body.replace(b"{", b'{"new": 1e2, ', 1)))
    came.pop(0)
    for message in came:
        await out.publish(message)
    live = await letters(amqp_url, 2)
    await house.hand_in(*[read(letter) for letter in live])
    await send_history(house.letters, out, NEW, silent)
    again = {letter.message_id: letter for letter in await letters(amqp_url, 2)}
    for letter in live:
        other = again[letter.message_id]
        assert other.body == letter.body
        assert other.properties == letter.properties
        assert (other.exchange, other.routing_key) == (ADDRESSED, NEW.queue)
        assert (letter.app_id, letter.headers["ce-source"]) == ("intake", "jemput/intake")


async def test_an_order_names_types_and_a_time(house: House, out: AmqpBus, amqp_url: str) -> None:
    await house.tell([told(programme()), told(received("c1"))])
    between = datetime.now(UTC)
    await house.tell([told(programme("sorong")), told(received("c2"))])
    wanted = Order(NEW.queue, ("intake.request_received.v1",), between)
    done = await send_history(house.letters, out, wanted, silent)
    assert done.sent == 1
    assert [letter.correlation_id for letter in await letters(amqp_url, 1)] == ["c2"]


async def test_what_was_archived_first_is_sent_first(
    house: House, out: AmqpBus, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usecase, "WINDOW", 1)
    monkeypatch.setattr(usecase, "PAGE", 2)
    for n in range(7):
        await house.tell([told(received(f"c{n}"))])
    await send_history(house.letters, out, NEW, silent)
    assert [letter.correlation_id for letter in await letters(amqp_url, 7)] == [
        f"c{n}" for n in range(7)
    ]


class Fails:
    """A bus that breaks now and then, for good after so many letters."""

    def __init__(self, out: AmqpBus, after: int) -> None:
        self.sent: list[str] = []
        self.most = 0
        self._out = out
        self._left = after
        self._under_way = 0

    async def publish(self, message: Message) -> None:
        """Publish, unless told otherwise."""
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        try:
            if self._left <= 0 or random.random() < 0.1:
                raise NotPublished("told to")
            self._left -= 1
            await self._out.publish(message)
            self.sent.append(message.envelope.id)
        finally:
            self._under_way -= 1


async def test_a_run_that_was_cut_off_is_gone_on_with(
    house: House, out: AmqpBus, amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usecase, "_PAUSE", 0.01)
    monkeypatch.setattr(usecase, "WINDOW", 4)
    monkeypatch.setattr(usecase, "PAGE", 10)
    monkeypatch.setattr(usecase, "OVERLAP", timedelta(0))
    history = [told(received(f"c{n}")) for n in range(55)]
    for each in history:
        await house.tell([each])
    first = Fails(out, 35)
    with pytest.raises(NotPublished):
        await send_history(house.letters, first, NEW, silent)
    assert first.most == 4
    kept = await house.letters.progress(NEW)
    assert kept.sent == 30
    second = Fails(out, 1000)
    done = await send_history(house.letters, second, NEW, silent)
    assert set(first.sent) | set(second.sent) == {each.envelope.id for each in history}
    assert len(second.sent) <= 26
    assert done.sent == kept.sent + len(second.sent)
    await letters(amqp_url, len(first.sent) + len(second.sent))


async def test_another_run_steps_back_and_sends_what_came_late(house: House, out: AmqpBus) -> None:
    await house.tell([told(received("c1"))])
    done = await send_history(house.letters, out, NEW, silent)
    assert done.place is not None
    late = told(received("late"))
    await house.tell([late])
    behind = done.place.archived_at - OVERLAP / 2
    await house.database.archive.update_one(
        {"_id": late.envelope.id}, {"$set": {"archived_at": behind}}
    )
    recorder = Fails(out, 1000)
    again = await send_history(house.letters, recorder, NEW, silent)
    assert late.envelope.id in recorder.sent
    assert again.place == done.place
    await house.letters.forget(NEW)
    assert await house.letters.progress(NEW) == Progress()


async def test_events_of_one_moment_are_all_sent(house: House) -> None:
    await house.tell([told(received(f"c{n}")) for n in range(9)])
    same = datetime(2023, 3, 11, 4, 0, tzinfo=UTC)
    await house.database.archive.update_many({}, {"$set": {"archived_at": same}})
    place, seen = None, []
    while page := await house.letters.page(NEW, place, 2):
        seen += [message.envelope.id for _, message in page]
        place = page[-1][0]
    assert len(seen) == len(set(seen)) == 9
    assert isinstance(place, Place)


async def test_progress_is_told_page_by_page(house: House, out: AmqpBus) -> None:
    await house.tell([told(received("c1"))])
    said: list[str] = []
    await send_history(house.letters, out, NEW, said.append)
    await asyncio.sleep(0)
    assert said[0].startswith("1 events sent, the last archived at ")
    assert properties(told(received("c1")).message).delivery_mode == 2
