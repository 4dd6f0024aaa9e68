"""What becomes of a delivered message: handled, retried or a dead letter, and then acknowledged."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from shared.contracts import CATALOGUE, Event
from shared.contracts.intake import ReceiptConfirmed, RequestVerified
from shared.messaging.consumer import WAITS_FOR_CODE, Consumer, UnknownEvent
from shared.messaging.delivery import UNDECODABLE
from shared.messaging.delivery import Delivery as RealDelivery
from shared.messaging.errors import Locked, PredecessorMissing
from shared.messaging.message import ADDRESSED
from shared.messaging.topology import RETRY_SECONDS
from shared.messaging.unit_of_work import UnitOfWork
from shared.messaging.wire import properties
from shared.testing.bus import Sent, Trouble
from shared.testing.delivery import Delivery
from shared.testing.messaging import MemoryMessaging, Receipt, memory_messaging
from tests.unit.shared.messaging_kit import count, event, message

EVENT = event("a")


class Refused(Exception):  # noqa: N818 - reads as the decision it is
    """The domain's own refusal."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Desk:
    """A road with one consumer whose handler does as it is told."""

    def __init__(self, messaging: MemoryMessaging) -> None:
        self.messaging = messaging
        self.fails: list[Exception] = []
        self.consumer: Consumer = messaging.consumer(Refused)
        self.consumer.on(ReceiptConfirmed)(self.handle)

    async def handle(self, said: ReceiptConfirmed, uow: UnitOfWork) -> None:
        """Count, or fail."""
        await count(said.case_id)(uow)
        if self.fails:
            raise self.fails.pop(0)

    async def hand_in(self, body: bytes = b"", **changed: Any) -> Receipt:
        """Deliver a message that is changed in its properties."""
        said = properties(message("m"))
        said.headers = {**(said.headers or {}), **changed.pop("headers", {})}
        for name, value in changed.items():
            setattr(said, name, value)
        return await self.messaging._hand_in(Delivery(body or message("m").body, said))

    def value(self) -> int:
        """How often the handler's work was stored."""
        return sum(document["value"] for document in self.messaging.documents("counters"))

    @property
    def last(self) -> Sent:
        """What was sent last."""
        return self.messaging.bus.sent[-1]

    def metric(self, name: str, **labels: str) -> float:
        """What Prometheus would read; 0 where nothing was counted."""
        return self.messaging.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
async def one() -> AsyncIterator[Desk]:
    async with memory_messaging("desk") as messaging:
        yield Desk(messaging)


async def test_a_message_is_acknowledged_when_its_work_is_committed(one: Desk) -> None:
    one.messaging.store.gate.clear()
    delivery = Delivery(message("m").body, properties(message("m")))
    handling = asyncio.create_task(one.messaging._hand_in(delivery))
    async with asyncio.timeout(20):
        while not one.messaging.store.tried:  # noqa: ASYNC110 - the fake sets no event
            await asyncio.sleep(0)
    assert not delivery.acknowledged
    one.messaging.store.gate.set()
    assert await handling == Receipt(acknowledged=True)
    assert one.value() == 1
    assert [inbox_id["_id"] for inbox_id in one.messaging.documents("inbox")] == ["message:m"]
    assert one.metric("jemput_messages_received_total", type=EVENT.type) == 1
    assert one.metric("jemput_messages_processed_total", type=EVENT.type, outcome="new") == 1
    assert one.metric("jemput_publish_to_handled_seconds_count") == 1


async def test_a_message_that_comes_again_is_acknowledged_and_not_handled(one: Desk) -> None:
    await one.hand_in()
    assert await one.hand_in() == Receipt(acknowledged=True)
    assert one.value() == 1
    assert one.metric("jemput_messages_processed_total", type=EVENT.type, outcome="duplicate") == 1


async def test_what_it_publishes_names_its_cause(one: Desk) -> None:
    await one.messaging.hand_in(message("m"))
    (published,) = one.messaging.messages
    assert published.envelope.causation_id == "m"
    assert published.envelope.correlation_id == "a"
    assert published.envelope.source == "desk"
    assert published.envelope.recorded_at == one.messaging.clock.now


async def test_a_message_that_waits_is_acknowledged_and_counted(one: Desk) -> None:
    one.fails.append(PredecessorMissing("letters", "x"))
    assert await one.hand_in() == Receipt(acknowledged=True)
    assert one.metric("jemput_messages_processed_total", type=EVENT.type, outcome="deferred") == 1
    assert one.value() == 0


