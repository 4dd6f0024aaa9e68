"""A service's way to its worker: one connection for each job, nothing kept between two.

    worker = WorkerClient(settings.worker_socket, WorkerMetrics(registry))
    passwords = Passwords(worker)
    stored = await passwords.hash(typed)

Every error says what to do: Refused and TooCostly are about what was given, Busy and Away pass.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from shared.worker.address import connected
from shared.worker.frames import (
    END,
    Broken,
    frame,
    head_frame,
    read_data,
    read_head,
    send,
    send_data,
)
from shared.worker.jobs import HEALTH, Outcome

PATIENCE: Final = 60.0
"""Seconds until a worker that says nothing counts as away; its own limits are shorter."""
HEALTH_SECONDS: Final = 1.5
AWAY: Final = "away"
"""The outcome, as metrics name it, of a job that no worker was there for."""


class Refused(Exception):  # noqa: N818 - reads as the decision it is
    """The job refused what it was given; `reason` is its stable word."""

    safe_to_log = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooCostly(Refused):
    """What was given would take more than a job may use: `time`, `cpu`, `memory`, or it `died`."""


class Busy(Exception):  # noqa: N818 - reads as the finding it is
    """As many jobs wait as may wait; try again in a moment."""


class Away(Exception):  # noqa: N818 - reads as the finding it is
    """No worker answers, or it ended in the middle; try again later."""

    safe_to_log = True


class JobFailed(Exception):  # noqa: N818 - reads as the finding it is
    """A mistake in a job's code; the worker's log names the place."""


class WorkerMetrics:
    """Jobs by name and outcome, and their times."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._jobs = Counter(
            "jemput_worker_jobs",
            "Jobs given to the worker, by name and outcome.",
            ["job", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "jemput_worker_job_seconds",
            "Seconds of a job as its service waits for it, the wait for its turn among them.",
            ["job"],
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
            registry=registry,
        )

    def ended(self, job: str, outcome: str, seconds: float) -> None:
        """Count a job."""
        self._jobs.labels(job, outcome).inc()
        self._seconds.labels(job).observe(seconds)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a job has made."""

    fields: Mapping[str, Any]
    data: AsyncIterator[bytes]
    """Read once, before the next job. Raises Away."""


class WorkerClient:
    """Gives jobs to the worker behind one socket; without a socket it is away."""

    def __init__(self, socket: Path | None, metrics: WorkerMetrics) -> None:
        self._socket = socket
        self._metrics = metrics

    async def ask(self, job: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have a job done that takes and makes no data; return its fields. Raises as `give`."""
        async with self.give(job, arguments) as answer:
            return answer.fields

    @asynccontextmanager
    async def give(
        self, job: str, arguments: Mapping[str, Any], body: AsyncIterable[bytes] | None = None
    ) -> AsyncIterator[Answer]:
        """Have a job done.

        Raises Refused, TooCostly, Busy, Away, JobFailed, and what `body` raises.
        """
        began, outcome = perf_counter(), AWAY
        try:
            async with _conversation(self._socket) as (reader, writer):
                head = await _asked(reader, writer, job, arguments, body)
                outcome = str(head.get("outcome"))
                _raise_unless_done(head)
                yield Answer(head.get("fields", {}), read_data(reader))
        finally:
            self._metrics.ended(job, outcome, perf_counter() - began)

    async def check(self) -> str | None:
        """Return None where the worker answers, or why jobs wait: a check of `/readyz`."""
        try:
            async with (
                asyncio.timeout(HEALTH_SECONDS),
                _conversation(self._socket) as (reader, writer),
            ):
                await _asked(reader, writer, HEALTH, {}, None)
        except (Away, TimeoutError):
            return "the worker does not answer; what needs it waits"
        return None


@asynccontextmanager
async def _conversation(
    socket: Path | None,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect for one job. Raises Away, also for what goes wrong on the way inside."""
    if socket is None:
        raise Away("no worker is set up")
    try:
        reader, writer = await asyncio.open_unix_connection(sock=connected(socket))
    except OSError:
        raise Away("no worker answers") from None
    try:
        yield reader, writer
    except Broken:
        raise Away("the worker ended in the middle") from None
    finally:
        writer.close()


async def _asked(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    job: str,
    arguments: Mapping[str, Any],
    body: AsyncIterable[bytes] | None,
) -> Mapping[str, Any]:
    """Return the head of the answer. Raises Broken, Away and what `body` raises."""
    try:
        async with asyncio.timeout(PATIENCE):
            await send(writer, head_frame({"job": job, "arguments": arguments}))
            head = await read_head(reader)
            if not head.get("go"):
                return head
            await (send(writer, frame(END)) if body is None else send_data(writer, body))
            return await read_head(reader)
    except TimeoutError:
        raise Away("the worker says nothing") from None


def _raise_unless_done(head: Mapping[str, Any]) -> None:
    outcome, reason = head.get("outcome"), str(head.get("reason", ""))
    match outcome:
        case Outcome.DONE:
            return
        case Outcome.REFUSED:
            raise Refused(reason)
        case Outcome.LIMIT:
            raise TooCostly(reason)
        case Outcome.BUSY:
            raise Busy
        case _:
            raise JobFailed
