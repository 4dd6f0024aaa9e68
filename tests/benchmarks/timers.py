"""The key `timers`: each fires once, in time, while who sends them is killed; see README.md."""

import asyncio
import random
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import PyMongoError

from deploy.local.servers import Say, Servers
from shared.messaging.timers import TIMERS, new_timer
from shared.mongo.client import connect
from shared.mongo.migrations import migrate
from shared.mongo.timers import LEASES
from tests.benchmarks.road import p99_ms
from tests.integration.kernel_kit import QUEUE, Line, amqp_of, apply, line, virtual_host
from tests.torture.timer_desk import FIRED, Desk, kill

COUNT: Final = 100_000
RATE: Final = 450
"""Timers due a second."""
KILLS: Final = 5

_SHORTEST = 30.0
"""Seconds over which fewer timers are due, so that there is time for the kills."""
_LEAD = 3.0
_PREPARED_PER_SECOND = 5_000
_GRACE = 30.0
"""Seconds after the last is due; what has not fired by then is missed."""
_PAGE = 5_000
_READY = 60.0
_DATABASE = "bench_timers"


def measure(servers: Servers, say: Say, count: int | None) -> dict[str, object]:
    """Have timers fire in two processes of which the leading one is killed again and again."""
    with (
        tempfile.TemporaryDirectory(prefix="jemput-timers-") as folder,
        virtual_host(servers) as vhost,
        MongoClient[dict[str, Any]](servers.mongo_url, tz_aware=True) as client,
    ):
        apply(servers, vhost).close()
        desk = Desk(amqp_of(servers, vhost), servers.mongo_url, _DATABASE, Path(folder))
        try:
            found = asyncio.run(_run(desk, client[_DATABASE], count or COUNT))
        finally:
            desk.kill_all()
            client.drop_database(_DATABASE)
    say(f"timers: {found}")
    return {"timers": found}


async def _run(desk: Desk, database: "Database[dict[str, Any]]", count: int) -> dict[str, Any]:
    await _prepare(desk)
    spread = max(_SHORTEST, count / RATE)
    async with line(desk.amqp_url) as raw:
        desk.start()
        desk.start()
        await _two_read(raw)
    begin = datetime.now(UTC) + timedelta(seconds=_LEAD + count / _PREPARED_PER_SECOND)
    with watched(database) as seen:
        await asyncio.to_thread(_set, database, begin, count, spread)
        await _killed(desk, database, begin, spread)
        end = begin + timedelta(seconds=spread + _GRACE)
        while datetime.now(UTC) < end and database[TIMERS.name].estimated_document_count():  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    counts = [one["version"] for one in database[FIRED].find({}, {"version": 1})]
    return {**figures(count, counts, seen.late), "per_s": round(count / spread), "kills": KILLS}


def figures(due: int, counts: Sequence[int], late: Sequence[float]) -> dict[str, Any]:
    """Return what is written: `counts` says how often each that fired did, `late` by how much."""
    return {
        "due": due,
        "fired_once": counts.count(1),
        "fired_twice": len(counts) - counts.count(1),
        "missed": due - len(counts),
        "p99_late_ms": p99_ms(late),
        "max_late_ms": round(1000 * max(late), 1) if late else None,
        "seen": len(late),
    }


async def _prepare(desk: Desk) -> None:
    client = connect(desk.mongo_url)
    await client.drop_database(desk.database)
    await migrate(client[desk.database], [FIRED], [])
    await client.close()


async def _two_read(raw: Line) -> None:
    async with asyncio.timeout(_READY):
        while await raw.consumers(QUEUE) < 2:  # noqa: ASYNC110 - asked of the broker
            await asyncio.sleep(0.1)


def _set(database: "Database[dict[str, Any]]", begin: datetime, count: int, spread: float) -> None:
    """Write timers due at random moments, as many use cases would have over the days before."""
    rows = _rows(begin, count, spread)
    while page := list(islice(rows, _PAGE)):
        database[TIMERS.name].insert_many(page, ordered=False)
    if datetime.now(UTC) > begin:
        raise RuntimeError("the first timers were due before the last was set")


def _rows(begin: datetime, count: int, spread: float) -> Iterator[dict[str, Any]]:
    chance = random.Random(count)
    now = datetime.now(UTC)
    for number in range(count):
        due = begin + timedelta(seconds=chance.uniform(0, spread))
        yield TIMERS.encode(new_timer("remind", f"k{number}", due, {}, above=0, now=now))


async def _killed(
    desk: Desk, database: "Database[dict[str, Any]]", begin: datetime, spread: float
) -> None:
    """Kill the process that sends, five times over the time, and start another at once."""
    for number in range(KILLS):
        at = begin + timedelta(seconds=spread * (number + 0.5) / KILLS)
        await asyncio.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))
        lease = database[LEASES].find_one({"_id": TIMERS.name})
        leader = lease["owner"] if lease else ""
        (victim,) = [one for one in desk.processes if one.name == leader and one.is_alive()]
        await asyncio.to_thread(kill, victim)
        desk.start()
    left = begin + timedelta(seconds=spread) - datetime.now(UTC)
    await asyncio.sleep(max(0.0, left.total_seconds()))


@dataclass
class Seen:
    """By how many seconds timers were late, from the time they were due to their commit."""

    late: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def follow(self, stream: Any) -> None:
        """Note every document of a timer that fired, by the server's time of the operation."""
        while not self.stop.is_set():
            change = stream.try_next()
            if change is None:
                time.sleep(0.01)
            elif (document := change.get("fullDocument")) is not None:
                self.late.append((change["wallTime"] - document["due"]).total_seconds())


@contextmanager
def watched(database: "Database[dict[str, Any]]") -> Iterator[Seen]:
    """Follow what fires, in a thread, until nothing more has come for a second."""
    seen = Seen()
    with database[FIRED].watch(max_await_time_ms=200) as stream:
        thread = threading.Thread(target=_followed, args=(seen, stream), daemon=True)
        thread.start()
        yield seen
        before = -1
        while before < len(seen.late):
            before = len(seen.late)
            time.sleep(1)
        seen.stop.set()
        thread.join(10)


def _followed(seen: Seen, stream: Any) -> None:
    try:
        seen.follow(stream)
    except PyMongoError:
        # What was not seen is missing in `seen`, which is written.
        return
