"""Errors that MongoDB itself reports: the units are done in the end, and the reason is counted."""

import asyncio
import secrets
from collections import Counter
from contextlib import suppress

import pytest
from prometheus_client import CollectorRegistry

from deploy.local.servers import Servers
from shared.messaging.group_commit import GroupCommit
from shared.messaging.metrics import CommitMetrics
from shared.mongo.client import connect
from shared.mongo.migrations import migrate
from shared.mongo.store import MongoStore
from shared.runtime import utc_now
from tests.torture.test_commit_unknown import COUNTERS, counting_unit, failing
from tests.unit.shared.messaging_kit import Outbox

UNITS = 24
REASONS = {
    14031: "OutOfDiskSpace",
    211: "KeyNotFound",
    24: "LockTimeout",
    365: "TemporarilyUnavailable",
}


@pytest.mark.parametrize("command", ["insert", "update", "commitTransaction", "find"])
@pytest.mark.parametrize("code", REASONS)
@pytest.mark.parametrize("times", [1, 4])
async def test_units_are_done_once_the_error_has_passed(
    code: int, command: str, times: int, servers: Servers, mongo_database: str
) -> None:
    app_name = f"torture-{secrets.token_hex(4)}"
    url = f"{servers.mongo_url}{'&' if '?' in servers.mongo_url else '?'}appName={app_name}"
    client = connect(url)
    database = client[mongo_database]
    await migrate(database, ["counters"], [])
    registry = CollectorRegistry()
    store = MongoStore(client, mongo_database, "one")
    commit = GroupCommit(store, Outbox(), CommitMetrics(registry), source="desk", clock=utc_now)
    running = asyncio.create_task(commit.run())
    # The counters exist, so that there are updates to fail.
    await asyncio.gather(*[commit.submit(counting_unit(number)) for number in range(COUNTERS)])
    with failing(servers, app_name, times, failCommands=[command], errorCode=code):
        some = range(COUNTERS, UNITS)
        outcomes = await asyncio.gather(*[commit.submit(counting_unit(n)) for n in some])
    assert [outcome.answer["number"] for outcome in outcomes] == list(some)
    assert not running.done()
    await commit.submit(counting_unit(UNITS))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    reason = {"reason": REASONS[code]}
    assert (registry.get_sample_value("jemput_database_unavailable_total", reason) or 0) > 0
    counted = {one["_id"]: one["value"] async for one in database["counters"].find()}
    assert counted == Counter(f"c{number % COUNTERS}" for number in range(UNITS + 1))
    await client.close()
