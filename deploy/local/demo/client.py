"""The demo's way into the services: every command has a key and is sent until it is answered."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from deploy.local.processes import FailedError
from shared.contracts.envelope import new_id

PATIENCE = 120.0
"""Seconds in which a service may be away before the demo gives up."""

_AGAIN = frozenset({429, 502, 503, 504})
_EARLY = frozenset({404, 409})
_PAUSE = 0.2
_REFUSED = 400


class Refusal(Exception):  # noqa: N818
    """A service answered with a problem."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {problem}")
        self.status = status
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: Any
    retry_after: str | None


class Client:
    """Speaks to services by name."""

    def __init__(self, http: aiohttp.ClientSession, urls: Mapping[str, str]) -> None:
        self._http = http
        self._urls = urls
        self.addresses: set[str] = set()
        """Every address that was asked."""

    async def get(self, service: str, path: str, token: str, **query: str | int) -> Any:
        """Read something."""
        return await self._until_answered("GET", service, path, token, params=query)

    async def send(
        self, method: str, service: str, path: str, token: str | None, body: Mapping[str, Any]
    ) -> Any:
        """Have something done once, however often it has to be sent. Raises Refusal."""
        return await self._until_answered(
            method, service, path, token, json=dict(body), headers={"Idempotency-Key": new_id()}
        )

    async def retry_until_accepted(
        self, method: str, service: str, path: str, token: str | None, body: Mapping[str, Any]
    ) -> Any:
        """Send what may be refused because an event has not reached that service yet."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return await self.send(method, service, path, token, body)
            except Refusal as refusal:
                if refusal.status not in _EARLY or time.monotonic() > end:
                    raise
                await asyncio.sleep(_PAUSE)

    async def _until_answered(
        self,
        method: str,
        service: str,
        path: str,
        token: str | None,
        *,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> Any:
        said = dict(headers or {})
        if token:
            said["Authorization"] = f"Bearer {token}"
        end = time.monotonic() + PATIENCE
        while True:
            answer = await self._try(method, f"{self._urls[service]}{path}", said, content)
            if answer is not None and answer.status not in _AGAIN:
                break
            if time.monotonic() > end:
                raise FailedError(f"{service} did not answer {method} {path} in {PATIENCE:.0f} s")
            await asyncio.sleep(_pause(answer))
        if answer.status >= _REFUSED:
            raise Refusal(answer.status, answer.body)
        return answer.body

    async def _try(
        self, method: str, url: str, headers: Mapping[str, str], content: Mapping[str, Any]
    ) -> _Answer | None:
        self.addresses.add(url)
        try:
            async with self._http.request(method, url, headers=headers, **content) as answer:
                body = await answer.json(content_type=None)
                return _Answer(answer.status, body, answer.headers.get("Retry-After"))
        except (aiohttp.ClientError, TimeoutError, ValueError):
            # Away, cut off, or something else than a service of ours answered: sent again.
            return None


def _pause(answer: _Answer | None) -> float:
    if answer is None or answer.retry_after is None:
        return _PAUSE
    return min(float(answer.retry_after), 2.0)


async def until(what: str, holds: Callable[[], Awaitable[bool]], patience: float = 180.0) -> None:
    """Wait until something holds that has to travel first. Raises FailedError."""
    end = time.monotonic() + patience
    while not await holds():
        if time.monotonic() > end:
            raise FailedError(f"after {patience:.0f} s still not: {what}")
        await asyncio.sleep(_PAUSE)


async def at_most(many: int, jobs: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Run jobs, so many at a time; the first error ends all."""
    gate = asyncio.Semaphore(many)

    async def one(job: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await job()

    async with asyncio.TaskGroup() as tasks:
        for job in jobs:
            tasks.create_task(one(job))
