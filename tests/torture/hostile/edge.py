"""Attacks on the HTTP server before any check: endless heads and requests that never end."""

import asyncio
from contextlib import suppress
from typing import Final

import httpx

from tests.torture.hostile.stage import Stage

HEAD_MIB: Final = 60
HEADS: Final = 5
HALF_OPEN: Final = 200
GROWTH_MIB: Final = 64
CLOSED_WITHIN: Final = 20.0
LOOKS: Final = 95
"""As many as an attack takes: a half-open request is ended after ten seconds."""
STRANGER: Final = ("127.0.0.2", 0)
"""Not the address of the proxy, which speaks for many and has no limit of its own."""
_MIB = 1024 * 1024


async def heads(stage: Stage) -> str:
    """A9: five heads of 60 MiB and 200 half-open requests at intake."""
    before, highest = stage.memory("intake"), 0.0
    port = stage.stack.ports["intake"]
    attacking = asyncio.ensure_future(_attack(port))
    looks = 0
    async with httpx.AsyncClient(timeout=5) as http:
        while not attacking.done():
            answer = await http.get(f"{stage.stack.direct('intake')}/healthz")
            assert answer.status_code == httpx.codes.OK
            looks, highest = looks + 1, max(highest, stage.memory("intake"))
            await asyncio.sleep(0.1)
    refused = sum(answer.startswith(b"HTTP/1.1 431") for answer in await attacking)
    growth = highest - before
    assert growth < GROWTH_MIB, f"intake grew by {growth:.0f} MiB"
    await stage.works()
    assert stage.unharmed()
    return (
        f"{HEADS} heads cut off ({refused} saw 431), {HALF_OPEN} half-open requests closed, "
        f"intake grew by {growth:.0f} MiB, /healthz answered {looks} times"
    )


async def whole_requests(stage: Stage) -> None:
    """Open as many connections as `heads` does, with requests that are whole; look as long."""
    port = stage.stack.ports["intake"]
    await asyncio.gather(*[_whole(port) for _ in range(HEADS + HALF_OPEN)])
    async with httpx.AsyncClient(timeout=5) as http:
        for _ in range(LOOKS):
            await http.get(f"{stage.stack.direct('intake')}/healthz")
            await asyncio.sleep(0.1)
    await stage.works()


async def _whole(port: int) -> None:
    """Send a request that is whole and wait for its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=STRANGER)
    with suppress(OSError):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await asyncio.wait_for(reader.read(), CLOSED_WITHIN)
    writer.close()


async def _attack(port: int) -> list[bytes]:
    """Send the heads, then the halves, which would take the heads' connections; what heads got."""
    answers = await asyncio.gather(*[_head(port) for _ in range(HEADS)])
    await asyncio.gather(*[_half_open(port) for _ in range(HALF_OPEN)])
    return answers


async def _head(port: int) -> bytes:
    """Send a head without end until it is refused; what was answered, if it could be read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=STRANGER)
    sent, answer = 0, b""
    reading = asyncio.create_task(reader.read(4096))
    with suppress(OSError):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ")
        while sent < HEAD_MIB and not reading.done() and not writer.is_closing():
            writer.write(b"x" * _MIB)
            await asyncio.wait_for(writer.drain(), CLOSED_WITHIN)
            sent += 1
    with suppress(OSError):
        answer = await asyncio.wait_for(reading, CLOSED_WITHIN)
    writer.close()
    assert sent < HEAD_MIB, f"{HEAD_MIB} MiB of a head were taken"
    return answer


async def _half_open(port: int) -> None:
    """Send half a request and wait until it is ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=STRANGER)
    with suppress(OSError):
        writer.write(b"POST /intake/api/requests HTTP/1.1\r\nHost: x\r\n")
        try:
            await asyncio.wait_for(reader.read(), CLOSED_WITHIN)
        except TimeoutError:
            raise AssertionError(f"half a request is open after {CLOSED_WITHIN:.0f} s") from None
    writer.close()
