"""Commands over HTTP: done once however often they are sent, and answered when committed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from shared.auth.roles import Caller
from shared.contracts.envelope import new_id
from shared.messaging.errors import (
    Conflict,
    Missing,
    Overloaded,
    PredecessorMissing,
    Rejected,
    TooManyWaiting,
    refusals,
)
from shared.messaging.group_commit import GroupCommit
from shared.messaging.task import FingerprintMismatch, Outcome, Task, fingerprint_of
from shared.messaging.unit_of_work import UnitOfWork, UseCase
from shared.runtime.provided import provided
from shared.web import problems
from shared.web.guard import caller_of
from shared.web.idempotency import KeyHeader, required_key
from shared.web.scopekeys import ROUTE

ANSWER_WITHIN: Final = 10.0
"""Seconds until the caller is asked to try again; the command may still be carried out once."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A command as it was sent."""

    inbox_id: str
    """The same command sent again has the same; it is done once."""
    fingerprint: str
    """Tells it from another command under the same key."""
    actor: str
    """Who sent it: a pseudonymous account id."""
    action: str
    """Method and route template, or the words of a shell command."""
    size: int = 0
    """Bytes of its body, held while it waits."""
    gone: Callable[[], Awaitable[None]] | None = None
    """Returns when the caller has hung up; None where nobody can."""


@dataclass(frozen=True, slots=True)
class FingerprintKey:
    """What a service provides whose bodies hold persons: fingerprints of commands are keyed by it.

    They are kept for weeks. Without it a body could be guessed from one whose Idempotency-Key is
    no random one. A repeat across a change of the key counts as another request.
    """

    secret: str = field(repr=False)


async def sent(request: Request, given: KeyHeader = None) -> Sent:
    """Return the request as a command, by its caller, key and content."""
    # Not by dependencies of its own: each costs the framework some 30 us for each command.
    key, caller = required_key(given), caller_of(request)
    raw = await request.body()
    return sent_with(request, caller, key, raw.decode("utf-8", "replace"), size=len(raw))


def sent_with(request: Request, caller: Caller, key: str, content: str, *, size: int = 0) -> Sent:
    """Return the request as a command. `content` is its body, or the digest of a file's."""
    keyed = request.app.state.provided.get(FingerprintKey)
    parts = (keyed.secret,) if keyed else ()
    return Sent(
        fingerprint_of("command", caller.subject, key),
        # With the sender's own key in it, which is stored nowhere.
        fingerprint_of(*parts, key, request.method, request.scope["path"], content),
        actor=caller.subject,
        action=f"{request.method} {request.scope[ROUTE]}",
        size=size,
        gone=lambda: _hung_up(request),
    )


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


SentDep = Annotated[Sent, Depends(sent)]


class Commands:
    """Runs use cases as commands, and answers why one was not done as an HTTP problem."""

    def __init__(self, commit: GroupCommit, refused: type[Exception]) -> None:
        self._commit = commit
        self._refused = refused

    async def run(self, use_case: UseCase, *, sent: Sent, key: str) -> Outcome:
        """Return what the use case answers, or answered the first time.

        The answer is kept with the command: it must be plain data, and hold no personal data. `key`
        is the aggregate that the use case changes. Raises Problem: 404, 409 with the reason, 422
        where the key was used for another request, 503 with Retry-After. Raises ClientDisconnect
        when the caller hangs up: the command leaves the line, or was done and a repeat finds it.
        """

        async def run(uow: UnitOfWork) -> Any:
            with refusals(self._refused):
                return await use_case(uow)

        task = Task(
            run,
            sent.inbox_id,
            key,
            fingerprint=sent.fingerprint,
            actor=sent.actor,
            action=sent.action,
            size=sent.size,
        )
        leaving = asyncio.ensure_future(_let_go(task, sent.gone)) if sent.gone else None
        late = asyncio.get_running_loop().call_later(ANSWER_WITHIN, task.leave, TimeoutError())
        try:
            return await self._commit.command(task)
        except _TOLD as error:
            raise _problem(error) from error
        finally:
            late.cancel()
            if leaving:
                leaving.cancel()

    async def run_once(
        self, use_case: UseCase, *, inbox_id: str, key: str, actor: str, action: str
    ) -> Outcome:
        """Run what the service does in the background at an account's word, once under this id.

        Nothing bounds the wait for the database. Raises Overloaded, Conflict, Missing and what the
        domain refuses.
        """
        return await self._commit.command(Task(use_case, inbox_id, key, actor=actor, action=action))

    async def run_own(self, use_case: UseCase, *, key: str) -> Any:
        """Run what the service does by its own rule, in the background; return the answer.

        Nothing bounds the wait for the database. Raises Conflict, Missing and what the domain
        refuses.
        """
        outcome = await self._commit.submit(Task(use_case, f"own:{new_id()}", key))
        return outcome.answer


async def _let_go(task: Task, gone: Callable[[], Awaitable[None]]) -> None:
    """Have a command leave the line when its caller has hung up."""
    await gone()
    task.leave(ClientDisconnect())


CommandsDep = Annotated[Commands, Depends(provided(Commands))]

_TOLD = (Overloaded, TimeoutError, Conflict, Rejected, PredecessorMissing, FingerprintMismatch)


def _problem(error: Exception) -> problems.Problem:  # noqa: PLR0911 - one for each
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
        case TooManyWaiting():
            return problems.Unavailable("too many commands wait for the database", retry_after=5)
        case Overloaded():
            return problems.Unavailable(
                "too many events wait for the message broker", retry_after=30
            )
        case _:
            return problems.Unavailable(
                "not confirmed in time; send the same request again", retry_after=5
            )