async def test_a_refusal_of_the_domain_is_a_dead_letter_with_its_reason(one: Desk) -> None:
    one.fails.append(Refused("too_late", "the booth is closed"))
    receipt = await one.hand_in()
    assert receipt == Receipt(acknowledged=True, dead="too_late", detail="the booth is closed")
    assert (one.last.exchange, one.last.key) == ("jemput.dead", "desk.events")
    headers = one.last.letter.properties.headers or {}
    assert headers["x-jemput-queue"] == "desk.events"
    assert headers["x-jemput-died-at"] == "2023-03-11T02:15:00+00:00"
    assert one.value() == 0
    assert one.messaging.documents("inbox") == []
    labels = {"type": EVENT.type, "reason": "too_late"}
    assert one.metric("jemput_messages_dead_lettered_total", **labels) == 1


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"{not json", "body: json_invalid"),
        (b"[]", "body: model_type"),
        (b'{"case_id":"a"}', "missing"),
        (
            message("m", "x").body.replace(b'"KIA"', b'"3216990101010001"'),
            "malformed_text",
        ),
    ],
)
async def test_a_body_that_cannot_be_read_is_a_dead_letter_without_its_values(
    one: Desk, body: bytes, detail: str
) -> None:
    receipt = await one.hand_in(body)
    assert (receipt.acknowledged, receipt.dead) == (True, "payload")
    assert detail in receipt.detail
    assert "3216990101010001" not in receipt.detail
    assert one.last.letter.body == body


async def test_unknown_fields_are_ignored(one: Desk) -> None:
    body = message("m").body.replace(b"{", b'{"new_in_a_later_release":true,', 1)
    assert await one.hand_in(body) == Receipt(acknowledged=True)
    assert one.value() == 1


UNKNOWN = [
    ("intake.never_heard_of.v1", "unknown_type"),
    ("intake.receipt_confirmed.v2", "unknown_version"),
    (RequestVerified.type, "unhandled_type"),
]


async def test_a_type_that_is_no_type_is_a_dead_letter(one: Desk) -> None:
    receipt = await one.hand_in(message_type="nonsense")
    assert (receipt.acknowledged, receipt.dead) == (True, "unknown_type")


@pytest.mark.parametrize(("type_", "reason"), UNKNOWN)
async def test_a_type_that_is_not_read_here_waits_for_newer_code(
    one: Desk, type_: str, reason: str
) -> None:
    headers: dict[str, Any] = {"x-jemput-attempt": 2}
    ways: list[str] = []
    for _ in range(6):
        receipt = await one.hand_in(message_type=type_, headers=headers)
        assert receipt == Receipt(acknowledged=True, retry_later=True)
        headers = dict(one.last.letter.properties.headers or {})
        ways.append(one.last.exchange.removeprefix("jemput.retry."))
    assert ways == ["1s", "5s", "30s", "300s", "300s", "300s"]
    assert (headers["x-jemput-waits"], headers["x-jemput-attempt"]) == (6, 2)
    known = type_ if type_ in CATALOGUE else "unknown"
    assert one.metric("jemput_messages_received_total", type=known) == 6
    assert one.metric("jemput_messages_failed_total", type=known, reason=reason) == 6


async def test_a_type_that_waited_is_handled_by_the_code_that_reads_it(one: Desk) -> None:
    assert await one.hand_in(headers={"x-jemput-waits": 40}) == Receipt(acknowledged=True)
    assert one.value() == 1


@pytest.mark.parametrize(("type_", "reason"), UNKNOWN)
async def test_a_type_that_waited_for_seven_days_is_a_dead_letter(
    one: Desk, type_: str, reason: str
) -> None:
    assert WAITS_FOR_CODE * RETRY_SECONDS[-1] == 7 * 86_400
    headers = {"x-jemput-waits": WAITS_FOR_CODE - 1}
    assert (await one.hand_in(message_type=type_, headers=headers)).retry_later
    headers = {"x-jemput-waits": WAITS_FOR_CODE}
    assert (await one.hand_in(message_type=type_, headers=headers)).dead == reason


async def test_who_takes_every_type_takes_unknown_ones_too(one: Desk) -> None:
    taken: list[tuple[Event, bytes | None, str]] = []

    async def take(event: Event, uow: UnitOfWork) -> None:
        taken.append((event, uow.body, uow.cause.type if uow.cause else ""))

    one.consumer.on_every(take)
    type_ = "intake.never_heard_of.v1"
    assert await one.hand_in(b'{"new":1}', message_type=type_) == Receipt(acknowledged=True)
    assert taken == [(UnknownEvent(), b'{"new":1}', type_)]


async def test_properties_that_could_not_be_decoded_are_a_dead_letter(one: Desk) -> None:
    receipt = await one.hand_in(headers={UNDECODABLE: "ValueError"})
    assert (receipt.acknowledged, receipt.dead) == (True, "undecodable")
    assert one.last.letter.body == message("m").body


@pytest.mark.parametrize(("deliveries", "isolated"), [(0, 0), (2, 0), (3, 1)])
async def test_a_message_that_comes_again_and_again_is_sent_where_it_is_alone(
    one: Desk, deliveries: int, isolated: int
) -> None:
    receipt = await one.hand_in(headers={"x-delivery-count": deliveries})
    assert receipt == Receipt(acknowledged=True, retry_later=bool(isolated))
    assert one.value() == 1 - isolated
    if isolated:
        assert (one.last.exchange, one.last.key) == (ADDRESSED, "desk.events.suspects")
        assert "x-delivery-count" not in (one.last.letter.properties.headers or {})


