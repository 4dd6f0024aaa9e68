"""Exchanges, queues, bindings and policies, as data.

What never changes for a queue (its type, single active consumer) is an argument. What may change
with an upgrade (limits, TTLs, dead-letter targets) is a policy, so that no redeclaration ever
meets a 406. No queue on `jemput.events` may refuse a publish because of its own backlog: a slow
service must not stop the others.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.messaging.message import ADDRESSED, EXCHANGE

RETURNED = "jemput.returned"
"""Topic exchange from the retry queues back to the queue that the routing key names.

It is not `jemput.addressed`: there a publisher gets his message returned when no queue wants it.
What leaves a retry queue has no publisher, and at-least-once dead-lettering would hold it for ever,
and every other service's retries behind it. Here it goes to `UNROUTABLE` instead.
"""

UNROUTABLE = "jemput.unroutable"
"""Exchange of retries whose queue does not exist; its queue is `jemput.unroutable.dead`."""

UNROUTABLE_KEPT = 100_000
"""Messages in that queue at most; the oldest go first."""

OPERATOR = "operator"
"""The broker's user of those who look after dead letters; consumers trust what it sends on."""

OPERATOR_ACTS = "jemput.operator"
"""Exchange, and queue, of what operators did with dead letters. No service may write to it."""

OPERATOR_ACTS_KEPT = 100_000
"""Acts in that queue at most, of some 600 bytes each; the oldest go first."""

DEAD = "jemput.dead"
"""Topic exchange of dead letters: the routing key is the name of the queue they died in."""

RETRY_SECONDS = (1, 5, 30, 300)
"""Back-off before the second, third ... attempt. After the last the message is a dead letter."""

DELIVERY_LIMIT = 100
"""High enough that crashes do not condemn innocent prefetched messages: after three deliveries a
message goes to the suspects, and each culprit there can end the process a few times only."""

SUSPECT_LIMIT = 3
"""Deliveries of a suspect, which is alone, before the broker sends it to the dead letters."""

INBOX_DAYS = 30
"""How long a handled message is remembered."""

DEAD_LETTER_DAYS = 21
"""Shorter than the inbox remembers, so that a replay is recognised."""

SPREAD = {"queue-leader-locator": "balanced"}
"""A new queue's leader goes to the node that has fewest; else all sit on the node that declares."""

_DAY_MS = 86_400_000
_LOOKS = 1_000_000
"""Times that dead letters and acts can be listed: a limit that is not stated is 20 from RabbitMQ 4
on, and whoever looks gives back what he took."""


def retry_exchange(seconds: int) -> str:
    """Return the exchange where a message waits so long; the routing key is its queue's name."""
    return f"jemput.retry.{seconds}s"


def dead_queue(queue: str) -> str:
    """Return where a queue's dead letters lie."""
    return f"{queue}.dead"


def suspects_queue(queue: str) -> str:
    """Return where messages wait that may be what ends their consumer; read one at a time."""
    return f"{queue}.suspects"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One queue of one service: `binds` are types or topic patterns of `jemput.events`."""

    service: str
    purpose: str
    binds: tuple[str, ...]
    single_active_consumer: bool = False

    @property
    def queue(self) -> str:
        """Return the queue's name, which begins with its service's."""
        return f"{self.service}.{self.purpose}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue with the arguments that can never change."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Binding:
    """From an exchange to a queue."""

    exchange: str
    queue: str
    key: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What may change for the queues, or exchanges, whose names match."""

    name: str
    pattern: str
    definition: Mapping[str, Any]
    priority: int = 0
    apply_to: str = "queues"


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything the broker has to know."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    policies: tuple[Policy, ...] = field(default=())


def read_subscriptions(services: Path) -> tuple[Subscription, ...]:
    """Return what `<services>/*/subscriptions.toml` declare, in order of their names.

    A file holds one table per queue: `[queues.<purpose>]` with `binds = [...]` and, where one
    instance at a time may read it, `single_active_consumer = true`.
    """
    return tuple(
        subscription
        for file in sorted(services.glob("*/subscriptions.toml"))
        for subscription in read_subscription(file)
    )


def read_subscription(file: Path) -> tuple[Subscription, ...]:
    """Return the queues of one service, which is named by the folder its file lies in."""
    tables = tomllib.loads(file.read_text())["queues"]
    return tuple(
        Subscription(
            file.parent.name,
            purpose,
            tuple(table["binds"]),
            single_active_consumer=table.get("single_active_consumer", False),
        )
        for purpose, table in tables.items()
    )


