"""A bus in memory that can be told to refuse, to lose a confirm, and to be away."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from shared.messaging.errors import NotPublished
from shared.messaging.parcel import Parcel
from shared.messaging.wire import Letter, properties

_LATE = "TimeoutError"


class Trouble(Enum):
    """What becomes of a publish."""

    REFUSED = auto()
    """The broker returns or refuses it: it is nowhere."""
    UNCONFIRMED = auto()
    """The broker has it, and the confirm gets lost."""
    CUT = auto()
    """The connection breaks before it leaves, and stays broken."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the broker was given."""

    exchange: str
    key: str
    letter: Letter
    parcel: Parcel | None = None


class MemoryBus:
    """`messaging.bus.Bus`. `sent` is what the broker has, in order, doubles included."""

    def __init__(self) -> None:
        self.connected = True
        self.answering = True
        self.sent: list[Sent] = []
        self.troubles: deque[Trouble | None] = deque()
        """What becomes of the next publishes, in turn; None: nothing bad."""
        self.unroutable: set[str] = set()
        """Routing keys that no queue is bound to: every publish under them is returned."""
        self.gate = asyncio.Event()
        """While cleared, a publish waits before it leaves."""
        self.gate.set()

    @property
    def parcels(self) -> list[Parcel]:
        """Return the parcels that the broker has."""
        return [sent.parcel for sent in self.sent if sent.parcel]

    async def publish(self, parcel: Parcel) -> None:
        """Return when the broker has it. Raises NotPublished."""
        letter = Letter(parcel.body, properties(parcel), parcel.exchange, parcel.key)
        await self._send(Sent(parcel.exchange, parcel.key, letter, parcel))

    async def publish_all(self, parcels: Sequence[Parcel]) -> set[str]:
        """Return the ids of those that the broker has."""
        ends = await asyncio.gather(*map(self.publish, parcels), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(end, NotPublished):
                raise end
        late = [isinstance(end, NotPublished) and end.args == (_LATE,) for end in ends]
        self.answering = not late or not all(late)
        sent = zip(parcels, ends, strict=True)
        return {parcel.envelope.id for parcel, end in sent if end is None}

    async def forward(self, letter: Letter) -> None:
        """Send on what was received. Raises NotPublished."""
        await self._send(Sent(letter.exchange, letter.key, letter))

    async def _send(self, sent: Sent) -> None:
        await self.gate.wait()
        # A real publish takes a turn of the loop at least.
        await asyncio.sleep(0)
        if not self.connected:
            raise NotPublished("not connected")
        trouble = self.troubles.popleft() if self.troubles else None
        if trouble is Trouble.REFUSED or sent.key in self.unroutable:
            raise NotPublished("returned or refused")
        if trouble is Trouble.CUT:
            self.connected = False
            raise NotPublished("channel lost")
        self.sent.append(sent)
        if trouble is Trouble.UNCONFIRMED:
            raise NotPublished(_LATE)
