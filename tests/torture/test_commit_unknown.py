"""Commits whose outcome is not known, cut off by the server itself: each unit counts once."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pymongo import MongoClient

from deploy.local.servers import Servers
from shared.messaging.group_commit import GroupCommit
from shared.messaging.metrics import CommitMetrics
from shared.messaging.task import Task
from shared.messaging.unit_of_work import UnitOfWork
from shared.mongo.client import connect
from shared.mongo.migrations import migrate
from shared.mongo.store import MongoStore
from shared.runtime import utc_now
from tests.unit.shared.messaging_kit import Outbox, count

UNITS = 60
COUNTERS = 7
AWAY = "jemput_database_unavailable_total"
CONFLICTS = "jemput_commit_conflicts_total"

CUT_OFF = {"failCommands": ["commitTransaction"], "closeConnection": True}
DONE_BUT_NOT_SAID = {
    "failCommands": ["commitTransaction"],
    "writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"},
}
TOO_SLOW = {
    "failCommands": ["commitTransaction"],
    "errorCode": 50,
    "errorLabels": ["UnknownTransactionCommitResult"],
}
FORGOTTEN = {
    "failCommands": ["commitTransaction"],
    "errorCode": 251,
    "errorLabels": ["TransientTransactionError"],
}
WRITES_CUT_OFF = {"failCommands": ["insert", "update"], "closeConnection": True}
WRITES_LOCKED = {
    "failCommands": ["insert"],
    "errorCode": 112,
    "errorLabels": ["TransientTransactionError"],
}
READS_TOO_EARLY = {"failCommands": ["find"], "errorCode": 134}
READS_CUT_OFF = {"failCommands": ["find"], "closeConnection": True}


@contextmanager
def failing(servers: Servers, app_name: str, times: int, **data: Any) -> Iterator[None]:
    """Have so many commands of one client fail, and see that they did."""
    mode = {"times": times}
    said = {"appName": app_name, **data}
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        client.admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": said})
        try:
            yield
        finally:
            off = {"configureFailPoint": "failCommand", "mode": "off"}
            hits = client.admin.command(off)["count"]
        assert hits >= times, "the server had fewer occasions to fail than it was told to use"


@pytest.mark.parametrize(
    ("data", "times", "told"),
    [
        pytest.param(CUT_OFF, 1, None, id="cut off once"),
        pytest.param(CUT_OFF, 9, AWAY, id="cut off again and again"),
        pytest.param(DONE_BUT_NOT_SAID, 1, None, id="done but not said"),
        pytest.param(DONE_BUT_NOT_SAID, 9, AWAY, id="done and never said"),
        pytest.param(TOO_SLOW, 9, AWAY, id="too slow"),
        pytest.param(FORGOTTEN, 2, AWAY, id="forgotten"),
        pytest.param(WRITES_CUT_OFF, 4, AWAY, id="writes cut off"),
        pytest.param(WRITES_LOCKED, 5, CONFLICTS, id="writes locked"),
        pytest.param(READS_CUT_OFF, 6, AWAY, id="reads cut off"),
        pytest.param(READS_TOO_EARLY, 6, AWAY, id="reads too early"),
    ],
)
async def test_each_unit_counts_once(
    data: dict[str, Any], times: int, told: str | None, servers: Servers, mongo_database: str
) -> None:
    app_name = f"torture-{secrets.token_hex(4)}"
    url = f"{servers.mongo_url}{'&' if '?' in servers.mongo_url else '?'}appName={app_name}"
    client = connect(url)
    database = client[mongo_database]
    await migrate(database, ["counters"], [])
    registry, outbox = CollectorRegistry(), Outbox()
    store = MongoStore(client, mongo_database, "one")
    metrics = CommitMetrics(registry)
    commit = GroupCommit(store, outbox, metrics, source="desk", clock=utc_now)
    running = asyncio.create_task(commit.run())
    await commit.submit(counting_unit(0))
    with failing(servers, app_name, times, **data):
        # A few at a time, so that there are batches enough to fail.
        for first in range(1, UNITS, 12):
            some = range(first, min(first + 12, UNITS))
            outcomes = await asyncio.gather(
                *[commit.submit(counting_unit(number)) for number in some]
            )
            assert [outcome.answer["number"] for outcome in outcomes] == list(some)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    if told is not None:
        assert _counted(registry, told) > 0
    counted = {one["_id"]: one["value"] async for one in database["counters"].find()}
    assert counted == Counter(f"c{number % COUNTERS}" for number in range(UNITS))
    inbox = [inbox_id async for inbox_id in database["inbox"].find()]
    assert sorted(inbox_id["answer"]["number"] for inbox_id in inbox) == list(range(UNITS))
    rows = [(row["aggregate_id"], row["version"]) async for row in database["outbox"].find()]
    assert Counter(name for name, _ in rows) == counted
    assert len(set(rows)) == UNITS
    await client.close()


def _counted(registry: CollectorRegistry, name: str) -> float:
    """A counter's value, whatever its labels."""
    samples = (sample for family in registry.collect() for sample in family.samples)
    return sum(sample.value for sample in samples if sample.name == name)


def counting_unit(number: int) -> Task:
    """A command that counts, and answers with its number and with what it made of the counter."""

    async def work(uow: UnitOfWork) -> dict[str, int]:
        value = await count(f"c{number % COUNTERS}")(uow)
        return {"number": number, "value": value}

    return Task(work, f"m{number}", f"c{number % COUNTERS}", fingerprint=f"f{number}")
