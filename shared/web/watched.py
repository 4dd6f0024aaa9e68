"""What many look at: whether it has changed is asked once for all of them.

watched = Watched(revisions)
streams.stream(request, render, watched.changes(event_id))
await watched.follow()
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Final
from weakref import WeakValueDictionary

from shared.messaging.errors import Unavailable
from shared.web.live import Changes

LOOK_SECONDS: Final = 1.0
"""How often it is looked whether something that is watched has changed."""

Look = Callable[[Iterable[str]], Awaitable[Mapping[str, Hashable]]]
"""Returns, for each key, something that differs once what it stands for has changed."""


class Watched:
    """Signals of changes, by key, for as long as somebody holds them."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._watched: WeakValueDictionary[str, Changes] = WeakValueDictionary()

    def changes(self, key: str) -> Changes:
        """Return the signal of a key's changes, the same for all who look on."""
        return self._watched.setdefault(key, Changes())

    async def follow(self) -> None:
        """Look, until cancelled, at what is watched; whichever instance changed it."""
        seen: Mapping[str, Hashable] = {}
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                seen = await self.look(seen)
            except Unavailable:
                # Who looked meanwhile may have been shown what was known before: all look again.
                seen = {}

    async def look(self, seen: Mapping[str, Hashable]) -> Mapping[str, Hashable]:
        """Wake whom a change since `seen` concerns, and return how all stands now."""
        watched = dict(self._watched)
        if not watched:
            return {}
        found = await self._look(watched)
        for key, changes in watched.items():
            # The first look wakes too: it may have changed since the stream showed it.
            if key not in seen or seen[key] != found.get(key):
                changes.bump()
        return {key: found.get(key) for key in watched}
