"""The worker: takes jobs over its socket and has its children do them.

It holds no connection to a broker or a database and no secret. One connection brings one job: its
head (`job`, `arguments`), then, once the answer is `go`, its body; the answer is a head with the
outcome, and data. Who hangs up gives the job up.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final

from shared.worker.address import listen
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
from shared.worker.jobs import HEALTH, Job, Lane, Outcome
from shared.worker.pool import Child, Died, Full, Pool, Size

HEAD_SECONDS: Final = 5.0
"""For the head of a job."""

_log = logging.getLogger(__name__)


class _Gone(Exception):  # noqa: N818 - never leaves this module
    """Whoever gave the job has left, or does not keep to what was agreed."""


class Worker:
    """Jobs by name, and a pool of children for each lane."""

    def __init__(self, jobs: Mapping[str, Job], sizes: Mapping[Lane, Size]) -> None:
        self._jobs = jobs
        self._pools = {lane: Pool(size, _modules(jobs, lane)) for lane, size in sizes.items()}
        self._talking: set[asyncio.Task[None]] = set()

    async def run(self, path: Path, stopping: asyncio.Event, drain_seconds: float) -> None:
        """Take jobs until `stopping` is set; those at work may end within so many seconds."""
        try:
            for pool in self._pools.values():
                await pool.warm()
            server = await asyncio.start_unix_server(self._talk, sock=listen(path))
            _log.info("the worker takes jobs")
            await stopping.wait()
            server.close()
            path.unlink(missing_ok=True)  # noqa: ASYNC240 - one name, at the end
            if self._talking:
                await asyncio.wait(self._talking, timeout=drain_seconds)
        finally:
            for pool in self._pools.values():
                await pool.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._talking.add(task)
            task.add_done_callback(self._talking.discard)
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await read_head(reader)
            await self._answer(head, reader, writer)
        except (Broken, TimeoutError, _Gone):
            pass
        finally:
            writer.close()

    async def _answer(
        self, head: Mapping[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        name, arguments = head.get("job"), head.get("arguments")
        if name == HEALTH:
            await _end(writer, Outcome.DONE, fields=self._state())
            return
        job = self._jobs.get(str(name))
        if job is None or not isinstance(arguments, dict):
            await _end(writer, Outcome.FAILED, reason="no such job")
            return
        try:
            async with self._pools[job.lane].child() as child:
                await send(writer, head_frame({"go": True}))
                body = _Body(reader, job.body_bytes)
                await _have_done(job, arguments, child, body, writer)
        except Full:
            await _end(writer, Outcome.BUSY)

    def _state(self) -> dict[str, Any]:
        return {
            lane.value: {"waiting": pool.waiting, "working": pool.working}
            for lane, pool in self._pools.items()
        }


def _modules(jobs: Mapping[str, Job], lane: Lane) -> list[str]:
    return sorted({job.function.partition(":")[0] for job in jobs.values() if job.lane is lane})


class _Body:
    """The body of a job as it comes from whoever gives the job."""

    def __init__(self, reader: asyncio.StreamReader, limit: int) -> None:
        self._reader = reader
        self._left = limit
        self._frames = read_data(reader)
        self._ended = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield what comes. Raises _Gone."""
        try:
            async for piece in self._frames:
                self._left -= len(piece)
                if self._left < 0:
                    raise _Gone
                yield piece
        except Broken:
            raise _Gone from None
        self._ended.set()

    async def drain(self) -> None:
        """Read the rest: who still sends would not see the answer. Raises _Gone."""
        if not self._ended.is_set():
            async with asyncio.timeout(HEAD_SECONDS):
                async for _ in self:
                    pass

    async def hung_up(self) -> None:
        """Return when the other side, after its body, has left."""
        await self._ended.wait()
        await self._reader.read(1)


async def _have_done(
    job: Job, arguments: Mapping[str, Any], child: Child, body: _Body, writer: asyncio.StreamWriter
) -> None:
    """Have a child do a job, and pass on what it answers. Raises Broken and _Gone."""
    try:
        async with asyncio.timeout(job.seconds):
            head = await _while_there(child.answer(job, arguments, body), body)
    except TimeoutError:
        await _used_up(job, "time", body, writer)
        return
    except Died as died:
        await _used_up(job, str(died), body, writer)
        return
    if head["outcome"] == Outcome.DONE:
        await _pass_on(job, head, child, writer)
        return
    async for _ in child.data():
        pass
    _note(job, head, child)
    await send(writer, head_frame(head), frame(END))


async def _pass_on(
    job: Job, head: Mapping[str, Any], child: Child, writer: asyncio.StreamWriter
) -> None:
    try:
        async with asyncio.timeout(job.seconds):
            await send(writer, head_frame(head))
            await send_data(writer, child.data())
    except Died:
        raise _Gone from None


async def _while_there(
    answering: Coroutine[Any, Any, dict[str, Any]], body: _Body
) -> dict[str, Any]:
    """Await the answer. Raises _Gone when nobody waits for it any more."""
    tasks = asyncio.create_task(answering), asyncio.create_task(body.hung_up())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            return tasks[0].result()
        raise _Gone
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _used_up(job: Job, reason: str, body: _Body, writer: asyncio.StreamWriter) -> None:
    _log.warning("a job used up what it may", extra={"job": job.function, "reason": reason})
    await body.drain()
    await _end(writer, Outcome.LIMIT, reason=reason)


def _note(job: Job, head: Mapping[str, Any], child: Child) -> None:
    outcome, reason = head["outcome"], head.get("reason")
    if outcome == Outcome.LIMIT:
        # Short of memory once, it may be so for the next job as well.
        child.spoilt = True
        _log.warning("a job used up what it may", extra={"job": job.function, "reason": reason})
    elif outcome == Outcome.FAILED:
        _log.error("a job failed", extra={"job": job.function, "reason": reason})


async def _end(writer: asyncio.StreamWriter, outcome: Outcome, **more: Any) -> None:
    await send(writer, head_frame({"outcome": outcome, **more}), frame(END))
