"""The client of the benchmarks' load: what it sends, and what it makes of answers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.benchmarks.client import UNANSWERED, LoadClient

KEPT = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
CLOSING = b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Answers each connection's requests from a list of its own."""

    def __init__(self, *answers: Sequence[bytes]) -> None:
        self._answers = iter(answers)
        self.requests: list[bytes] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        self.connections += 1
        for answer in next(self._answers):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head + await reader.readexactly(8))
            writer.write(answer)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def client_of(server: Server, patience: float = 5) -> AsyncIterator[LoadClient]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        client = LoadClient(f"http://127.0.0.1:{port}/intake/api", {"A": "b"}, patience)
        yield client
        client.close()


async def test_a_connection_is_used_again_while_the_server_keeps_it() -> None:
    server = Server([KEPT, KEPT, CLOSING], [KEPT])
    async with client_of(server) as client:
        found = [await client.post({"a": 1}, {"Idempotency-Key": str(n)}) for n in range(4)]
    assert found == [201, 201, 503, 201]
    assert server.connections == 2
    assert server.requests[1].startswith(b"POST /intake/api HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nA: b\r\nIdempotency-Key: 1\r\nContent-Length: 8\r\n\r\n" in server.requests[1]


async def test_requests_at_the_same_moment_do_not_wait_for_each_other() -> None:
    server = Server([KEPT], [KEPT], [KEPT])
    async with client_of(server) as client:
        found = await asyncio.gather(*(client.post({"a": 1}, {}) for _ in range(3)))
    assert found == [201, 201, 201]
    assert server.connections == 3


async def test_what_is_cut_off_garbled_or_never_comes_is_unanswered() -> None:
    server = Server([KEPT[:30]], [b"garbled\r\n\r\n"], [b""])
    async with client_of(server, patience=0.5) as client:
        found = [await client.post({"a": 1}, {}) for _ in range(3)]
    assert found == [UNANSWERED] * 3


async def test_a_refusal_that_comes_before_the_question_leaves_the_request_unanswered() -> None:
    server = Server([])
    async with client_of(server) as client:
        connection = await client._new()
        connection.data_received(CLOSING)
        assert not connection.open
        with pytest.raises(ConnectionResetError):
            await connection.ask(b"")
        client._idle.append(connection)
        assert client._free() is None


async def test_nobody_listening_is_unanswered() -> None:
    listening = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    listening.close()
    client = LoadClient(f"http://127.0.0.1:{port}/", {}, 5)
    assert await client.post({}, {}) == UNANSWERED
