"""Units of work that wait for the next transaction, within stated limits.

Messages are limited by the consumer's prefetch. Commands come from anybody: they are limited here,
by number and by bytes, from when they arrive until they are answered. One whose caller has gone
leaves at once, and with it the memory it holds.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from shared.messaging.errors import TooManyWaiting

MAX_COMMANDS = 2_000
"""Commands that may wait for the database at a time."""

MAX_COMMAND_BYTES = 32 * 1024 * 1024
"""Bytes of request bodies that may wait with them."""


class Waiting(Protocol):
    """What the queue must know of a unit of work."""

    is_command: bool
    size: int


T = TypeVar("T", bound=Waiting)


class TaskQueue(Generic[T]):
    """First come, first served; whoever leaves is forgotten at once."""

    def __init__(
        self, *, max_commands: int = MAX_COMMANDS, max_bytes: int = MAX_COMMAND_BYTES
    ) -> None:
        self._max_commands = max_commands
        self._max_bytes = max_bytes
        self._waiting: OrderedDict[T, None] = OrderedDict()
        self._some = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._many = asyncio.Event()
        self._enough = 0
        self._unanswered = 0
        self.commands = 0
        """Commands that are not answered yet, those in a transaction among them."""
        self.bytes = 0

    def __len__(self) -> int:
        """Return how many wait and are in no batch."""
        return len(self._waiting)

    def add(self, task: T) -> None:
        """Put a unit at the end. Raises TooManyWaiting for a command beyond the limits."""
        if task.is_command:
            if self.commands >= self._max_commands or self.bytes + task.size > self._max_bytes:
                raise TooManyWaiting
            self.commands += 1
            self.bytes += task.size
        self._unanswered += 1
        self._waiting[task] = None
        self._some.set()
        self._idle.clear()
        if self._enough and len(self._waiting) >= self._enough:
            self._many.set()

    def leave(self, task: T) -> None:
        """Forget a unit that is answered or whose caller has gone; once for each added."""
        self._waiting.pop(task, None)
        if task.is_command:
            self.commands -= 1
            self.bytes -= task.size
        self._unanswered -= 1
        if self._unanswered == 0:
            self._idle.set()

    async def gather(self, enough: int, until: float) -> None:
        """Wait until so many wait, or until this time of the event loop."""
        if len(self._waiting) >= enough:
            return
        self._enough = enough
        self._many.clear()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._many.wait()
        finally:
            self._enough = 0

    async def take(self, most: int) -> list[T]:
        """Wait for units and return the first ones."""
        while not self._waiting:
            self._some.clear()
            await self._some.wait()
        return [self._waiting.popitem(last=False)[0] for _ in range(min(most, len(self._waiting)))]

    def put_back(self, tasks: Iterable[T], *, first: bool) -> None:
        """Have units wait again, before all others or behind them."""
        for task in tasks:
            self._waiting[task] = None
        if first:
            for task in reversed(list(tasks)):
                self._waiting.move_to_end(task, last=False)

    async def idle(self) -> None:
        """Wait until all are answered."""
        await self._idle.wait()
