"""Takes away the frames of files whose time has come.

That a file goes is committed first (`note_unbound`): from there on nobody can bind it, and its
content cannot be lost to a binding at the same moment.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from shared.files.upload import Files
from shared.messaging.errors import Unavailable

EVERY: Final = 60.0
"""Seconds between two looks."""
PAGE: Final = 100
"""Files of one look."""

FindGoing = Callable[[int], Awaitable[Sequence[str]]]
"""Returns ids of files in the state `removing`, so many at most."""


class Removal:
    """Removes what is going, by any number of instances: to remove twice changes nothing."""

    def __init__(self, files: Files, find: FindGoing) -> None:
        self._files = files
        self._find = find

    async def run(self) -> None:
        """Look every minute until cancelled."""
        while True:
            try:
                removed = await self.look()
            except Unavailable:
                removed = 0
            await asyncio.sleep(0 if removed == PAGE else EVERY)

    async def look(self) -> int:
        """Remove a page of files; return how many. Raises Unavailable."""
        going = await self._find(PAGE)
        for file_id in going:
            await self._files.remove_unbound(file_id)
        return len(going)
