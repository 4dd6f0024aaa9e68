"""The limits of the server on a real socket: heads, slow clients, connections."""

import asyncio
import contextlib
from contextlib import AbstractAsyncContextManager

import pytest
from starlette.types import Receive, Scope, Send

from shared.web.connections import Limits
from tests.integration import http_kit
from tests.integration.http_kit import WAIT, Served

MEBIBYTE = 1024 * 1024
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


async def application(_: Scope, receive: Receive, send: Send) -> None:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message.get("more_body", False)
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def served(limits: Limits) -> AbstractAsyncContextManager[Served]:
    return http_kit.served(application, limits)


async def test_a_head_within_the_limit_is_answered() -> None:
    async with served(Limits(head_bytes=2048)) as at:
        head = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 1900 + b"\r\n\r\n"
        assert await at.said(head) == b"HTTP/1.1 200"


@pytest.mark.parametrize("target", [b"/", b"/?" + b"q" * 4096])
async def test_a_head_over_the_limit_is_refused(target: bytes) -> None:
    async with served(Limits(head_bytes=2048)) as at:
        head = b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 2048 + b"\r\n\r\n"
        assert await at.said(head) == b"HTTP/1.1 431"
        assert at.reasons == ["head_too_large"]


async def test_of_sixty_mebibytes_of_header_no_more_than_the_limit_is_parsed() -> None:
    async with served(Limits()) as at:
        reader, writer = await at.open()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        answer, sent = asyncio.create_task(reader.read(12)), 0
        with contextlib.suppress(ConnectionError):
            while sent < 60 * MEBIBYTE and not answer.done():
                writer.write(b"a" * 65536)
                await asyncio.wait_for(writer.drain(), WAIT)
                await asyncio.sleep(0)
                sent += 65536
        assert await asyncio.wait_for(answer, WAIT) == b"HTTP/1.1 431"
        writer.transport.abort()
        assert at.reasons == ["head_too_large"]
        assert sent < 60 * MEBIBYTE
        assert await at.said(GET) == b"HTTP/1.1 200"


async def test_a_second_request_on_a_connection_has_a_head_of_its_own() -> None:
    async with served(Limits(head_bytes=2048)) as at:
        reader, writer = await at.open()
        for _ in range(5):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 1500 + b"\r\n\r\n")
            answer = await asyncio.wait_for(reader.readuntil(b"ok"), WAIT)
            assert answer.startswith(b"HTTP/1.1 200")
        writer.close()


async def test_half_open_requests_end_and_others_are_answered_meanwhile() -> None:
    async with served(Limits(head_seconds=1.5, connections_per_client=300)) as at:
        half = [await at.open() for _ in range(200)]
        for _, writer in half:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: ")
        assert await at.said(GET, "127.0.0.3") == b"HTTP/1.1 200"
        answers = await asyncio.wait_for(asyncio.gather(*(one.read() for one, _ in half)), WAIT)
        assert {answer[:12] for answer in answers} == {b"HTTP/1.1 408"}
        for _, writer in half:
            writer.close()


async def test_a_body_that_does_not_come_ends_the_request() -> None:
    async with served(Limits(body_seconds=0.3)) as at:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"
        assert await at.said(head) == b"HTTP/1.1 408"
        assert at.reasons == ["too_slow"]


async def test_one_client_keeps_nobody_else_out() -> None:
    async with served(Limits(connections=20, connections_per_client=5)) as at:
        half = [await at.open() for _ in range(12)]
        for _, writer in half:
            writer.write(b"GET / HT")
        assert await at.said(GET, "127.0.0.3") == b"HTTP/1.1 200"
        assert len(at.connections.waiting) <= 6
        for _, writer in half:
            writer.close()


async def test_full_of_half_open_requests_the_oldest_gives_way() -> None:
    async with served(Limits(connections=5, proxies=["127.0.0.0/8"])) as at:
        half = [await at.open() for _ in range(5)]
        for _, writer in half:
            writer.write(b"GET / HT")
        assert await at.said(GET) == b"HTTP/1.1 200"
        assert await asyncio.wait_for(half[0][0].read(), WAIT) == b""
        for _, writer in half:
            writer.close()


async def test_full_of_work_the_next_is_told_so() -> None:
    async with served(Limits(connections=2, proxies=["*"])) as at:
        busy = [await at.open() for _ in range(2)]
        for _, writer in busy:
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        async with asyncio.timeout(WAIT):
            while at.connections.waiting:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)
        assert await at.said(GET) == b"HTTP/1.1 503"
        for reader, writer in busy:
            writer.write(b"123456789")
            assert await asyncio.wait_for(reader.read(12), WAIT) == b"HTTP/1.1 200"
            writer.close()
