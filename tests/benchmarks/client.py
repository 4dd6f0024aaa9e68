"""A small HTTP client for load: what it takes of the processor is missing to what is measured.

Connections stay open and are used again; a request never waits for a free one. `httptools` reads
the answers. No redirects, no TLS, no cookies.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httptools

UNANSWERED: Final = 0
"""The status of a request whose answer did not come."""


class LoadClient:
    """Posts JSON to one address."""

    def __init__(self, url: str, headers: Mapping[str, str], timeout: float) -> None:
        parts = urlsplit(url)
        self._place = (parts.hostname or "", parts.port or 80)
        lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += ["Content-Type: application/json", *(f"{n}: {v}" for n, v in headers.items())]
        self._head = "\r\n".join(lines)
        self._timeout = timeout
        self._idle: list[_Connection] = []

    async def post(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> int:
        """Return the status of the answer, or UNANSWERED."""
        data = json.dumps(body).encode()
        own = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{self._head}\r\n{own}Content-Length: {len(data)}\r\n\r\n"
        try:
            async with asyncio.timeout(self._timeout):
                connection = self._free() or await self._new()
                status = await connection.ask(head.encode() + data)
        except (OSError, TimeoutError, httptools.HttpParserError):
            return UNANSWERED
        self._idle.append(connection)
        return status

    def close(self) -> None:
        """Close the connections that wait."""
        for connection in self._idle:
            connection.close()

    def _free(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                return connection
            connection.close()
        return None

    async def _new(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, *self._place)
        return connection


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time."""

    _kept = False

    @property
    def open(self) -> bool:
        """Return whether it can take a request."""
        return self._kept and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The loop's own class is no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._kept = True
        self._answer: asyncio.Future[int] | None = None

    async def ask(self, request: bytes) -> int:
        """Send a request and return its status. Raises ConnectionError, and is of no use then."""
        if not self.open:
            raise ConnectionResetError("the connection was closed before it was used")
        self._parser = httptools.HttpResponseParser(self)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._answer
        except BaseException:
            self.close()
            raise

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            # A server that has too many connections says so before it is asked.
            self.close()
            return
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Answer; called by the parser."""
        self._kept = self._parser.should_keep_alive()
        if self._answer and not self._answer.done():
            self._answer.set_result(self._parser.get_status_code())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the connection was closed"))

    def close(self) -> None:
        self._kept = False
        self._transport.close()
