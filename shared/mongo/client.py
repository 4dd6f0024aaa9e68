"""The client, and what of its errors means "try again later"."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

from shared.messaging.errors import Conflict, Locked, Unavailable

R = TypeVar("R")
Client = AsyncMongoClient[dict[str, Any]]
Database = AsyncDatabase[dict[str, Any]]

_UNREACHABLE = (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WTimeoutError,
)
_PASSING_LABELS = (
    "TransientTransactionError",
    "UnknownTransactionCommitResult",
    "RetryableWriteError",
)
_SERVER_SELECTION_MS = 2_000
_SOCKET_MS = 20_000
_DUPLICATE_KEY = 11000
_WRITE_CONFLICT = 112
_PASSING = {
    13: "Unauthorized",  # for an operator to mend, and no fault of a message
    18: "AuthenticationFailed",
    43: "CursorNotFound",  # after a failover
    91: "ShutdownInProgress",
    134: "ReadConcernMajorityNotAvailableYet",  # after a start
    175: "QueryPlanKilled",
    237: "CursorKilled",
    262: "ExceededTimeLimit",
    11600: "InterruptedAtShutdown",
    11601: "Interrupted",
    11602: "InterruptedDueToReplStateChange",
}
"""Passing states of the server, whatever was asked."""

_NAMES = {
    **_PASSING,
    24: "LockTimeout",
    211: "KeyNotFound",
    251: "NoSuchTransaction",
    365: "TemporarilyUnavailable",
    14031: "OutOfDiskSpace",
}
"""Reasons by which metrics tell failures apart; any other code is "other"."""

_FAULTS = frozenset(
    {
        2,  # BadValue
        9,  # FailedToParse
        14,  # TypeMismatch
        22,  # InvalidBSON
        52,  # DollarPrefixedFieldName
        53,  # InvalidIdField
        54,  # NotSingleValueField
        56,  # EmptyFieldName
        57,  # DottedFieldName
        66,  # ImmutableField
        121,  # DocumentValidationFailure
        171,  # CannotIndexParallelArrays
        10334,  # BSONObjectTooLarge
        17280,  # KeyTooLong
        17419,  # the document after an update is too large
        17420,  # likewise
    }
)
"""Errors of what was asked. Any code that stands nowhere here is taken for the server's."""


def connect(url: str) -> Client:
    """Return a client that gives up on an absent server soon, so that callers can answer.

    Retrying is ours: group commit repeats whole batches, the driver only single writes.
    """
    return AsyncMongoClient(
        url,
        serverSelectionTimeoutMS=_SERVER_SELECTION_MS,
        connectTimeoutMS=_SERVER_SELECTION_MS,
        socketTimeoutMS=_SOCKET_MS,
        tz_aware=True,
        uuidRepresentation="standard",
    )


def part(database: Database, apart: str) -> Database:
    """Return the database of a part of a service's data; without a name, its usual one."""
    if not apart:
        return database
    name = f"{database.name}_{apart}"
    return database.client.get_database(name, read_concern=database.read_concern)


class Places:
    """The collections of a database, each made once: the driver makes a heavy object of each."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._made: dict[tuple[str, str], Any] = {}

    def of(self, name: str, apart: str = "") -> Any:
        """Return a collection of the database, or of the part of it that is named."""
        place = self._made.get((name, apart))
        if place is None:
            place = self._made[name, apart] = part(self._db, apart)[name]
        return place


async def to_its_end(doing: Coroutine[Any, Any, R]) -> R:
    """Await something to its end even where we are cancelled.

    A session is used by one alone: whoever aborts must not meet what still writes.
    """
    running = asyncio.ensure_future(doing)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # seen: nobody is left to be told
        raise


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into Conflict and Unavailable; a fault of the request stays itself.

    A code that no list knows is Unavailable too: to wait and be seen in a metric is the safe side.
    Raises CancelledError where the task was cancelled meanwhile and the driver kept that to itself.
    """
    try:
        yield
    except (DuplicateKeyError, BulkWriteError) as error:
        _raise(_of_write(error), error)
    except _UNREACHABLE as error:
        raise Unavailable(type(error).__name__) from error
    except OperationFailure as error:
        _raise(_of_codes([error.code], error), error)
    _heed_cancellation()


def _heed_cancellation() -> None:
    """Raise CancelledError where somebody wants the task to end.

    The driver awaits each write with `asyncio.wait_for`. That of Python 3.11 returns the result
    instead where it comes at the moment of the cancellation (bpo-37658; 3.12 does not): a loop
    would go on, and a service that is stopped wait for it.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _raise(told: Exception, error: Exception) -> NoReturn:
    """Raise what an error means; an error that stays itself must not be its own cause."""
    if told is error:
        raise error
    raise told from error


def _of_write(error: DuplicateKeyError | BulkWriteError) -> Exception:
    if isinstance(error, DuplicateKeyError):
        return Conflict("duplicate key")
    details = error.details or {}
    problems = details.get("writeErrors") or details.get("writeConcernErrors") or []
    codes = [problem.get("code") for problem in problems]
    if _DUPLICATE_KEY in codes:
        return Conflict("duplicate key")
    return _of_codes(codes or [error.code], error)


def _of_codes(codes: Sequence[int | None], error: PyMongoError) -> Exception:
    if _WRITE_CONFLICT in codes:
        return Locked("write conflict")
    if any(code in _FAULTS for code in codes):
        return error
    code = codes[0]
    passing = code in _PASSING or any(error.has_error_label(label) for label in _PASSING_LABELS)
    detail = f"{type(error).__name__}, code {code}"
    return Unavailable(detail, reason=_NAMES.get(code or 0, "other"), refused=not passing)
