"""A transaction that a killed process left open does not hold up the others for long."""

import asyncio
from urllib.parse import urlsplit

import pytest

from deploy.local.servers import Servers
from shared.messaging.errors import Locked
from shared.messaging.store import Changes, Write
from shared.mongo.abandoned import IDLE_SECONDS, end_abandoned
from shared.mongo.client import connect
from shared.mongo.migrations import migrate
from shared.mongo.store import MongoStore
from shared.mongo.users import ensure_user


async def test_it_is_ended_once_it_is_idle_and_what_it_locked_can_be_written(
    servers: Servers, mongo_database: str
) -> None:
    admin = connect(servers.mongo_url)
    await migrate(admin[mongo_database], ["letters"], [])
    await ensure_user(admin, "desk", "made-up", mongo_database)
    url = urlsplit(servers.mongo_url)
    place = url.netloc.rpartition("@")[2]
    login = f"mongodb://desk:made-up@{place}/{mongo_database}?directConnection=true"
    killed, other = connect(login), connect(login)
    change = Changes(writes=[Write("letters", {"_id": "a", "version": 1}, None)])
    session = killed.start_session()
    await session.start_transaction()
    await killed[mongo_database]["letters"].insert_one({"_id": "a", "version": 1}, session=session)
    store = MongoStore(other, mongo_database, "other")
    assert await end_abandoned(other) == 0
    with pytest.raises(Locked):
        await store.commit(change)
    await asyncio.sleep(IDLE_SECONDS + 0.2)
    assert await end_abandoned(other) == 1
    await store.commit(change)
    assert await store.versions("letters", ["a"]) == {"a": 1}
    for client in (killed, other, admin):
        await client.close()
