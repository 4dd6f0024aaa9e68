"""Timers as a collection: who sends them by a lease, when by the server's clock."""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import WriteConcern
from pymongo.read_concern import ReadConcern

from shared.contracts.envelope import Envelope, new_id
from shared.messaging.message import Document, Message
from shared.messaging.store import Overdue
from shared.messaging.timers import TIMERS, postponed, read_row, row_of, sent_again_at
from shared.mongo.client import Client, Database, translated
from shared.mongo.lease import MongoLease

LEASES = "leases"

LEASE_SECONDS = 1.2
"""So long timers stand still where the instance that sends them is killed."""

_CLOCK_SECONDS = 2.0
"""So long a clock that is set anew, or another server's after a failover, may stay unnoticed."""

_NOT_DEAD = {"died_at": None}
_log = logging.getLogger(__name__)


class MongoTimers:
    """`messaging.store.TimerStore` of one service as one of its instances sees it."""

    def __init__(self, client: Client, database: str, owner: str, queue: str) -> None:
        self._queue = queue
        # On a majority: what is sent must be there for the unit of work that handles it, and what
        # has been noted must be seen by the next look.
        self._db: Database = client.get_database(
            database, read_concern=ReadConcern("majority"), write_concern=WriteConcern("majority")
        )
        self._rows = self._db[TIMERS.name]
        # Renewed twice a second: a lease that a failover takes back costs a double at worst.
        leases = self._db[LEASES].with_options(write_concern=WriteConcern(1))
        self._lease = MongoLease(leases, TIMERS.name, owner, LEASE_SECONDS)
        self._term: tuple[int, str] | None = None
        self._prepared = False
        self._clock: tuple[datetime, float] | None = None
        """The server's time as it was told, and this machine's timer then."""

    async def lead(self) -> str | None:
        """Take or renew the lease; return the term, or None where another instance leads."""
        if not self._prepared:
            await self._lease.prepare()
            self._prepared = True
        if not await self._lease.hold():
            self._term = None
        elif self._term is None or self._term[0] != self._lease.epoch:
            # Not the owner's name: a process may be started again under it.
            self._term = (self._lease.epoch, new_id())
        return self._term[1] if self._term else None

    async def resign(self) -> None:
        """Give the lead back."""
        await self._lease.resign()

    async def take(self, term: str, limit: int) -> list[Message]:
        """Note that timers which are due are being sent in this term; return their messages."""
        with translated():
            now = await self._now()
            due = {"next": {"$lte": now}, "sender": {"$ne": term}}
            found = self._rows.find(due, sort=[("next", 1)], limit=limit)
            rows = [(row, read_row(row, self._queue, now)) for row in await found.to_list(None)]
            await self._leave([row for row, message in rows if message is None], now)
            for sends, some in _by_sends([row for row, message in rows if message]).items():
                again = sent_again_at(sends + 1, now)
                later = {"next": again} if again else {}
                await self._note(some, {"$set": {"sender": term, "sends": sends + 1, **later}})
        return [message for _, message in rows if message]

    async def sent(self, messages: Sequence[Message]) -> None:
        """Note that the broker has these: they are never sent again."""
        sent = [{"_id": row_of(m.envelope), "generation": m.envelope.id} for m in messages]
        with translated():
            await self._note(sent, {"$unset": {"next": "", "sender": ""}})

    async def died(self, envelope: Envelope) -> None:
        """Note that a timer's message became a dead letter."""
        row = {"_id": row_of(envelope), "generation": envelope.id}
        noted = {"$unset": {"next": "", "sender": ""}, "$currentDate": {"died_at": True}}
        with translated():
            await self._rows.update_one(row, noted)

    async def overdue(self) -> Overdue:
        """Return what waits, by the collection's own count, and what should not wait any more."""
        with translated():
            now = await self._now()
            there = await self._rows.estimated_document_count()
            dead = await self._rows.count_documents({"died_at": {"$exists": True}})
            late = {"due": {"$lte": now}, **_NOT_DEAD}
            oldest = await self._rows.find_one(late, {"due": 1}, sort=[("due", 1)])
        seconds = (now - oldest["due"]).total_seconds() if oldest else 0.0
        return Overdue(max(0, there - dead), seconds)

    async def _now(self) -> datetime:
        """Return the server's time; between two questions it goes on by this machine's timer.

        Counted from when the answer had come, so it is never ahead.
        """
        if self._clock is None or time.monotonic() - self._clock[1] >= _CLOCK_SECONDS:
            said = await self._db.command("hello", codec_options=self._db.codec_options)
            self._clock = (said["localTime"], time.monotonic())
        told, at = self._clock
        return told + timedelta(seconds=time.monotonic() - at)

    async def _leave(self, rows: Sequence[Document], now: datetime) -> None:
        """Leave rows that cannot be read for a while, so that they hold up nobody."""
        for row in rows:
            _log.error("a timer cannot be read by this version", extra={"reason": row["_id"]})
        await self._note(rows, {"$set": {"next": postponed(now)}})

    async def _note(self, rows: Sequence[Mapping[str, Any]], change: Document) -> None:
        """Change rows, but none that was set anew meanwhile."""
        if rows:
            ids = {"$in": [row["_id"] for row in rows]}
            generations = {"$in": [row.get("generation") for row in rows]}
            await self._rows.update_many({"_id": ids, "generation": generations}, change)


def _by_sends(rows: Sequence[Document]) -> dict[int, list[Document]]:
    grouped: dict[int, list[Document]] = {}
    for row in rows:
        grouped.setdefault(row.get("sends", 0), []).append(row)
    return grouped
