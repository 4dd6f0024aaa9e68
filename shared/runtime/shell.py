"""Commands at the shell: a service's own way to its database, without queue and without HTTP."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from shared.contracts.actor import add_account
from shared.contracts.envelope import new_id
from shared.messaging.collections import Collections
from shared.messaging.errors import Unavailable
from shared.messaging.task import fingerprint_of
from shared.messaging.unit_of_work import Clock
from shared.messaging.wire import MAX_VERSION
from shared.runtime.assemble import ServiceDefinition
from shared.runtime.commands import Commands, Sent
from shared.runtime.messaging import Messaging, open_messaging
from shared.runtime.settings import ServiceSettings
from shared.runtime.start import utc_now
from shared.web.problems import Problem

S = TypeVar("S", bound=ServiceSettings)

_DESK: Final = "desk"
WITHOUT_DESK: Final = {_DESK: False}
"""Defaults of a command that runs as `run(options)`, without settings and database."""


class CommandRefused(Exception):  # noqa: N818 - reads as the decision it is
    """A command that is not carried out; the message says why and names nobody."""


@dataclass(frozen=True, slots=True)
class Shell:
    """What a command at the shell works with."""

    commands: Commands
    messaging: Messaging
    collections: Collections
    """What the service keeps, for its readers."""


@dataclass(frozen=True, slots=True)
class ServiceDesk(Generic[S]):
    """What the commands of a service work with that needs no more than a shell and its settings."""

    shell: Shell
    settings: S


@asynccontextmanager
async def open_desk(
    settings: Callable[[], S], definition: Callable[[S], ServiceDefinition]
) -> AsyncIterator[ServiceDesk[S]]:
    """Give a service's commands what they work with. Raises Unavailable and ValidationError."""
    given = settings()
    async with open_shell(definition(given), given) as shell:
        yield ServiceDesk(shell, given)


@asynccontextmanager
async def open_shell(
    definition: ServiceDefinition, settings: ServiceSettings, clock: Clock = utc_now
) -> AsyncIterator[Shell]:
    """Give a command its way to the database. Raises Unavailable.

    It publishes nothing itself: its outbox rows are taken over by the service, which runs or will.
    """
    messaging = open_messaging(
        definition.name, settings, CollectorRegistry(), clock, definition.collections
    )
    committing: asyncio.Task[None] | None = None
    try:
        await messaging.prepare(definition.collections.names, definition.indexes)
        committing = asyncio.create_task(messaging.commit.run())
        commands = messaging.commands(definition.refused)
        yield Shell(commands, messaging, definition.collections)
        await messaging.outbox.retire()
    finally:
        if committing is not None:
            committing.cancel()
            await asyncio.gather(committing, return_exceptions=True)
        await messaging.client.close()


def run_at_desk(
    options: argparse.Namespace,
    desk: Callable[[], AbstractAsyncContextManager[Any]],
    told: tuple[type[Exception], ...] = (),
) -> tuple[int, list[str]]:
    """Run the command that was chosen with the service's desk, as `options.run(options, desk)`.

    Return its exit status and lines, for stderr where it is not 0. `told` are a service's own
    refusals: their messages hold no personal data, and say what to do.
    """
    try:
        return 0, asyncio.run(_said(options, desk))
    except Problem as problem:
        return _refused(problem.detail or problem.title)
    except ValidationError as error:
        return _refused(_fields(error))
    except Unavailable as away:
        return _refused(f"MongoDB cannot be reached ({away})")
    except (OSError, CommandRefused, *told) as error:  # type: ignore[misc] # mypy wants literal classes
        return _refused(str(error))


async def _said(
    options: argparse.Namespace, desk: Callable[[], AbstractAsyncContextManager[Any]]
) -> list[str]:
    if not getattr(options, _DESK, True):
        return list(await options.run(options))
    async with desk() as opened:
        return list(await options.run(options, opened))


def _refused(why: str) -> tuple[int, list[str]]:
    return 1, [f"refused: {why}"]


def _fields(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in found)


def sent_by(account: str, action: str) -> Sent:
    """Return a command of this account, which is never the same as another one."""
    return Sent(fingerprint_of("shell", new_id()), "shell", actor=account, action=action)


def add_republish(parser: argparse.ArgumentParser) -> None:
    """Have a command ask what is published again under which version, as `id` and `version`."""
    parser.add_argument("id", metavar="ID")
    parser.add_argument(
        "--version", type=_version, required=True, help="above that of the copy that is wrong"
    )
    add_account(parser)


def _version(text: str) -> int:
    """Return a version below the highest, so that what is published next has one too."""
    if not text.isdecimal() or not 0 < int(text) < MAX_VERSION:
        raise argparse.ArgumentTypeError(f"a whole number from 1 to {MAX_VERSION - 1} is needed")
    return int(text)


def moment(text: str) -> datetime:
    """Return a time with its zone, in UTC. ArgumentTypeError where it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _no_moment() from None
    if at.tzinfo is None:
        raise _no_moment()
    return at.astimezone(UTC)


def _no_moment() -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError("a time with its zone, such as 2026-11-26T19:00:00+07:00")
