"""An application on a real socket, behind the server and the limits of production."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp

from shared.web.connections import Connections, Limits, limited

WAIT = 20
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Served:
    """A server on a port of its own, and what its limits did."""

    port: int
    connections: Connections
    reasons: list[str] = field(default_factory=list)

    async def open(self, source: str = "127.0.0.2") -> Stream:
        """A connection from this address."""
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))

    async def said(self, sent: bytes, source: str = "127.0.0.2") -> bytes:
        """The beginning of the answer to what is sent."""
        reader, writer = await self.open(source)
        writer.write(sent)
        answer = await asyncio.wait_for(reader.read(12), WAIT)
        writer.close()
        return answer


@asynccontextmanager
async def served(application: ASGIApp, limits: Limits) -> AsyncIterator[Served]:
    """The application behind the server and limits of production, until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    reasons: list[str] = []
    connections = Connections(limits, reasons.append)
    config = uvicorn.Config(
        application, lifespan="off", log_config=None, http=limited(connections), ws="none"
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield Served(listener.getsockname()[1], connections, reasons)
    finally:
        server.should_exit = server.force_exit = True
        await asyncio.wait_for(serving, WAIT)
