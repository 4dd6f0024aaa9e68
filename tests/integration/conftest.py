"""What the kernel's tests stand on; each module has a `management` of its own topology."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.local.servers import Servers
from shared.messaging.provision import Management
from tests.integration.kernel_kit import Desk, Line, Look, amqp_of, build_desk, line


@pytest.fixture
def url(servers: Servers, management: Management) -> str:
    """The administrator's way into the module's virtual host."""
    return amqp_of(servers, management._vhost)


@pytest.fixture
async def raw(url: str, management: Management) -> AsyncIterator[Line]:
    """A line to it, every queue empty."""
    queues = [
        found["name"] for found in management._send("GET", f"queues/{management._vhost}").json()
    ]
    async with line(url) as opened:
        for queue in queues:
            await (await opened.channel.get_queue(queue, ensure=False)).purge()
        yield opened


@pytest.fixture
def desk(servers: Servers, url: str, mongo_database: str) -> Desk:
    """A service that is wired and does not run."""
    return build_desk(servers, url, mongo_database)


@pytest.fixture
def look(servers: Servers, mongo_database: str) -> Iterator[Look]:
    """What that service's database holds."""
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        yield Look(client, mongo_database)
