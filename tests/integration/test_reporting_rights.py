"""What reporting's own user of MongoDB may do: add to its archive, and not take away from it."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.local.folder import ROOT
from deploy.local.servers import Servers
from deploy.local.stack import Stack
from services.reporting.store import COLLECTIONS, INDEXES
from services.reporting.store.names import ARCHIVE
from shared.messaging.timers import TIMERS, new_timer
from shared.mongo.client import connect
from shared.mongo.timers import MongoTimers
from shared.mongo.users import read_rights
from tests.integration.forbidden import TAKES_AWAY, Rows, assert_refused
from tests.unit.reporting.running import reporting_command, stack_of, start, until


@pytest.fixture(scope="module")
async def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with stack_of(servers, tmp_path_factory.mktemp("rights")) as one:
        await start(one)
        yield one


@pytest.mark.parametrize("act", TAKES_AWAY)
def test_nothing_is_taken_from_the_archive(stack: Stack, act: Callable[[Rows], Any]) -> None:
    with MongoClient[dict[str, Any]](stack._mongo_url("reporting")) as client:
        assert_refused(act, client[stack.database("reporting")][ARCHIVE])


async def test_it_adds_to_the_archive_and_rebuilds_its_totals(stack: Stack) -> None:
    with MongoClient[dict[str, Any]](stack._mongo_url("reporting")) as client:
        rows = client[stack.database("reporting")][ARCHIVE]
        rows.insert_one({"_id": "one", "programme_id": None})
        assert rows.find_one({"_id": "one"}) is not None
    for command in (("rebuild", "--by", "a-op"), ("recount",)):
        status, said = await reporting_command(stack, *command)
        assert status == 0, said


async def test_its_trail_has_who_rebuilt_and_heads_come_from_the_archive(
    stack: Stack, tmp_path: Path
) -> None:
    head = {"number": 17, "head": "5e8c" * 16}
    row = {"_id": "head", "programme_id": None, "type": "intake.audit_head_published.v1"}
    with MongoClient[dict[str, Any]](stack._mongo_url("reporting")) as client:
        client[stack.database("reporting")][ARCHIVE].insert_one({**row, "payload": head})
    status, said = await reporting_command(stack, "heads", "--of", "intake")
    assert (status, said.split()[-1]) == (0, f"17:{head['head']}")

    await reporting_command(stack, "rebuild", "--by", "a-op")
    span = ("--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z")
    status, said = await reporting_command(stack, "audit", "acts", *span, "--account", "a-op")
    assert status == 0, said
    assert said.rstrip().endswith("totals_rebuilt by a-op about totals")
    # It chains as soon as it starts, by its own rights, and the head goes by way of the broker.
    stack.kill("reporting")
    await start(stack)

    async def told() -> bool:
        _, said = await reporting_command(stack, "heads", "--of", "reporting")
        (tmp_path / "heads").write_text(said[said.index("1:") :] if "1:" in said else "")
        return "1:" in said

    await until(told)
    verify = ("audit", "verify", "--heads", str(tmp_path / "heads"))
    status, said = await reporting_command(stack, *verify)
    assert status == 0, said
    assert "nothing is missing or altered" in said


async def test_its_timers_are_its_own_to_keep(stack: Stack) -> None:
    client = connect(stack._mongo_url("reporting"))
    timers = MongoTimers(client, stack.database("reporting"), "one", "reporting.events")
    now = datetime.now(UTC)
    row = TIMERS.encode(new_timer("rest", "a", now - timedelta(days=1), {}, above=0, now=now))
    await client[stack.database("reporting")][TIMERS.name].insert_one(row)
    # The running service, which has no such timer, may be the one that sends it.
    term = await timers.lead() or "a term of the test's"
    await timers.sent(await timers.take(term, 10))
    assert (await timers.overdue()).pending == 1
    await timers.resign()
    await client.close()


def test_the_file_names_every_collection_and_index_of_the_archive() -> None:
    rights = read_rights(Path(ROOT / "services/reporting/database.toml"))
    assert rights is not None
    assert rights.written is not None
    assert {*rights.written, *rights.added_to} == set(COLLECTIONS.names) - set(COLLECTIONS.apart)
    archive = tuple(i for i in INDEXES if i.collection == ARCHIVE)
    assert rights.added_to == {ARCHIVE: archive}
