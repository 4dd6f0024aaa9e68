"""Frames: what is sent is what is read, by a loop and by a child, and nothing else is read."""

import asyncio
import io
import os
from collections.abc import Sequence

import pytest
import uvloop

from shared.worker.frames import (
    DATA,
    DATA_LIMIT,
    END,
    HEAD,
    HEAD_LIMIT,
    Broken,
    frame,
    head_frame,
    next_frame,
    put_message,
    read_data,
    read_frame,
    read_head,
    send,
)


def reader(*parts: bytes, ends: bool = True) -> asyncio.StreamReader:
    made = asyncio.StreamReader()
    for part in parts:
        made.feed_data(part)
    if ends:
        made.feed_eof()
    return made


async def test_a_message_that_a_child_writes_is_read_by_a_loop() -> None:
    file = io.BytesIO()
    put_message(file, {"outcome": "done"}, b"x" * (DATA_LIMIT + 1))
    stream = reader(file.getvalue())
    assert await read_head(stream) == {"outcome": "done"}
    assert [len(piece) async for piece in read_data(stream)] == [DATA_LIMIT, 1]


def test_a_message_is_read_by_a_child() -> None:
    file = io.BytesIO(head_frame({"a": "ñ"}) + frame(DATA, b"xy") + frame(END))
    kinds: list[bytes] = []
    while (found := next_frame(file)) is not None:
        kinds.append(found[0])
    assert kinds == [HEAD, DATA, END]


@pytest.mark.parametrize(("kind", "limit"), [(HEAD, HEAD_LIMIT), (DATA, DATA_LIMIT), (END, 0)])
async def test_a_frame_has_a_longest_length(kind: bytes, limit: int) -> None:
    longest = frame(kind, b"x" * limit)
    assert await read_frame(reader(longest)) == (kind, b"x" * limit)
    with pytest.raises(ValueError, match="a frame of"):
        frame(kind, b"x" * (limit + 1))
    longer = kind + (limit + 1).to_bytes(4, "big") + b"x" * (limit + 1)
    with pytest.raises(Broken):
        await read_frame(reader(longer))
    with pytest.raises(Broken):
        next_frame(io.BytesIO(longer))


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b"h"],
        [frame(HEAD, b"{}")[:-1]],
        [b"x\0\0\0\0"],
        [frame(DATA, b"{}")],
        [frame(HEAD, b"[]")],
        [frame(HEAD, b"{")],
        [frame(HEAD, b"\xff")],
    ],
)
async def test_what_is_no_head_is_broken(parts: Sequence[bytes]) -> None:
    with pytest.raises(Broken):
        await read_head(reader(*parts))


@pytest.mark.parametrize("parts", [[], [frame(DATA, b"x")], [frame(HEAD, b"{}")]])
async def test_data_without_an_end_are_broken(parts: Sequence[bytes]) -> None:
    with pytest.raises(Broken):
        async for _ in read_data(reader(*parts)):
            pass


async def _sent_to_the_gone() -> None:
    loop, (read, write) = asyncio.get_running_loop(), os.pipe()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop=loop), os.fdopen(write, "wb")
    )
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    os.close(read)
    async with asyncio.timeout(10):
        while not transport.is_closing():
            writer.write(frame(END))
            await asyncio.sleep(0)
    with pytest.raises(Broken):
        await send(writer, frame(END))


def test_what_is_sent_to_who_has_gone_before_is_broken() -> None:
    """On the services' loop, which takes a write to a closed stream for a mistake."""
    uvloop.run(_sent_to_the_gone())


def test_a_child_sees_where_a_frame_is_cut_off() -> None:
    assert next_frame(io.BytesIO()) is None
    with pytest.raises(Broken):
        next_frame(io.BytesIO(frame(DATA, b"xy")[:-1]))
