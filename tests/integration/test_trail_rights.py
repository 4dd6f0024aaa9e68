"""What any service's own user of MongoDB may do to its trail: add to it, and not take from it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy import provision
from deploy.local.servers import Servers
from shared.audit.kept import ADDED_TO, AUDIT, AUDIT_BLOCKS
from shared.mongo.client import connect
from shared.mongo.migrations import migrate
from tests.integration.forbidden import TAKES_AWAY, UNAUTHORIZED, Rows, assert_refused
from tests.trail import trail_of

PREFIX = "trail_rights_"
Clients = Mapping[str, MongoClient[dict[str, Any]]]


@pytest.fixture(scope="module")
def clients(servers: Servers) -> Iterator[Clients]:
    """One for each service, with its own user."""
    names = provision.service_names()
    asyncio.run(provision.mongo(servers.mongo_url, dict.fromkeys(names, "pw"), PREFIX))
    found = {name: MongoClient[dict[str, Any]](_url(servers, name)) for name in names}
    yield found
    for client in found.values():
        client.close()
    with MongoClient[dict[str, Any]](servers.mongo_url) as admin:
        for name in admin.list_database_names():
            if name.startswith(PREFIX):
                admin[name].command("dropAllUsersFromDatabase")
                admin[name].command("dropAllRolesFromDatabase")
                admin.drop_database(name)


def _url(servers: Servers, service: str) -> str:
    at = urlsplit(servers.mongo_url).netloc.rpartition("@")[2]
    return f"mongodb://{service}:pw@{at}/{PREFIX}{service}?directConnection=true"


def _rows(clients: Clients, service: str, name: str) -> Rows:
    return trail_of(clients[service], f"{PREFIX}{service}", name)


@pytest.mark.parametrize("act", TAKES_AWAY)
@pytest.mark.parametrize("name", [AUDIT, AUDIT_BLOCKS])
@pytest.mark.parametrize("service", provision.service_names())
def test_nothing_is_taken_from_a_trail(
    clients: Clients, service: str, name: str, act: Callable[[Rows], Any]
) -> None:
    assert_refused(act, _rows(clients, service, name))


@pytest.mark.parametrize("service", provision.service_names())
async def test_it_is_added_to_and_read_and_made_ready_without_more_rights(
    clients: Clients, servers: Servers, service: str
) -> None:
    for name in (AUDIT, AUDIT_BLOCKS):
        rows = _rows(clients, service, name)
        rows.insert_one({"_id": "one"})
        assert rows.find_one({"_id": "one"}) is not None
    client = connect(_url(servers, service))
    parts = dict.fromkeys(ADDED_TO.collections, ADDED_TO.part)
    database = client[f"{PREFIX}{service}"]
    await migrate(database, ADDED_TO.collections, ADDED_TO.indexes, parts)
    await client.close()


def test_no_service_reads_another_one_s_trail(clients: Clients) -> None:
    with pytest.raises(OperationFailure) as refused:
        trail_of(clients["courier"], f"{PREFIX}intake").find_one()
    assert refused.value.code == UNAUTHORIZED
