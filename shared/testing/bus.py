"""A bus in memory that can be made to refuse, to lose a confirm, and to be away."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from shared.messaging.errors import NotPublished
from shared.messaging.message import Message
from shared.messaging.wire import RawMessage, properties

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
    letter: RawMessage
    message: Message | None = None


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
    def messages(self) -> list[Message]:
        """Return the messages that the broker has."""
        return [sent.message for sent in self.sent if sent.message]

    async def publish(self, message: Message) -> None:
        """Return when the broker has it. Raises NotPublished."""
        letter = RawMessage(message.body, properties(message), message.exchange, message.key)
        await self._send(Sent(message.exchange, message.key, letter, message))

    async def publish_all(self, messages: Sequence[Message]) -> set[str]:
        """Return the ids of those that the broker has."""
        ends = await asyncio.gather(*map(self.publish, messages), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(end, NotPublished):
                raise end
        late = [isinstance(end, NotPublished) and end.args == (_LATE,) for end in ends]
        self.answering = not late or not all(late)
        sent = zip(messages, ends, strict=True)
        return {message.envelope.id for message, end in sent if end is None}

    async def forward(self, copy: RawMessage) -> None:
        """Send on what was received. Raises NotPublished."""
        await self._send(Sent(copy.exchange, copy.key, copy))

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
