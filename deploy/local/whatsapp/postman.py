"""Takes webhooks to the office's address: in batches, signed, again where they were not taken."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import httpx
from pydantic import Field

from deploy.local.whatsapp.behaviour import Behaviour, Behaviours, On
from deploy.local.whatsapp.webhook import SIGNATURE, Shape, body_of, sign
from deploy.local.whatsapp.world import Update
from shared.web.body import Body

Pause = Callable[[float], Awaitable[None]]
NOT_REACHED: Final = 0
"""Stands for the status of a post that was not answered."""
_OK: Final = 200


class Plan(Body):
    """How webhooks leave.

    `at_once`: soon after they come to be. `held`: when a test flushes them. Up to `batch` updates
    go into one body; `order` and `seed` are those of a flush; `parallel` posts run side by side.
    One that is answered by anything but 200 is posted again `retries` times, after
    `pause_seconds` and then twice as long each time (Meta: for days).
    """

    mode: Literal["at_once", "held"] = "at_once"
    batch: int = Field(default=1, ge=1, le=1000)
    shape: Shape = "messages"
    order: Literal["written", "reversed", "shuffled"] = "written"
    seed: int = Field(default=0, ge=0)
    parallel: int = Field(default=1, ge=1, le=64)
    retries: int = Field(default=4, ge=0, le=20)
    pause_seconds: float = Field(default=0.25, ge=0, le=60)
    answer_seconds: float = Field(default=10, gt=0, le=60)


@dataclass(slots=True)
class Delivery:
    """One webhook as it was posted, and what was answered each time."""

    raw: bytes
    signature: str
    updates: int
    answers: list[int] = field(default_factory=list)

    @property
    def taken(self) -> bool:
        """Whether the office took it in the end."""
        return bool(self.answers) and self.answers[-1] == _OK


class Postman:
    """Holds updates until they leave, and remembers every post."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        secret: str,
        account: str,
        behaviours: Behaviours,
        pause: Pause,
    ) -> None:
        self._http = http
        self._secret = secret
        self._account = account
        self._behaviours = behaviours
        self._pause = pause
        self.url: str | None = None
        """Where webhooks go; without one they wait."""
        self._tasks: set[asyncio.Task[object]] = set()
        self.reset()

    def reset(self) -> None:
        """Forget what waits and what was posted; the address stays."""
        self.plan = Plan()
        self.waiting: list[Update] = []
        self.deliveries: list[Delivery] = []

    def add(self, updates: Sequence[Update]) -> None:
        """Let these leave by the plan."""
        self.waiting += updates
        if self.plan.mode == "at_once" and self.url:
            self._begin(self._leave())

    async def flush(self) -> list[Delivery]:
        """Post all that waits, await what is on its way, and return what this posted."""
        posted = await self._leave() if self.url else []
        while self._tasks:
            await asyncio.gather(*self._tasks)
        return posted

    async def replay(self, updates: Sequence[Update], times: int) -> list[Delivery]:
        """Post a history once more, so many times, in the plan's order."""
        return await self._post_all(list(updates) * times)

    async def close(self) -> None:
        """Give up what is on its way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _leave(self) -> list[Delivery]:
        waiting, self.waiting = self.waiting, []
        return await self._post_all(waiting)

    async def _post_all(self, updates: Sequence[Update]) -> list[Delivery]:
        ordered = _ordered(updates, self.plan)
        size = self.plan.batch
        batches = [ordered[first : first + size] for first in range(0, len(ordered), size)]
        deliveries = [self._delivery(batch) for batch in batches]
        self.deliveries += deliveries
        turn = asyncio.Semaphore(self.plan.parallel)
        await asyncio.gather(*(self._deliver(one, turn) for one in deliveries))
        return deliveries

    def _delivery(self, batch: Sequence[Update]) -> Delivery:
        raw = body_of(batch, self._account, self.plan.shape)
        return Delivery(raw, sign(raw, self._secret), len(batch))

    async def _deliver(self, delivery: Delivery, turn: asyncio.Semaphore) -> None:
        async with turn:
            behaviour = self._behaviours.take(On.WEBHOOK)
            await asyncio.sleep(behaviour.delay_seconds)
            for _ in range(behaviour.copies):
                await self._until_taken(delivery, behaviour)

    async def _until_taken(self, delivery: Delivery, behaviour: Behaviour) -> None:
        plan = self.plan
        for attempt in range(plan.retries + 1):
            if attempt:
                await self._pause(plan.pause_seconds * 2 ** (attempt - 1))
            delivery.answers.append(await self._post(delivery, behaviour, plan.answer_seconds))
            if delivery.taken:
                return

    async def _post(self, delivery: Delivery, behaviour: Behaviour, seconds: float) -> int:
        headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}
        if behaviour.signature != "missing":
            forged = behaviour.signature == "wrong"
            headers[SIGNATURE] = sign(b"other", self._secret) if forged else delivery.signature
        raw = delivery.raw[: len(delivery.raw) // 2] if behaviour.truncated else delivery.raw
        try:
            async with asyncio.timeout(seconds):
                answer = await self._http.post(
                    self.url or "", content=raw, headers=headers, timeout=None
                )
        except (httpx.TransportError, TimeoutError):
            return NOT_REACHED
        return answer.status_code


def _ordered(updates: Sequence[Update], plan: Plan) -> list[Update]:
    if plan.order == "reversed":
        return list(reversed(updates))
    ordered = list(updates)
    if plan.order == "shuffled":
        random.Random(plan.seed).shuffle(ordered)  # noqa: S311 - a test repeats it
    return ordered
