"""How a service, its worker and the worker's children speak: frames on a stream of bytes.

A frame is one byte that names its kind, four bytes of length (big-endian), and as many bytes. A
message is a head (JSON, an object), any number of data frames, and an end. The child process reads
with the same rules and without an event loop.
"""

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Any, BinaryIO, Final

HEAD: Final = b"h"
DATA: Final = b"d"
END: Final = b"e"
HEAD_LIMIT: Final = 64 * 1024
"""Bytes of a head."""
DATA_LIMIT: Final = 256 * 1024
"""Bytes of one data frame."""
_LIMITS: Final = {HEAD: HEAD_LIMIT, DATA: DATA_LIMIT, END: 0}
_LENGTH: Final = 4
_START: Final = 1 + _LENGTH

Head = Mapping[str, Any]
Frame = tuple[bytes, bytes]
"""Kind and content."""


class Broken(Exception):  # noqa: N818 - reads as the finding it is
    """The stream ended in the middle, or what came is no frame."""


def frame(kind: bytes, content: bytes = b"") -> bytes:
    """Return a frame as it is sent. Raises ValueError where it is longer than its kind may be."""
    if len(content) > _LIMITS[kind]:
        raise ValueError(f"a frame of {len(content)} bytes")
    return kind + len(content).to_bytes(_LENGTH, "big") + content


def head_frame(head: Head) -> bytes:
    """Return a head as it is sent."""
    return frame(HEAD, json.dumps(head).encode())


def parsed(content: bytes) -> dict[str, Any]:
    """Return a head. Raises Broken."""
    try:
        head = json.loads(content)
    except ValueError:
        raise Broken("a head that is not JSON") from None
    if not isinstance(head, dict):
        raise Broken("a head that is no object")
    return head


def _opened(start: bytes) -> tuple[bytes, int]:
    kind, length = start[:1], int.from_bytes(start[1:], "big")
    if length > _LIMITS.get(kind, -1):
        raise Broken("no frame")
    return kind, length


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """Return the next frame. Raises Broken."""
    try:
        kind, length = _opened(await reader.readexactly(_START))
        return kind, await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError) as error:
        raise Broken("the other side is gone") from error


async def read_head(reader: asyncio.StreamReader) -> dict[str, Any]:
    """Return the head that comes next. Raises Broken."""
    kind, content = await read_frame(reader)
    if kind != HEAD:
        raise Broken("a head is missing")
    return parsed(content)


async def read_data(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the data frames up to the end. Raises Broken."""
    while True:
        kind, content = await read_frame(reader)
        if kind == END:
            return
        if kind != DATA:
            raise Broken("data are missing")
        yield content


async def send(writer: asyncio.StreamWriter, *frames: bytes) -> None:
    """Send frames, and wait while the other side is slow. Raises Broken."""
    if writer.is_closing():
        # uvloop raises RuntimeError over a write to what has broken before.
        raise Broken("the other side is gone")
    try:
        for one in frames:
            writer.write(one)
        await writer.drain()
    except OSError as error:
        raise Broken("the other side is gone") from error


async def send_data(writer: asyncio.StreamWriter, data: AsyncIterable[bytes]) -> None:
    """Send data, in frames no longer than allowed, and the end. Raises Broken."""
    async for piece in data:
        for start in range(0, len(piece), DATA_LIMIT):
            await send(writer, frame(DATA, piece[start : start + DATA_LIMIT]))
    await send(writer, frame(END))


def next_frame(file: BinaryIO) -> Frame | None:
    """Return the next frame of a file, or None where it has ended. Raises Broken."""
    start = file.read(_START)
    if not start:
        return None
    kind, length = _opened(start)
    content = file.read(length)
    if len(content) < length:
        raise Broken("the other side is gone")
    return kind, content


def put_message(file: BinaryIO, head: Head, data: bytes = b"") -> None:
    """Write a whole message to a file."""
    file.write(head_frame(head))
    file.writelines(
        frame(DATA, data[start : start + DATA_LIMIT]) for start in range(0, len(data), DATA_LIMIT)
    )
    file.write(frame(END))
    file.flush()
