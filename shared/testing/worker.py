"""A worker without a process: it does its jobs at once, in the process of the test."""

import importlib
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from shared.worker.client import Answer, Refused
from shared.worker.jobs import Job, JobRefused, Result


class MemoryWorker:
    """Does these jobs, and raises what a test tells it to, once each, before it goes on."""

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self._jobs = jobs
        self.troubles: list[Exception] = []
        self.given: list[str] = []
        """The names of the jobs that came, in order."""

    @asynccontextmanager
    async def give(
        self, job: str, arguments: Mapping[str, Any], body: AsyncIterable[bytes] | None = None
    ) -> AsyncIterator[Answer]:
        """Have a job done. Raises Refused, and what it is told to."""
        self.given.append(job)
        if self.troubles:
            raise self.troubles.pop(0)
        data = b"" if body is None else b"".join([piece async for piece in body])
        module, _, function = self._jobs[job].function.partition(":")
        try:
            result: Result = getattr(importlib.import_module(module), function)(arguments, data)
        except JobRefused as refused:
            raise Refused(refused.reason) from None
        yield Answer(result.fields, _once(result.body))


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
