"""A virtual host of its own for a measurement, so that no other queue copies its messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from deploy.local.servers import Servers


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
