"""Connections that know several hosts of one RabbitMQ cluster and try them in turn.

An AMQP URL names its hosts with commas: `amqp://user:password@one:5672,two:5672/vhost`. The first
connection goes to the first host; each later attempt goes to the next one.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

from aio_pika import RobustConnection
from aio_pika.abc import TimeoutType
from yarl import URL

CONNECT_TIMEOUT = 10.0
"""Seconds for one host to accept a connection, so that a silent one does not hold up the next."""


def urls_of(url: str) -> tuple[str, ...]:
    """Return one URL for each host of a URL. Raises ValueError where a host is empty."""
    parts = urlsplit(url)
    login, at, places = parts.netloc.rpartition("@")
    hosts = [place.strip() for place in places.split(",")]
    if not all(hosts):
        raise ValueError("an AMQP URL names an empty host")
    return tuple(parts._replace(netloc=f"{login}{at}{host}").geturl() for host in hosts)


class MultiHostConnection(RobustConnection):
    """A robust connection whose every attempt goes to the next host."""

    def __init__(self, url: URL, *, hosts: tuple[str, ...], **settings: Any) -> None:
        super().__init__(url, **settings)
        places = [(URL(host).host, URL(host).port) for host in hosts]
        self._urls = cycle(
            [self.url.with_host(host or "").with_port(port) for host, port in places]
        )

    def __del__(self) -> None:
        """Close what nobody has closed, where a loop runs in which that can be done.

        aio-pika makes its coroutine first, which elsewhere is never awaited.
        """
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            super().__del__()

    async def connect(self, timeout: TimeoutType = None) -> None:  # noqa: ASYNC109 - as inherited
        """Connect; whoever gives up waiting leaves nothing behind that would try on for ever."""
        try:
            await super().connect(timeout)
        except asyncio.CancelledError:
            await self.close()
            raise

    # aio-pika 10.2.1 has no public step before an attempt; tests/integration holds this one.
    async def _RobustConnection__connect_transport(self) -> None:  # noqa: N802
        self.url = next(self._urls)
        await super()._RobustConnection__connect_transport()  # type: ignore[misc]


def connection_class(urls: tuple[str, ...]) -> Callable[..., MultiHostConnection]:
    """Return what aio-pika calls to make a connection to these hosts."""
    return partial(MultiHostConnection, hosts=urls)
