"""Why a command was not done, in HTTP's words."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from shared.messaging.errors import Conflict, Missing, PredecessorMissing, Rejected
from shared.messaging.task import Outcome
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime.commands import Commands, Sent
from shared.testing.messaging import MemoryMessaging, memory_messaging
from shared.web.problems import Problem
from tests.unit.shared.messaging_kit import count

SENT = Sent("m", "f", "agus", "count")


class Refused(Exception):  # noqa: N818 - reads as the decision it is
    """The domain's own refusal."""

    reason = "too_late"
    detail = "the booth is closed"


@pytest.fixture
async def messaging() -> AsyncIterator[MemoryMessaging]:
    async with memory_messaging("desk") as one:
        yield one


async def run(messaging: MemoryMessaging, work: Any, sent: Sent = SENT) -> Outcome:
    commands: Commands = messaging.commands(Refused)
    return await commands.run(work, sent=sent, key="a")


def failing(error: Exception) -> Any:
    async def work(uow: UnitOfWork) -> None:
        await count()(uow)
        raise error

    return work


async def test_a_command_is_answered_once_however_often_it_is_sent(
    messaging: MemoryMessaging,
) -> None:
    assert await run(messaging, count()) == Outcome(1)
    assert await run(messaging, count()) == Outcome(1, duplicate=True)
    assert messaging.documents("counters")[0]["value"] == 1


@pytest.mark.parametrize(
    ("error", "status", "kind", "detail", "reason"),
    [
        (Missing("job"), 404, "not-found", "job", None),
        (Rejected("closed"), 409, "conflict", "closed", "closed"),
        (Refused(), 409, "conflict", "the booth is closed", "too_late"),
        (
            PredecessorMissing("jobs", "case-1"),
            409,
            "conflict",
            "what this refers to is not known here yet",
            "not_here_yet",
        ),
        (
            Conflict("overtaken"),
            503,
            "unavailable",
            "not confirmed in time; send the same request again",
            None,
        ),
    ],
)
async def test_what_was_not_done_is_told(
    messaging: MemoryMessaging,
    error: Exception,
    status: int,
    kind: str,
    detail: str,
    reason: str | None,
) -> None:
    with pytest.raises(Problem) as told:
        await run(messaging, failing(error))
    document = told.value.document()
    assert (document["status"], document["type"]) == (status, f"/problems/{kind}")
    assert (document["detail"], document.get("reason")) == (detail, reason)
    assert messaging.documents("counters") == []
    assert await run(messaging, count()) == Outcome(1)


async def test_a_key_used_for_another_request_is_told(messaging: MemoryMessaging) -> None:
    await run(messaging, count())
    with pytest.raises(Problem) as told:
        await run(messaging, count(), Sent("m", "other", "agus", "count"))
    assert (told.value.status, told.value.kind) == (422, "idempotency-key-reused")


async def test_a_fault_of_ours_stays_a_fault(messaging: MemoryMessaging) -> None:
    with pytest.raises(ZeroDivisionError):
        await run(messaging, failing(ZeroDivisionError()))


async def test_a_command_whose_sender_hangs_up_leaves_the_line(
    messaging: MemoryMessaging,
) -> None:
    started, gone = asyncio.Event(), asyncio.Event()

    async def held(_: UnitOfWork) -> None:
        started.set()
        await asyncio.Event().wait()

    async def hung_up() -> None:
        await gone.wait()

    sent = Sent("m", "f", "agus", "count", gone=hung_up)
    sending = asyncio.create_task(run(messaging, held, sent))
    await started.wait()
    gone.set()
    with pytest.raises(ClientDisconnect):
        await asyncio.wait_for(sending, 5)
    assert messaging.documents("counters") == []


async def test_a_command_whose_sender_waits_is_answered(messaging: MemoryMessaging) -> None:
    async def stays() -> None:
        await asyncio.Event().wait()

    assert await run(messaging, count(), Sent("m", "f", "agus", "count", gone=stays)) == Outcome(1)
