"""Commands over HTTP: done once however often they are sent, and answered when committed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Depends, Request

from shared.messaging.errors import (
    Conflict,
    Missing,
    Overloaded,
    PredecessorMissing,
    Rejected,
    refusals,
)
from shared.messaging.group_commit import FingerprintMismatch, GroupCommit, Outcome, fingerprint_of
from shared.messaging.unit_of_work import UnitOfWork
from shared.web import problems
from shared.web.guard import CallerDep
from shared.web.idempotency import IdempotencyKey

ANSWER_WITHIN: Final = 10.0
"""Seconds until the caller is told to try again; the command may still be carried out once."""

W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Sent:
    """A command as it was sent: its mark, and what tells it from another under the same key."""

    inbox_id: str
    fingerprint: str


async def sent(request: Request, caller: CallerDep, key: IdempotencyKey) -> Sent:
    """Read the mark of a request off its caller, key and content."""
    body = (await request.body()).decode("utf-8", "replace")
    return Sent(
        fingerprint_of("command", caller.subject, key),
        # With the sender's own random key in it, which is stored nowhere: the digest is kept for
        # weeks, and a body that holds a NIK could otherwise be guessed from it.
        fingerprint_of(key, request.method, request.url.path, body),
    )


SentDep = Annotated[Sent, Depends(sent)]


class Commands(Generic[W]):
    """Runs use cases as commands, and says in HTTP's words why one was not done."""

    def __init__(
        self, commit: GroupCommit, work: Callable[[UnitOfWork], W], refused: type[Exception]
    ) -> None:
        self._commit = commit
        self._work = work
        self._refused = refused

    async def run(
        self, use_case: Callable[[W], Awaitable[Any]], *, sent: Sent, key: str
    ) -> Outcome:
        """Return what the use case answers, or answered the first time.

        The answer is kept with the mark: it must be plain data, and hold no personal data. `key`
        is the aggregate that the use case changes. Raises Problem: 404, 409 with the reason, 422
        where the key was used for another request, 503 with Retry-After.
        """

        async def work(uow: UnitOfWork) -> Any:
            with refusals(self._refused):
                return await use_case(self._work(uow))

        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                return await self._commit.command(
                    work, inbox_id=sent.inbox_id, key=key, fingerprint=sent.fingerprint
                )
        except _TOLD as error:
            raise _problem(error) from error


_TOLD = (Overloaded, TimeoutError, Conflict, Rejected, PredecessorMissing, FingerprintMismatch)


def _problem(error: Exception) -> problems.Problem:
    match error:
        case Missing():
            return problems.NotFound(error.detail)
        case Rejected():
            return problems.Conflict(error.detail or error.reason, reason=error.reason)
        case PredecessorMissing():
            detail = "what this refers to is not known here yet"
            return problems.Conflict(detail, reason="not_here_yet")
        case FingerprintMismatch():
            title = "This Idempotency-Key was used for another request"
            return problems.Problem(422, "idempotency-key-reused", title)
        case Overloaded():
            return problems.Unavailable(
                "too many events wait for the message broker", retry_after=30
            )
        case _:
            return problems.Unavailable(
                "not confirmed in time; send the same request again", retry_after=5
            )
