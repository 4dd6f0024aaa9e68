"""The declared topology on a real broker."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deploy.local.servers import Servers
from shared.messaging.provision import Management
from shared.messaging.topology import Subscription, topology
from tests.integration.kernel_kit import DESK, QUEUE, amqp_of, apply, line, until, virtual_host
from tests.unit.shared.messaging_kit import message


@pytest.fixture(scope="module")
def applied(servers: Servers) -> Iterator[Management]:
    with virtual_host(servers) as vhost:
        management = apply(servers, vhost)
        yield management
        management.close()


@pytest.fixture
def management(applied: Management) -> Management:
    applied.apply(topology(DESK))
    return applied


def seen(management: Management) -> dict[str, Any]:
    """What the broker holds, without what it counts."""
    kept = {
        "exchanges": ("name", "type", "durable", "auto_delete", "arguments"),
        "queues": ("name", "durable", "arguments"),
        "bindings": ("source", "destination", "routing_key", "arguments"),
        "policies": ("name", "pattern", "definition", "priority", "apply-to"),
    }
    return {
        what: sorted(
            str({field: one[field] for field in fields})
            for one in management._send("GET", f"{what}/{management._vhost}").json()
        )
        for what, fields in kept.items()
    }


def test_applied_twice_it_is_as_applied_once(management: Management) -> None:
    before = seen(management)
    management.apply(topology(DESK))
    assert seen(management) == before
    assert len(before["policies"]) == 10


async def effective(management: Management, queue: str) -> dict[str, Any]:
    """The policy a queue lives under; the broker tells it some seconds after a change."""
    found: dict[str, Any] = {}

    def told() -> bool:
        path = f"queues/{management._vhost}/{queue}"
        found.update(management._send("GET", path).json())
        return "effective_policy_definition" in found

    await until(told)
    assert found["type"] == "quorum"
    return dict(found["effective_policy_definition"])


async def test_a_queue_lives_under_its_policy(management: Management) -> None:
    assert await effective(management, QUEUE) == {
        "delivery-limit": 100,
        "dead-letter-exchange": "jemput.dead",
        "dead-letter-routing-key": "desk.events",
        "dead-letter-strategy": "at-least-once",
        "overflow": "reject-publish",
        "queue-leader-locator": "balanced",
    }
    assert await effective(management, f"{QUEUE}.dead") == {
        "message-ttl": 1_814_400_000,
        "delivery-limit": 1_000_000,
        "queue-leader-locator": "balanced",
    }


def test_what_is_declared_no_longer_is_unbound(management: Management) -> None:
    management.apply(topology([Subscription("desk", "events", ("intake.other.v1",))]))
    path = f"bindings/{management._vhost}/e/jemput.events/q/{QUEUE}"
    keys = [one["routing_key"] for one in management._send("GET", path).json()]
    assert keys == ["intake.other.v1"]
    addressed = f"bindings/{management._vhost}/e/jemput.addressed/q/{QUEUE}"
    assert len(management._send("GET", addressed).json()) == 1


def test_the_bindings_of_others_stay(management: Management) -> None:
    management._put(f"queues/{management._vhost}/partner.copy", {"durable": True})
    path = f"bindings/{management._vhost}/e/jemput.events/q/partner.copy"
    management._send("POST", path, {"routing_key": "intake.#"})
    management.apply(topology(DESK))
    assert [one["routing_key"] for one in management._send("GET", path).json()] == ["intake.#"]


def test_a_queue_of_another_kind_is_not_silently_kept(management: Management) -> None:
    alone = Subscription("desk", "events", (), single_active_consumer=True)
    with pytest.raises(httpx.HTTPStatusError) as failed:
        management.apply(topology([alone]))
    assert failed.value.response.status_code == 400


async def test_what_is_published_before_anybody_reads_is_kept(
    servers: Servers, management: Management
) -> None:
    async with line(amqp_of(servers, management._vhost)) as raw:
        await raw.send(*[message(f"m{number}") for number in range(10)])
        assert await raw.depth(QUEUE) == 10
    await until(lambda: management.depth(QUEUE) == 10)
