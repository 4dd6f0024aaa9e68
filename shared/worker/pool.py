"""A worker's child processes of one lane: how many, who waits for one, and when one is ended."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.worker.frames import Broken, head_frame, read_data, read_head, send, send_data
from shared.worker.jobs import Job

USES: Final = 200
"""Jobs after which a child is replaced, so that what leaks or was left behind goes with it."""
_ROOT: Final = Path(__file__).resolve().parents[2]
_LAST_SECONDS: Final = 1.0
"""For a child whose stream ended to end as well."""
_REASONS: Final = {-signal.SIGXCPU: "cpu"}


class Full(Exception):  # noqa: N818 - reads as the finding it is
    """As many jobs wait as may wait."""


class Died(Exception):  # noqa: N818 - reads as the finding it is
    """The child ended in the middle of a job; the message is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much one lane may use."""

    children: int
    waiting: int
    """Jobs that may wait for a child."""
    memory: int
    """Bytes of address space of each child."""


class Child:
    """One process that does one job at a time."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        input_: asyncio.StreamWriter,
        output: asyncio.StreamReader,
    ) -> None:
        self._process = process
        self._input = input_
        self._output = output
        self.jobs = 0
        self.spoilt = False
        """Its job did not end as jobs do: it must not be given another."""

    @classmethod
    async def start(cls, memory: int, modules: Sequence[str]) -> "Child":
        """Start a child. It inherits no environment, and so no secret."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "shared.worker.child",
            str(os.getpid()),
            str(memory),
            *modules,
            cwd=_ROOT,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a child without its two streams")
        return cls(process, process.stdin, process.stdout)

    @property
    def usable(self) -> bool:
        """Whether it may be given another job."""
        return not self.spoilt and self.jobs < USES and self._process.returncode is None

    async def answer(
        self, job: Job, arguments: Mapping[str, Any], body: AsyncIterable[bytes]
    ) -> dict[str, Any]:
        """Give it a job and return the head of its answer, whose data follow in `data`.

        Raises Died, and what `body` raises.
        """
        self.jobs += 1
        self.spoilt = True
        head = {"function": job.function, "arguments": arguments, "cpu_seconds": job.cpu_seconds}
        try:
            await send(self._input, head_frame(head))
            await send_data(self._input, body)
            return await read_head(self._output)
        except Broken:
            raise await self._end() from None

    async def data(self) -> AsyncIterator[bytes]:
        """Yield the data of its answer; at the end it may be given another job. Raises Died."""
        try:
            async for piece in read_data(self._output):
                yield piece
        except Broken:
            raise await self._end() from None
        self.spoilt = False

    async def stop(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _end(self) -> Died:
        """Return why it ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                await self._process.wait()
        return Died(_REASONS.get(self._process.returncode or 0, "died"))


class Pool:
    """The children of one lane."""

    def __init__(self, size: Size, modules: Sequence[str]) -> None:
        """Take the modules of the jobs that the children will be given."""
        self._size = size
        self._modules = modules
        self._free = asyncio.Semaphore(size.children)
        self._idle: list[Child] = []
        self._children: set[Child] = set()
        self.waiting = 0
        """Jobs that wait for a child."""

    @property
    def working(self) -> int:
        """Return how many children are at work."""
        return len(self._children) - len(self._idle)

    async def warm(self) -> None:
        """Start every child, so that the first jobs need not wait for it."""
        self._idle += [await self._start() for _ in range(self._size.children)]

    @asynccontextmanager
    async def child(self) -> AsyncIterator[Child]:
        """Wait for a child and have it alone. Raises Full at once where too many wait already."""
        if self._free.locked() and self.waiting >= self._size.waiting:
            raise Full
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        try:
            child = self._idle.pop() if self._idle else await self._start()
            try:
                yield child
            finally:
                await self._give_back(child)
        finally:
            self._free.release()

    async def close(self) -> None:
        """End every child."""
        for child in list(self._children):
            await child.stop()

    async def _start(self) -> Child:
        child = await Child.start(self._size.memory, self._modules)
        self._children.add(child)
        return child

    async def _give_back(self, child: Child) -> None:
        if child.usable:
            self._idle.append(child)
            return
        self._children.discard(child)
        await asyncio.shield(child.stop())
