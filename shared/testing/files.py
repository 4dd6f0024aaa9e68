"""Frames of files in memory, and a scanner that is told what to find."""

from collections.abc import AsyncIterable

from shared.files.scanner import ScannerAway


class MemoryFrames:
    """`files.Frames`."""

    def __init__(self) -> None:
        self.frames: dict[tuple[str, int], bytes] = {}
        self.closed: dict[str, tuple[int, int]] = {}

    async def put(self, name: str, number: int, sealed: bytes) -> None:
        """Store a frame."""
        self.frames[name, number] = sealed

    async def get(self, name: str, number: int) -> bytes | None:
        """Return a frame, or None behind the last."""
        return self.frames.get((name, number))

    async def close(self, name: str, length: int, frame: int) -> None:
        """Note that a file is complete."""
        self.closed[name] = (length, frame)

    async def remove(self, name: str) -> None:
        """Remove whatever there is of a file."""
        self.frames = {place: data for place, data in self.frames.items() if place[0] != name}
        self.closed.pop(name, None)


class MemoryScanner:
    """`files.Scanner`: finds these bytes, and is away when told so."""

    def __init__(self, signature: bytes) -> None:
        self._signature = signature
        self.away = False
        self.scanned = 0
        """Bytes that it has seen."""

    async def finds(self, data: AsyncIterable[bytes]) -> bool:
        """Return whether the signature is in the data."""
        if self.away:
            raise ScannerAway
        seen = b"".join([piece async for piece in data])
        self.scanned += len(seen)
        return self._signature in seen
