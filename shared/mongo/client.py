"""The client, and what of its errors means "try again later"."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
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

Client = AsyncIOMotorClient[dict[str, Any]]
Database = AsyncIOMotorDatabase[dict[str, Any]]

_AWAY = (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WTimeoutError,
)
_SERVER_SELECTION_MS = 2_000
_SOCKET_MS = 20_000
_DUPLICATE_KEY = 11000
_WRITE_CONFLICT = 112
_NOT_NOW = frozenset(
    {
        13,  # Unauthorized: for an operator to mend, and no fault of a message
        18,  # AuthenticationFailed
        43,  # CursorNotFound, after a failover
        91,  # ShutdownInProgress
        134,  # ReadConcernMajorityNotAvailableYet, after a start
        175,  # QueryPlanKilled
        237,  # CursorKilled
        262,  # ExceededTimeLimit
        11600,  # InterruptedAtShutdown
        11601,  # Interrupted
        11602,  # InterruptedDueToReplStateChange
    }
)
"""Failures that tell of the server's state and not of what was asked."""


def connect(url: str) -> Client:
    """Return a client that gives up on an absent server soon, so that callers can say so.

    Retrying is ours: the road repeats whole batches, the driver only single writes.
    """
    return AsyncIOMotorClient(
        url,
        serverSelectionTimeoutMS=_SERVER_SELECTION_MS,
        connectTimeoutMS=_SERVER_SELECTION_MS,
        socketTimeoutMS=_SOCKET_MS,
        tz_aware=True,
        uuidRepresentation="standard",
    )


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into Conflict and Unavailable; the rest stays what it is."""
    try:
        yield
    except (DuplicateKeyError, BulkWriteError) as error:
        _raise(_of_write(error), error)
    except _AWAY as error:
        raise Unavailable(type(error).__name__) from error
    except OperationFailure as error:
        _raise(_of_operation(error), error)


def _raise(told: Exception, error: Exception) -> NoReturn:
    """Raise what an error means; an error that means nothing to us must not be its own cause."""
    if told is error:
        raise error
    raise told from error


def _of_write(error: DuplicateKeyError | BulkWriteError) -> Exception:
    if isinstance(error, DuplicateKeyError):
        return Conflict("duplicate key")
    codes = {problem.get("code") for problem in (error.details or {}).get("writeErrors", [])}
    if _DUPLICATE_KEY in codes:
        return Conflict("duplicate key")
    return Locked("write conflict") if _WRITE_CONFLICT in codes else _of_labels(error)


def _of_operation(error: OperationFailure) -> Exception:
    if error.code == _WRITE_CONFLICT:
        return Locked("write conflict")
    if error.code in _NOT_NOW:
        return Unavailable(type(error).__name__)
    return _of_labels(error)


def _of_labels(error: PyMongoError) -> Exception:
    away = ("TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError")
    if any(error.has_error_label(label) for label in away):
        return Unavailable(type(error).__name__)
    return error
