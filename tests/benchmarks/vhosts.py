"""A virtual host of its own for a measurement, so that no other queue copies its messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

import httpx

from deploy.local.servers import Servers
from shared.messaging.message import EXCHANGE

_SUNK: Final = 1_000
"""Events that a sink keeps; older ones go."""


@contextmanager
def vhost(servers: Servers, name: str) -> Iterator[None]:
    """Make a virtual host, open to the administrator, until the end of the block."""
    user = urlsplit(servers.amqp_url).username
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    with httpx.Client(base_url=f"{servers.management_url}/api/", timeout=30) as api:
        api.put(f"vhosts/{name}").raise_for_status()
        api.put(f"permissions/{name}/{user}", json=everything).raise_for_status()
        yield
        api.delete(f"vhosts/{name}").raise_for_status()


def sink(servers: Servers, name: str) -> None:
    """Have a queue of a virtual host take every event, as reporting's does.

    An event that no queue wants is given back, and a service alone would send it again for ever:
    beside 250 of them each second had a pause of 60 ms.
    """
    queue = {"durable": True, "arguments": {"x-max-length": _SUNK}}
    with httpx.Client(base_url=f"{servers.management_url}/api/", timeout=30) as api:
        api.put(f"queues/{name}/bench.sink", json=queue).raise_for_status()
        everything = {"routing_key": "#"}
        place = f"bindings/{name}/e/{EXCHANGE}/q/bench.sink"
        api.post(place, json=everything).raise_for_status()
