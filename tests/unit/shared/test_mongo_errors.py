"""What an error of MongoDB means: wait, decide again, or a fault of what was asked."""

import asyncio
from contextlib import suppress

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, OperationFailure

from shared.messaging.errors import Conflict, Locked, Unavailable
from shared.mongo.client import translated


def told(error: Exception) -> Exception:
    with pytest.raises(Exception) as found, translated():  # noqa: PT011 - which one is the question
        raise error
    return found.value


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (14031, "OutOfDiskSpace"),
        (211, "KeyNotFound"),
        (24, "LockTimeout"),
        (365, "TemporarilyUnavailable"),
        (9_999_999, "other"),
    ],
)
@pytest.mark.parametrize("of_a_write", [False, True])
def test_an_error_that_no_list_knows_is_waited_for(
    code: int, reason: str, *, of_a_write: bool
) -> None:
    alone = OperationFailure("told to", code)
    among = BulkWriteError({"writeErrors": [{"code": code, "errmsg": "told to"}]})
    error = told(among if of_a_write else alone)
    assert isinstance(error, Unavailable)
    assert (error.reason, error.refused) == (reason, True)


@pytest.mark.parametrize(("code", "reason"), [(91, "ShutdownInProgress"), (13, "Unauthorized")])
def test_a_passing_state_is_no_refusal(code: int, reason: str) -> None:
    error = told(OperationFailure("told to", code))
    assert isinstance(error, Unavailable)
    assert (error.reason, error.refused) == (reason, False)


def test_a_fault_of_what_was_asked_stays_itself() -> None:
    asked = OperationFailure("told to", 121)
    assert told(asked) is asked


def test_who_stands_in_the_way_is_told_apart_from_an_outage() -> None:
    assert type(told(DuplicateKeyError("told to", 11000))) is Conflict
    assert type(told(OperationFailure("told to", 112))) is Locked
    away = told(AutoReconnect("told to"))
    assert isinstance(away, Unavailable)
    assert (away.reason, away.refused) == ("unreachable", False)


async def _write(done: asyncio.Event) -> None:
    """Write as the driver does whose cancellation and answer come at the same moment."""
    while True:
        with translated():
            done.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)


async def test_a_cancellation_that_the_driver_keeps_to_itself_ends_the_task() -> None:
    done = asyncio.Event()
    writing = asyncio.create_task(_write(done))
    await done.wait()
    writing.cancel()
    ended, _ = await asyncio.wait({writing}, timeout=5)
    assert ended == {writing}
    assert writing.cancelled()


async def _too_long() -> None:
    async with asyncio.timeout(0):
        with translated():
            await asyncio.sleep(3600)


async def test_a_time_limit_that_was_kept_leaves_what_follows_alone() -> None:
    with pytest.raises(TimeoutError):
        await _too_long()
    with translated():
        await asyncio.sleep(0)
