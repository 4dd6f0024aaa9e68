"""One unit of work on its way to a shared transaction, and what its caller is told."""

import asyncio
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast

from shared.messaging.message import Message, inbox_id_of_command, inbox_id_of_message
from shared.messaging.unit_of_work import UseCase


@dataclass(frozen=True, slots=True)
class Outcome:
    """`answer` is what the unit returned, or what it returned when it was done the first time."""

    answer: Any
    duplicate: bool = False
    deferred: bool = False


@dataclass(eq=False, slots=True)
class Task:
    """One unit of work on its way. Its inbox id is stored with it, so that it is done once.

    `inbox_id` is given as the message's or the command's own id and kept with its kind before it:
    no command can ever be taken for a message, nor the other way round.
    """

    use_case: UseCase
    inbox_id: str
    key: str
    message: Message | None = None
    fingerprint: str | None = None
    actor: str = ""
    """Who sent a command: a pseudonymous account id. Empty: the service, by its own rule."""
    action: str = ""
    """What a command does, for the record of actions; empty for a message."""
    size: int = 0
    """Bytes it holds while it waits."""
    future: asyncio.Future[Outcome] | None = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """None once its caller has the answer, or has gone."""
    outcome: Outcome | None = None
    refusal: Exception | None = None
    """Decided on what this batch has yet to commit: raised when it has."""
    refused: int = 0
    """How often the database refused it alone, by an error that no list knows."""
    refused_since: int = 0
    """How many batches had been committed when that began."""
    uncertain: bool = False
    """A commit of it ended without an answer whether it happened."""
    doubles: "list[Task]" = field(default_factory=list)
    """The same message or command once more in the same batch."""
    is_command: bool = field(init=False)

    def __post_init__(self) -> None:
        """Give the inbox id its kind."""
        self.is_command = self.message is None
        named = inbox_id_of_command if self.is_command else inbox_id_of_message
        self.inbox_id = named(self.inbox_id)

    def settle(self, outcome: Outcome) -> None:
        """Answer the caller, once."""
        if self.future and not self.future.done():
            self.future.set_result(outcome)
        for double in self.doubles:
            if double.fingerprint == self.fingerprint:
                double.settle(Outcome(outcome.answer, duplicate=True))
            else:
                double.fail(FingerprintMismatch())

    def fail(self, error: Exception) -> None:
        """Raise the error for the caller, once."""
        self.leave(error)
        for double in self.doubles:
            double.fail(error)

    def leave(self, error: Exception) -> None:
        """Raise the error for this caller alone, who has gone: in line he is not served."""
        if self.future and not self.future.done():
            self.future.set_exception(error)

    @property
    def awaited(self) -> bool:
        """Return whether its caller still waits for an answer."""
        return self.future is not None and not self.future.done()

    async def answer(self) -> Outcome:
        """Wait for the outcome, once.

        An error refers to the frames that it passed, and they to this task. With the future let
        go of they are no cycle: what a caller sent is freed as soon as he has gone.
        """
        try:
            return await cast("asyncio.Future[Outcome]", self.future)
        finally:
            self.future = None


class FingerprintMismatch(Exception):  # noqa: N818
    """The same idempotency key came with a different request."""


def fingerprint_of(*parts: str) -> str:
    """Return a digest that differs for two requests under one idempotency key."""
    return sha256("\x00".join(parts).encode()).hexdigest()
