"""The broker's set-up for two queues, written out by hand."""

from pathlib import Path

import pytest

from shared.messaging.topology import (
    DEAD_LETTER_DAYS,
    INBOX_DAYS,
    RETRY_SECONDS,
    Binding,
    Exchange,
    Policy,
    Queue,
    Subscription,
    read_subscriptions,
    topology,
)

FILE = """
[queues.events]
binds = ["intake.request_received.v1", "scheduler.#"]

[queues.projector]
binds = []
single_active_consumer = true
"""
DESK = (
    Subscription("desk", "events", ("intake.request_received.v1", "scheduler.#")),
    Subscription("desk", "projector", (), single_active_consumer=True),
)


def test_subscriptions_are_read_from_the_services_folders(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "subscriptions.toml").write_text(FILE)
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "subscriptions.toml").write_text('[queues.all]\nbinds = ["#"]\n')
    (tmp_path / "silent").mkdir()
    assert read_subscriptions(tmp_path) == (Subscription("archive", "all", ("#",)), *DESK)


def test_what_services_write_to_is_of_the_kind_that_holds_rights_by_key() -> None:
    assert topology(DESK).exchanges == (
        Exchange("jemput.events", "topic"),
        Exchange("jemput.addressed", "topic"),
        Exchange("jemput.returned", "topic"),
        Exchange("jemput.unroutable", "fanout"),
        Exchange("jemput.operator", "fanout"),
        Exchange("jemput.dead", "topic"),
        Exchange("jemput.retry.1s", "topic"),
        Exchange("jemput.retry.5s", "topic"),
        Exchange("jemput.retry.30s", "topic"),
        Exchange("jemput.retry.300s", "topic"),
    )


def test_what_can_never_change_is_an_argument() -> None:
    quorum = {"x-queue-type": "quorum"}
    assert topology(DESK).queues == (
        Queue("desk.events", quorum),
        Queue("desk.projector", {**quorum, "x-single-active-consumer": True}),
        Queue("desk.events.dead", quorum),
        Queue("desk.projector.dead", quorum),
        Queue("desk.events.suspects", quorum),
        Queue("desk.projector.suspects", quorum),
        Queue("jemput.retry.1s", quorum),
        Queue("jemput.retry.5s", quorum),
        Queue("jemput.retry.30s", quorum),
        Queue("jemput.retry.300s", quorum),
        Queue("jemput.unroutable.dead", quorum),
        Queue("jemput.operator", quorum),
    )


def test_every_queue_is_reached_by_its_keys_by_its_name_and_by_its_dead() -> None:
    assert set(topology(DESK).bindings) == {
        Binding("jemput.events", "desk.events", "intake.request_received.v1"),
        Binding("jemput.events", "desk.events", "scheduler.#"),
        Binding("jemput.addressed", "desk.events", "desk.events"),
        Binding("jemput.addressed", "desk.projector", "desk.projector"),
        Binding("jemput.returned", "desk.events", "desk.events"),
        Binding("jemput.returned", "desk.projector", "desk.projector"),
        Binding("jemput.unroutable", "jemput.unroutable.dead", ""),
        Binding("jemput.operator", "jemput.operator", ""),
        Binding("jemput.addressed", "desk.events.suspects", "desk.events.suspects"),
        Binding("jemput.addressed", "desk.projector.suspects", "desk.projector.suspects"),
        Binding("jemput.dead", "desk.events.dead", "desk.events"),
        Binding("jemput.dead", "desk.projector.dead", "desk.projector"),
        Binding("jemput.retry.1s", "jemput.retry.1s", "#"),
        Binding("jemput.retry.5s", "jemput.retry.5s", "#"),
        Binding("jemput.retry.30s", "jemput.retry.30s", "#"),
        Binding("jemput.retry.300s", "jemput.retry.300s", "#"),
    }


def test_what_may_change_is_a_policy() -> None:
    spread = {"queue-leader-locator": "balanced"}
    safely = {"dead-letter-strategy": "at-least-once", "overflow": "reject-publish", **spread}
    assert topology(DESK[:1]).policies == (
        Policy(
            "desk.events",
            r"^desk\.events$",
            {
                "delivery-limit": 100,
                "dead-letter-exchange": "jemput.dead",
                "dead-letter-routing-key": "desk.events",
                **safely,
            },
        ),
        Policy(
            "desk.events.suspects",
            r"^desk\.events\.suspects$",
            {
                "delivery-limit": 3,
                "dead-letter-exchange": "jemput.dead",
                "dead-letter-routing-key": "desk.events",
                **safely,
            },
        ),
        *(
            Policy(
                f"jemput.retry.{seconds}s",
                rf"^jemput\.retry\.{seconds}s$",
                {
                    "message-ttl": seconds * 1000,
                    "dead-letter-exchange": "jemput.returned",
                    **safely,
                },
            )
            for seconds in (1, 5, 30, 300)
        ),
        Policy(
            "jemput.dead",
            r"\.dead$",
            {"message-ttl": 1_814_400_000, "delivery-limit": 1_000_000, **spread},
        ),
        Policy(
            "jemput.returned",
            r"^jemput\.returned$",
            {"alternate-exchange": "jemput.unroutable"},
            apply_to="exchanges",
        ),
        Policy(
            "jemput.unroutable",
            r"^jemput\.unroutable\.dead$",
            {
                "message-ttl": 1_814_400_000,
                "delivery-limit": 1_000_000,
                "queue-leader-locator": "balanced",
                "max-length": 100_000,
                "overflow": "drop-head",
            },
            priority=1,
        ),
        Policy(
            "jemput.operator",
            r"^jemput\.operator$",
            {
                "max-length": 100_000,
                "overflow": "drop-head",
                "delivery-limit": 1_000_000,
                "queue-leader-locator": "balanced",
            },
        ),
    )


def test_no_queue_of_events_can_refuse_a_publish() -> None:
    limits = {"max-length", "max-length-bytes"}
    bounded = [p.name for p in topology(DESK).policies if limits & p.definition.keys()]
    # The oldest go first there: nobody is refused.
    assert bounded == ["jemput.unroutable", "jemput.operator"]


def test_dead_letters_are_kept_for_less_time_than_the_inbox_remembers() -> None:
    longest_way = sum(RETRY_SECONDS) / 86_400
    assert DEAD_LETTER_DAYS + longest_way < INBOX_DAYS


@pytest.mark.parametrize(
    ("purpose", "expected"), [("events", "desk.events"), ("history", "desk.history")]
)
def test_a_queue_is_named_by_its_service(purpose: str, expected: str) -> None:
    assert Subscription("desk", purpose, ()).queue == expected
