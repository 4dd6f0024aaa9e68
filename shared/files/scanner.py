"""A virus scanner, where an office has one: what is asked of it, and ClamAV's daemon.

Every file goes through it before anything opens it. Without one, images are still written anew and
PDFs with scripts and embedded files refused; signatures are what is missing then.
"""

import asyncio
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Final, Protocol

SECONDS: Final = 60.0
_LENGTH: Final = 4
_ANSWER: Final = 1024


class ScannerAway(Exception):  # noqa: N818 - reads as the finding it is
    """The scanner does not answer, or cannot scan; nothing is taken unscanned."""

    safe_to_log = True


class Scanner(Protocol):
    """Looks for what is known to harm."""

    async def finds(self, data: AsyncIterable[bytes]) -> bool:
        """Return whether there is something in the data. Raises ScannerAway."""
        ...


class Clamd:
    """ClamAV's daemon behind its Unix socket, by its command INSTREAM.

    Its `StreamMaxLength` must be no lower than the largest file's limit, else it answers with an
    error and nothing is taken.
    """

    def __init__(self, socket: Path, seconds: float = SECONDS) -> None:
        self._socket = socket
        self._seconds = seconds

    async def finds(self, data: AsyncIterable[bytes]) -> bool:
        """Return whether the daemon finds a signature. Raises ScannerAway."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._asked(data)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise ScannerAway(type(error).__name__) from error
        if answer.endswith("OK"):
            return False
        if answer.endswith("FOUND"):
            return True
        raise ScannerAway("the scanner answers with an error")

    async def _asked(self, data: AsyncIterable[bytes]) -> str:
        reader, writer = await asyncio.open_unix_connection(self._socket)
        try:
            writer.write(b"zINSTREAM\0")
            async for piece in data:
                writer.write(len(piece).to_bytes(_LENGTH, "big") + piece)
                await writer.drain()
            writer.write(bytes(_LENGTH))
            await writer.drain()
            return (await reader.read(_ANSWER)).rstrip(b"\0").decode("utf-8", "replace")
        finally:
            writer.close()
