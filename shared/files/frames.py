"""A file's bytes as sealed frames: how they are cut, sealed, stored and opened again.

Each frame is sealed for its place: file, part, number, and whether it is the last. So frames cannot
be reordered, exchanged between files or parts, or cut off at the end without being noticed.
"""

from collections.abc import AsyncIterable, AsyncIterator
from hashlib import sha256
from typing import Final, Protocol

from shared.sealing.seal import OVERHEAD, DataKey, context

FRAME: Final = 255 * 1024
"""Plain bytes of a frame; the last may have fewer."""
AS_IT_CAME: Final = 0
CLEAN: Final = 1


class Frames(Protocol):
    """Where frames lie. Every method may raise Unavailable."""

    async def put(self, name: str, number: int, sealed: bytes) -> None:
        """Store a frame."""
        ...

    async def get(self, name: str, number: int) -> bytes | None:
        """Return a frame, or None behind the last."""
        ...

    async def close(self, name: str, length: int, frame: int) -> None:
        """Note that a file is complete: its sealed bytes, and those of one frame."""
        ...

    async def remove(self, name: str) -> None:
        """Remove whatever there is of a file."""
        ...


def part_name(file_id: str, part: int) -> str:
    """Return the name under which a part of a file is stored."""
    return f"{file_id}.{part}"


class Writer:
    """Seals what is written, frame by frame; holds one frame back, for the last is sealed so."""

    def __init__(self, frames: Frames, key: DataKey, file_id: str, part: int) -> None:
        self._frames = frames
        self._key = key
        self._file_id = file_id
        self._part = part
        self._held = bytearray()
        self._number = 0
        self._stored = 0
        self._digest = sha256()
        self.size = 0
        """Plain bytes so far."""

    @property
    def sha256(self) -> str:
        """Return the digest of what was written, in hexadecimal."""
        return self._digest.hexdigest()

    async def write(self, data: bytes) -> None:
        """Take bytes; returns when what makes whole frames is stored."""
        self._held += data
        self._digest.update(data)
        self.size += len(data)
        while len(self._held) > FRAME:
            await self._store(bytes(self._held[:FRAME]), last=False)
            del self._held[:FRAME]

    async def close(self) -> None:
        """Store the last frame."""
        await self._store(bytes(self._held), last=True)
        name = part_name(self._file_id, self._part)
        await self._frames.close(name, self._stored, FRAME + OVERHEAD)

    async def _store(self, plain: bytes, *, last: bool) -> None:
        place = _place(self._file_id, self._part, self._number, last=last)
        sealed = self._key.seal(plain, place)
        await self._frames.put(part_name(self._file_id, self._part), self._number, sealed)
        self._number += 1
        self._stored += len(sealed)


async def opened(frames: Frames, key: DataKey, file_id: str, part: int) -> AsyncIterator[bytes]:
    """Yield a file's bytes by frames. Raises Unsealable for a frame that is not as written."""
    name, number = part_name(file_id, part), 0
    sealed = await frames.get(name, number)
    while True:
        following = await frames.get(name, number + 1) if sealed is not None else None
        # A file without a first frame opens nowhere: there is none that is empty.
        place = _place(file_id, part, number, last=following is None)
        yield key.open(sealed or b"", place)
        if following is None:
            return
        sealed, number = following, number + 1


async def copied(source: AsyncIterable[bytes], writer: Writer) -> None:
    """Write all of a source, and the end."""
    async for piece in source:
        await writer.write(piece)
    await writer.close()


def _place(file_id: str, part: int, number: int, *, last: bool) -> bytes:
    return context("file", file_id, f"{part}/{number}/{'last' if last else 'more'}")