def topology(subscriptions: Iterable[Subscription]) -> Topology:
    """Return the broker's whole set-up for these subscriptions."""
    declared = tuple(subscriptions)
    return Topology(_exchanges(), _queues(declared), _bindings(declared), _policies(declared))


def _exchanges() -> tuple[Exchange, ...]:
    retries = (Exchange(retry_exchange(seconds), "topic") for seconds in RETRY_SECONDS)
    return (
        Exchange(EXCHANGE, "topic"),
        Exchange(ADDRESSED, "topic"),
        Exchange(RETURNED, "topic"),
        Exchange(UNROUTABLE, "fanout"),
        Exchange(OPERATOR_ACTS, "fanout"),
        Exchange(DEAD, "topic"),
        *retries,
    )


def _queues(subscriptions: tuple[Subscription, ...]) -> tuple[Queue, ...]:
    quorum = {"x-queue-type": "quorum"}
    alone = {**quorum, "x-single-active-consumer": True}
    own = (Queue(s.queue, alone if s.single_active_consumer else quorum) for s in subscriptions)
    dead = (Queue(dead_queue(s.queue), quorum) for s in subscriptions)
    suspects = (Queue(suspects_queue(s.queue), quorum) for s in subscriptions)
    retries = (Queue(retry_exchange(seconds), quorum) for seconds in RETRY_SECONDS)
    unroutable = Queue(dead_queue(UNROUTABLE), quorum)
    return (*own, *dead, *suspects, *retries, unroutable, Queue(OPERATOR_ACTS, quorum))


def _bindings(subscriptions: tuple[Subscription, ...]) -> tuple[Binding, ...]:
    return (
        *(Binding(EXCHANGE, s.queue, key) for s in subscriptions for key in s.binds),
        *(Binding(ADDRESSED, s.queue, s.queue) for s in subscriptions),
        *(Binding(RETURNED, s.queue, s.queue) for s in subscriptions),
        Binding(UNROUTABLE, dead_queue(UNROUTABLE), ""),
        Binding(OPERATOR_ACTS, OPERATOR_ACTS, ""),
        *(Binding(DEAD, dead_queue(s.queue), s.queue) for s in subscriptions),
        *(
            Binding(ADDRESSED, suspects_queue(s.queue), suspects_queue(s.queue))
            for s in subscriptions
        ),
        *(
            Binding(retry_exchange(seconds), retry_exchange(seconds), "#")
            for seconds in RETRY_SECONDS
        ),
    )


def _policies(subscriptions: tuple[Subscription, ...]) -> tuple[Policy, ...]:
    # At-least-once dead-lettering needs `reject-publish`; without a max-length it never rejects.
    safely = {"dead-letter-strategy": "at-least-once", "overflow": "reject-publish", **SPREAD}
    own = (
        Policy(
            queue,
            _exactly(queue),
            {
                "delivery-limit": limit,
                "dead-letter-exchange": DEAD,
                "dead-letter-routing-key": s.queue,
                **safely,
            },
        )
        for s in subscriptions
        for queue, limit in (
            (s.queue, DELIVERY_LIMIT),
            (suspects_queue(s.queue), SUSPECT_LIMIT),
        )
    )
    retries = (
        Policy(
            retry_exchange(seconds),
            _exactly(retry_exchange(seconds)),
            {"message-ttl": seconds * 1000, "dead-letter-exchange": RETURNED, **safely},
        )
        for seconds in RETRY_SECONDS
    )
    kept = Policy(
        "jemput.dead",
        r"\.dead$",
        {"message-ttl": DEAD_LETTER_DAYS * _DAY_MS, "delivery-limit": _LOOKS, **SPREAD},
    )
    returned = Policy(
        RETURNED, _exactly(RETURNED), {"alternate-exchange": UNROUTABLE}, apply_to="exchanges"
    )
    unroutable = Policy(
        UNROUTABLE,
        _exactly(dead_queue(UNROUTABLE)),
        {**kept.definition, "max-length": UNROUTABLE_KEPT, "overflow": "drop-head"},
        priority=1,
    )
    acts = Policy(
        OPERATOR_ACTS,
        _exactly(OPERATOR_ACTS),
        {
            "max-length": OPERATOR_ACTS_KEPT,
            "overflow": "drop-head",
            "delivery-limit": _LOOKS,
            **SPREAD,
        },
    )
    return (*own, *retries, kept, returned, unroutable, acts)


def _exactly(name: str) -> str:
    return "^" + name.replace(".", r"\.") + "$"
