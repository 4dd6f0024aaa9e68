"""A process's own copy of what was revoked, read from its service's database.

One process of a service consumes the event; all of them ask the database every EVERY seconds, so
that a process that reads no queue knows it too. From the revocation to the refusal it takes the
event's way, EVERY, and for an open stream one heartbeat (`shared.web.live`) besides.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from shared.auth.revocations import Revocations
from shared.messaging.collections import Collections
from shared.messaging.errors import Unavailable
from shared.messaging.revocations import REVOCATIONS, Revocation
from shared.mongo.client import Database
from shared.mongo.migrations import Index
from shared.mongo.reader import MongoReader

EVERY: Final = 3.0
"""Seconds between two looks at the database."""
REMEMBERED: Final = timedelta(hours=1)
"""How long a revocation is of use: tokens of sessions live ten minutes."""

REVOCATION_INDEX: Final = Index(
    REVOCATIONS.name, (("revoked", 1),), expire_after=int(REMEMBERED.total_seconds())
)

_log = logging.getLogger(__name__)


class RevocationWatch:
    """Keeps a process's `Revocations` current."""

    def __init__(
        self, database: Database, revocations: Revocations, clock: Callable[[], datetime]
    ) -> None:
        self._reader = MongoReader(database, Collections(REVOCATIONS))
        self._revocations = revocations
        self._clock = clock

    async def run(self) -> None:
        """Look every EVERY seconds, until cancelled."""
        while True:
            try:
                await self.look()
            except Unavailable:
                _log.warning("revocations cannot be read; those of before stay")
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Read what was revoked lately. Raises Unavailable."""
        since = self._clock() - REMEMBERED
        found = await self._reader.find(Revocation, {"revoked": {"$gte": since}})
        self._revocations.replace({one.id: one.at for one in found})
