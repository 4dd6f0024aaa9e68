"""Timers in memory, due by the clock of the database: what `shared.mongo.timers` promises."""

from collections.abc import Sequence
from datetime import timedelta

from shared.contracts.envelope import Envelope, new_id
from shared.messaging.message import Document, Message
from shared.messaging.store import Overdue
from shared.messaging.timers import TIMERS, postponed, read_row, row_of, sent_again_at
from shared.testing.memory import Memory

LEASES = "leases"
LEASE = timedelta(seconds=1.2)


class MemoryTimers:
    """`messaging.store.TimerStore` of one service as one of its instances sees it."""

    def __init__(self, memory: Memory, owner: str = "one", queue: str = "test.events") -> None:
        self._memory = memory
        self._owner = owner
        self._queue = queue
        self._rows = memory.collections[TIMERS.name]
        self._leases = memory.collections[LEASES]

    async def lead(self) -> str | None:
        """Take or renew the lease; return the term, or None where another instance leads."""
        self._memory.reachable()
        now, held = self._memory.clock(), self._leases.get(TIMERS.name)
        mine = held is not None and held["owner"] == self._owner
        if held is not None and held["until"] >= now and not mine:
            return None
        term = held["term"] if held is not None and mine else new_id()
        lease = {"_id": TIMERS.name, "owner": self._owner, "term": term, "until": now + LEASE}
        self._leases[TIMERS.name] = lease
        return str(term)

    async def resign(self) -> None:
        """Give the lead back."""
        self._memory.reachable()
        if self._leases.get(TIMERS.name, {}).get("owner") == self._owner:
            del self._leases[TIMERS.name]

    async def take(self, term: str, limit: int) -> list[Message]:
        """Note that timers which are due are being sent in this term; return their messages."""
        self._memory.reachable()
        now = self._memory.clock()
        rows = [row for row in self._rows.values() if "next" in row and row["next"] <= now]
        rows = [row for row in rows if row.get("sender") != term]
        taken = []
        for row in sorted(rows, key=lambda row: row["next"])[:limit]:
            message = read_row(row, self._queue, now)
            if message is None:
                row["next"] = postponed(now)
                continue
            sends = row.get("sends", 0) + 1
            row |= {
                "sender": term,
                "sends": sends,
                "next": sent_again_at(sends, now) or row["next"],
            }
            taken.append(message)
        return taken

    async def sent(self, messages: Sequence[Message]) -> None:
        """Note that the broker has these: they are never sent again."""
        self._memory.reachable()
        for message in messages:
            if row := self._row(message.envelope):
                _send_no_more(row)

    async def died(self, envelope: Envelope) -> None:
        """Note that a timer's message became a dead letter."""
        self._memory.reachable()
        if row := self._row(envelope):
            _send_no_more(row)
            row["died_at"] = self._memory.clock()

    async def overdue(self) -> Overdue:
        """Return what waits, and what should not wait any more."""
        self._memory.reachable()
        now = self._memory.clock()
        living = [row for row in self._rows.values() if "died_at" not in row]
        due = [row["due"] for row in living if row["due"] <= now]
        return Overdue(len(living), (now - min(due)).total_seconds() if due else 0.0)

    def _row(self, envelope: Envelope) -> Document | None:
        row = self._rows.get(row_of(envelope))
        return row if row is not None and row["generation"] == envelope.id else None


def _send_no_more(row: Document) -> None:
    row.pop("next", None)
    row.pop("sender", None)
