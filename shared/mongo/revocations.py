"""A process's own copy of what was revoked, read from its service's database.

One process of a service consumes the event; all of them ask the database every EVERY seconds, so
that a process that reads no queue knows it too. From the revocation to the refusal it takes the
event's way, EVERY, and for an open stream one heartbeat (`shared.web.live`) besides.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
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

REVOCATION_INDEX: Final = Index(REVOCATIONS.name, (("forgotten", 1),), expire_after=0)

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
        """Read what is revoked. Raises Unavailable."""
        found = await self._reader.find(Revocation, {"forgotten": {"$gte": self._clock()}})
        self._revocations.replace(
            {one.id: one.at for one in found if one.machine is None},
            {one.machine: one.at for one in found if one.machine is not None},
        )

    async def check(self) -> str | None:
        """Say what is wrong, for `/readyz`."""
        return None if self._revocations.known else "what was revoked has not been read yet"
