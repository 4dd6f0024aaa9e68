"""The line of a service: no number twice, nobody lost, nobody passed too often, whatever happens.

Many histories at once on a real store, in steps: gates and booths with and without uplink, two
instances that die, answers that are lost, what happened told late, twice and in any order, leases
that run out and are taken back. `build/line.json` says what was seen.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from string import ascii_lowercase
from typing import Any, Final

import pytest

from deploy.local.servers import Servers
from services.scheduler.domain import Line, Policy, Programme, Ticket, TicketState
from services.scheduler.domain.holds import HOLD_LASTS, Held
from services.scheduler.store import COLLECTIONS, INDEXES
from services.scheduler.usecases import merging
from shared.messaging.unit_of_work import UnitOfWork
from shared.mongo.client import connect
from shared.mongo.migrations import migrate
from tests.size import examples
from tests.torture.line.check import COUNTS, Found, Kept, check
from tests.torture.line.history import History
from tests.torture.line.world import World, morning
from tests.unit.scheduler.sample import programme

RESULT: Final = Path(__file__).resolve().parents[2] / "build" / "line.json"
HISTORIES: Final = 200
AT_ONCE: Final = 200
STEPS: Final = 36
POLICIES: Final = (
    Policy(),
    Policy(priority_every=2),
    Policy(priority_every=3, recall_after=5),
    Policy(priority_every=5, recall_after=1),
)


@pytest.fixture
async def world(servers: Servers, mongo_database: str) -> AsyncIterator[World]:
    """Two instances on an empty database that knows a programme for each policy."""
    client = connect(servers.mongo_url)
    await migrate(client[mongo_database], COLLECTIONS.names, INDEXES)
    running = World(client, mongo_database, random.Random(938))
    running.begin()
    for number, policy in enumerate(POLICIES):
        known = replace(programme(), id=f"botram_{number}", line=policy)
        await running.do(_keeping(known), known.id)
    yield running
    await running.end()
    await client.close()


def _keeping(known: Programme) -> Any:
    async def keep(uow: UnitOfWork) -> None:
        uow.add(known)

    return keep


async def play(world: World, histories: int, steps: int = STEPS) -> Found:
    """Play so many histories, some of them at once, and hold what came of them."""
    found, done = Found(), 0
    while done < histories:
        now = min(AT_ONCE, histories - done)
        await _play(world, range(done, done + now), steps, found)
        done += now
    return found


async def _play(world: World, numbers: range, steps: int, found: Found) -> None:
    world.clock.now = morning()
    playing = [_history(world, number) for number in numbers]
    await asyncio.gather(*(one.begin() for one in playing))
    for _ in range(steps):
        dying = world.seed.random() < 0.15
        doing = asyncio.gather(*(one.step() for one in playing))
        if dying:
            await asyncio.sleep(world.seed.random() * 0.2)
            await world.crash()
        await doing
        world.clock.advance(seconds=world.seed.choice((1, 20, 60, 200)))
    await asyncio.gather(*(one.finish() for one in playing))
    world.clock.advance(seconds=HOLD_LASTS.total_seconds() + 1)
    await asyncio.gather(*(one.drain() for one in playing))
    for one in playing:
        check(one, await _kept(world, one.event_id), found)


def _history(world: World, number: int) -> History:
    which = number % len(POLICIES)
    run = "".join(world.seed.choices(ascii_lowercase, k=12))
    early = number % 3 == 0
    return History(world, f"line-{run}", POLICIES[which], f"botram_{which}", closes_early=early)


async def _kept(world: World, event_id: str) -> Kept:
    entries = await world.documents("late_entries", event_id)
    return Kept(
        await world.documents("tickets", event_id),
        await world.documents("lines", event_id),
        await world.documents("stretches", event_id),
        {one["_id"]: one for one in entries},
    )


async def test_histories_double_starve_and_lose_nobody(world: World) -> None:
    found = await play(world, examples(HISTORIES))
    result = found.report(world)
    known = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({**known, **result}, indent=1) + "\n", "utf-8")

    assert {name: found.wrong[name] for name in COUNTS} == dict.fromkeys(COUNTS, 0), result
    assert found.histories == examples(HISTORIES)
    done = ("issued_offline", "acts_offline", "served_offline")
    assert min(found.seen[name] for name in done) > HISTORIES
    assert found.seen["unserved"] > HISTORIES
    assert world.crashes > 0


def _same_numbers(line: Line, size: int, **_: Any) -> Line:
    last = line.last_number + size if size == 1 else max(line.last_number, size)
    return replace(line, version=line.version + 1, numbered=last)


async def _merged_nothing(_: Any, entry: Any, *__: Any) -> Any:
    return entry, {}, []


_COUNTED: Final = Line.counted


def _counted_twice(line: Line, before: Ticket | None, after: Ticket) -> Line:
    line = _COUNTED(line, before, after)
    if after.state is not TicketState.SERVED:
        return line
    return replace(line, states={**line.states, after.state: line.states[after.state] + 1})


FAULTS: Final = {
    "doubled_numbers": (Line, "lease", _same_numbers),
    "starved": (Held, "stands", lambda *_: True),
    "over_bound": (Policy, "may_pass", lambda *_: True),
    "lost_offline": (merging, "_take_in", _merged_nothing),
    "not_conserved": (Line, "counted", _counted_twice),
}
"""What is broken on purpose, and what has to be found then."""


@pytest.mark.parametrize("wrong", FAULTS)
async def test_what_is_broken_on_purpose_is_found(
    world: World, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, name, fault = FAULTS[wrong]
    monkeypatch.setattr(where, name, fault)
    found = await play(world, 16, steps=20)
    known = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
    planted = {**known.get("planted_and_found", {}), wrong: found.wrong[wrong]}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({**known, "planted_and_found": planted}, indent=1) + "\n", "utf-8")

    assert found.wrong[wrong] > 0, found.wrong