async def test_a_suspect_is_handled_whatever_its_count(one: Desk) -> None:
    said = properties(message("m"))
    said.headers = {**(said.headers or {}), "x-delivery-count": 3}
    delivery = Delivery(message("m").body, said)
    await one.consumer.receive_suspect(cast("RealDelivery", delivery))
    assert delivery.acknowledged
    assert one.value() == 1


async def test_a_type_that_is_not_the_routing_key_is_a_dead_letter(one: Desk) -> None:
    """The broker holds a service to keys of its own name; the type must not be another's."""
    delivery = Delivery(message("m").body, properties(message("m")))
    delivery.routing_key = "desk.thing_done.v1"
    receipt = await one.messaging._hand_in(delivery)
    assert (receipt.acknowledged, receipt.dead) == (True, "envelope")
    delivery.exchange = ADDRESSED
    assert (await one.messaging._hand_in(delivery)).dead is None


async def test_what_its_source_did_not_publish_is_a_dead_letter(one: Desk) -> None:
    receipt = await one.hand_in(user_id="scheduler")
    assert (receipt.acknowledged, receipt.dead, one.value()) == (True, "sender", 0)


async def test_a_message_without_envelope_is_a_dead_letter(one: Desk) -> None:
    receipt = await one.hand_in(headers={"ce-time": "once"})
    assert (receipt.acknowledged, receipt.dead) == (True, "envelope")


async def test_a_failed_attempt_is_retried_later_each_time_and_in_the_end_dead(
    one: Desk,
) -> None:
    one.fails = [RuntimeError("x") for _ in range(5)]
    ways: list[tuple[str, object]] = []
    headers: dict[str, Any] = {}
    for _ in range(4):
        receipt = await one.hand_in(headers=headers)
        assert receipt == Receipt(acknowledged=True, retry_later=True)
        headers = dict(one.last.letter.properties.headers or {})
        ways.append((one.last.exchange, headers["x-jemput-attempt"]))
        assert one.last.key == "desk.events"
    assert ways == [
        ("jemput.retry.1s", 1),
        ("jemput.retry.5s", 2),
        ("jemput.retry.30s", 3),
        ("jemput.retry.300s", 4),
    ]
    receipt = await one.hand_in(headers=headers)
    assert (receipt.dead, receipt.detail) == ("attempts_exhausted", "RuntimeError")
    assert one.value() == 0
    assert one.metric("jemput_messages_retried_total", type=EVENT.type) == 4
    labels = {"type": EVENT.type, "reason": "RuntimeError"}
    assert one.metric("jemput_messages_failed_total", **labels) == 5


async def test_an_attempt_that_met_a_foreign_transaction_does_not_count(one: Desk) -> None:
    one.fails = [Locked("x") for _ in range(9)]
    headers: dict[str, Any] = {"x-jemput-attempt": 4}
    for _ in range(9):
        receipt = await one.hand_in(headers=headers)
        assert receipt == Receipt(acknowledged=True, retry_later=True)
        headers = dict(one.last.letter.properties.headers or {})
        assert (one.last.exchange, headers["x-jemput-attempt"]) == ("jemput.retry.1s", 4)
    assert await one.hand_in(headers=headers) == Receipt(acknowledged=True)


async def test_an_attempt_that_succeeds_is_like_any_other(one: Desk) -> None:
    assert await one.hand_in(headers={"x-jemput-attempt": 3}) == Receipt(acknowledged=True)
    assert one.value() == 1


@pytest.mark.parametrize("attempt", [-1, "two", None, 1.5])
async def test_a_nonsense_attempt_counts_as_none(one: Desk, attempt: object) -> None:
    one.fails.append(RuntimeError("x"))
    await one.hand_in(headers={"x-jemput-attempt": attempt})
    assert one.last.exchange == "jemput.retry.1s"


async def test_a_message_is_held_until_the_broker_has_its_letter(one: Desk) -> None:
    one.fails.append(Refused("too_late", "x"))
    one.messaging.bus.troubles.append(Trouble.REFUSED)
    delivery = Delivery(message("m").body, properties(message("m")))
    handling = asyncio.create_task(one.messaging._hand_in(delivery))
    while one.messaging.bus.troubles:  # noqa: ASYNC110 - the fake sets no event
        await asyncio.sleep(0)
    assert not delivery.acknowledged
    assert (await handling).dead == "too_late"
    assert delivery.acknowledged


async def test_one_handler_may_take_every_type(one: Desk) -> None:
    every: Consumer = one.messaging.messaging.consumer(Refused, "archive")
    every.on_every(one.handle)  # type: ignore[arg-type]
    assert every.types == frozenset(CATALOGUE)
    assert one.consumer.types == {ReceiptConfirmed.type}
    assert not one.consumer.consuming
