"""A made-up day of requests, in a disorder that a seed decides, and what must come of it."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.courier.domain import Area, Place
from shared.contracts.event import Event
from shared.contracts.intake import CloseOutcome
from shared.messaging.message import Message
from shared.testing.messages import message_of
from tests.unit.courier.sample import AGENT, VILLAGE, closed, confirmed, issued, programme, received

RWS = ("001", "002", "003", "004")
AREAS = [Area("halo_pamor", Place(VILLAGE, rw), 1, f"{AGENT}-{rw}") for rw in RWS]
"""What courier knows when the day begins: every RW has its agent."""

Published = tuple[str, str, int]
"""Type without producer and version, aggregate, version of the aggregate."""


@dataclass
class Day:
    """Messages as they come in, and what must have come of them in the end."""

    messages: list[Message] = field(default_factory=list)
    jobs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    published: set[Published] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)

    @property
    def good(self) -> set[str]:
        """The ids of the messages that are handled in the end."""
        return {message.envelope.id for message in self.messages} - self.bad

    def say(self, id_: str, event: Event, version: int) -> None:
        """Add a message."""
        moment = datetime(2023, 3, 11, 2, version, tzinfo=UTC)
        self.messages.append(message_of(event, moment, id_=id_, version=version))

    def expect(self, case: str, *published: str, **job: Any) -> None:
        """State what must become of a case."""
        self.jobs[case] = job
        versions = {"job_opened": 1, "job_assigned": 2}
        last = job["version"]
        self.published |= {(name, case, versions.get(name, last)) for name in published}


def carried(day: Day, case: str, rw: str) -> None:
    """From home to home: the office and the recipient have spoken, the agent has not."""
    day.say(f"{case}-1", received(case, rw=rw), 1)
    day.say(f"{case}-2", issued(case), 2)
    day.say(f"{case}-3", confirmed(case), 3)
    day.say(f"{case}-4", closed(case, CloseOutcome.DELIVERED), 4)
    day.expect(
        case,
        "job_opened",
        "job_assigned",
        version=4,
        state="assigned",
        agent_id=f"{AGENT}-{rw}",
        document_issued=True,
        receipt_confirmed=True,
    )


def cancelled(day: Day, case: str, rw: str) -> None:
    """Asked for and taken back."""
    day.say(f"{case}-1", received(case, rw=rw, deliver=False), 1)
    day.say(f"{case}-2", closed(case, CloseOutcome.CANCELLED, deliver=False), 2)
    day.expect(
        case,
        "job_opened",
        "job_assigned",
        "job_withdrawn",
        version=3,
        state="withdrawn",
        agent_id=f"{AGENT}-{rw}",
        document_issued=False,
        receipt_confirmed=False,
    )


def at_the_counter(day: Day, case: str, rw: str) -> None:
    """Nothing for courier to carry."""
    day.say(f"{case}-1", received(case, rw=rw, pick_up=False, deliver=False), 1)
    day.say(f"{case}-2", issued(case, deliver=False), 2)
    outcome = CloseOutcome.HANDED_OVER
    day.say(f"{case}-3", closed(case, outcome, pick_up=False, deliver=False), 3)


def unreadable(day: Day, case: str, rw: str) -> None:
    """A request that no rule of courier's accepts."""
    del rw
    day.say(f"{case}-1", received(case, rw=None), 1)
    day.bad.add(f"{case}-1")


KINDS = (carried, carried, cancelled, at_the_counter, unreadable)


def day_of(cases: int, seed: int, *, doubled: float = 0.05, times: int = 1) -> Day:
    """Return a day of so many cases, shuffled, each message `times` and some once more."""
    chance = random.Random(seed)
    day = Day()
    for number in range(cases):
        KINDS[number % len(KINDS)](day, f"case-{number:03}", chance.choice(RWS))
    for version, name in ((1, "first"), (2, "second")):
        day.say(f"programme-{version}", programme(name=name), version)
    again = [message for message in day.messages if chance.random() < doubled]
    day.messages = [*day.messages * times, *again]
    chance.shuffle(day.messages)
    return day


def differences(day: Day, jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the jobs that are not as they must be, by case; empty where all is well."""
    found = {
        job["_id"]: {name: job[name] for name in day.jobs.get(job["_id"], {"version": 0})}
        for job in jobs
    }
    cases = found.keys() | day.jobs.keys()
    return {
        case: (found.get(case), day.jobs.get(case))
        for case in cases
        if found.get(case) != day.jobs.get(case)
    }
