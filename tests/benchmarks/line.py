"""The key `line`: 45 booths and 45 screens at once while people come; see README.md."""

import asyncio
import random
import re
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import Any, Final

import aiohttp

from deploy.local import stack as stacks
from deploy.local.demo.botram import REQUESTS, TOTAL
from deploy.local.demo.client import Client, until
from deploy.local.servers import Say, Servers
from deploy.local.stack import Stack
from shared.contracts.envelope import new_id
from tests.benchmarks.road import client_of, p99_ms, plan_of_today, publish
from tests.benchmarks.vhosts import vhost

BOOTHS: Final = 45
SECONDS: Final = 120
"""In which so many come as are asked for in ten minutes."""
_EVENT: Final = "bench-line"
_WALK: Final = 2.0
"""Seconds from the gate to a booth's call."""
_SERVED_IN: Final = (1.0, 3.0)
_LOOK: Final = 10.0
"""Seconds between two looks of a booth's page, as `gerai.js` has it."""
_PATIENCE: Final = 15.0
_SHOWN: Final = re.compile(r"<strong>([A-Z]{1,2}[0-9]+)</strong>")
_VHOST: Final = "bench-line"
_UNANSWERED: Final = 0
_FIRST_WRONG: Final = 300


@dataclass(slots=True)
class Seen:
    """What came of the people: times are the machine's monotonic clock, in seconds."""

    admitted: list[str] = field(default_factory=list)
    called: list[tuple[str, float, float, float]] = field(default_factory=list)
    """The number, and when the call was due, sent and answered; also of those called at the end."""
    shown: dict[str, float] = field(default_factory=dict)
    """When a screen first had a number."""
    served: int = 0
    """As the office counts them at the end."""
    errors: int = 0
    late_calls: int = 0
    """Of `called`, the last ones: those that were left at the end, which no figure of time has."""


def measure(servers: Servers, say: Say, people: int = TOTAL) -> dict[str, object]:
    """Run the four services, and have so many come to an event with all its booths and screens."""
    with (
        tempfile.TemporaryDirectory(prefix="jemput-line-") as folder,
        vhost(servers, _VHOST),
        stacks.running(servers, Path(folder), say=say, vhost=_VHOST, prefix="bench_line_") as stack,
    ):
        found = asyncio.run(_day(stack, people))
    say(f"line: {found}")
    return {"line": found}


async def _day(stack: Stack, people: int) -> dict[str, Any]:
    async with _sessions() as (http, live), client_of(stack) as client:
        floor = Floor(stack, http, live)
        seconds = SECONDS * people / TOTAL
        await publish(client, stack)
        await floor.open(client)
        await floor.run(people, seconds)
        return {"people": people, "seconds": round(seconds), **figures(floor.seen)}


@asynccontextmanager
async def _sessions() -> AsyncIterator[tuple[aiohttp.ClientSession, aiohttp.ClientSession]]:
    """Yield one for commands, and one for streams, which never end by themselves."""
    short, endless = aiohttp.ClientTimeout(total=15), aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=short, connector=aiohttp.TCPConnector(limit=0)) as http,
        aiohttp.ClientSession(timeout=endless, connector=aiohttp.TCPConnector(limit=0)) as live,
    ):
        yield http, live


def booths() -> dict[str, str]:
    """Return the service of each booth; each service has booths by the requests of 11 March."""
    shares = {service: round(BOOTHS * many / TOTAL) for service, many in REQUESTS.items()}
    numbers = count(1)
    return {f"gerai-{next(numbers)}": one for one, many in shares.items() for _ in range(many)}


class Floor:
    """An event with its booths, each with its page and its screen."""

    def __init__(
        self, stack: Stack, http: aiohttp.ClientSession, live: aiohttp.ClientSession
    ) -> None:
        self._stack = stack
        self._http = http
        self._live = live
        self._url = stack.url("scheduler")
        self._booths = booths()
        self._tokens = {one: self._token(one) for one in ("gate", *self._booths)}
        self._ready: set[str] = set()
        self.seen = Seen()

    def _token(self, name: str) -> str:
        return self._stack.token(f"bench-{name}", "operator:botram:32.16")

    async def open(self, client: Client) -> None:
        """Plan the event, once the programme has reached scheduler."""
        planner = self._stack.token("bench-planner", "planner:botram:32.16")
        path, plan = f"/api/events/{_EVENT}", plan_of_today(self._booths)
        await client.retry_until_accepted("PUT", "scheduler", path, planner, plan)

    async def run(self, people: int, seconds: float) -> None:
        """Have people come, be called and be served, while every page and screen is open."""
        async with asyncio.TaskGroup() as open_:
            pages = [open_.create_task(self._look(one)) for one in self._booths]
            pages += [open_.create_task(self._watch(one)) for one in self._booths]
            await until("every screen is live", self._all_live)
            await self._people(people, seconds)
            await self._left()
            await self._all_shown()
            for page in pages:
                page.cancel()
        _, event = await self._ask("GET", "", self._tokens["gate"])
        self.seen.served = sum(line["served"] for line in event["lines"])

    async def _all_live(self) -> bool:
        return len(self._ready) == len(self._booths)

    async def _people(self, people: int, seconds: float) -> None:
        """Everybody comes at his moment, whatever became of those before him."""
        chance = random.Random(people)
        wanted = chance.choices(list(REQUESTS), weights=list(REQUESTS.values()), k=people)
        of = {
            service: cycle([one for one, has in self._booths.items() if has == service])
            for service in REQUESTS
        }
        start = time.monotonic() + 0.5
        async with asyncio.TaskGroup() as visits:
            for moment in sorted(chance.uniform(0, seconds) for _ in wanted):
                service = wanted.pop()
                stay = chance.uniform(*_SERVED_IN)
                visits.create_task(self._visit(service, next(of[service]), start + moment, stay))

    async def _visit(self, service: str, booth: str, due: float, stay: float) -> None:
        await _until(due)
        status, body = await self._ask(
            "POST", "/arrivals", self._tokens["gate"], {"services": [service]}
        )
        if self._right(status):
            self.seen.admitted.append(body["tickets"][0]["label"])
        await _until(due + _WALK)
        number = await self._call(booth, due + _WALK)
        if number is not None:
            await asyncio.sleep(stay)
            await self._serve(booth, number)

    async def _call(self, booth: str, due: float) -> int | None:
        """Call the next at a booth; return his number, or None: nobody waits."""
        sent = time.monotonic()
        status, body = await self._ask("POST", f"/booths/{booth}/calls", self._tokens[booth], {})
        ticket = body["ticket"] if self._right(status) else None
        if ticket is None:
            return None
        self.seen.called.append((ticket["label"], due, sent, time.monotonic()))
        return int(ticket["number"])

    async def _serve(self, booth: str, number: int) -> None:
        path = f"/services/{self._booths[booth]}/tickets/{number}/serve"
        status, _ = await self._ask("POST", path, self._tokens[booth], {"booth_id": booth})
        self._right(status)

    def _right(self, status: int) -> bool:
        right = _UNANSWERED < status < _FIRST_WRONG
        self.seen.errors += not right
        return right

    async def _left(self) -> None:
        """Call and serve whoever still waits, where a call found nobody who came a moment later."""
        before = len(self.seen.called)
        for booth in self._booths:
            while (number := await self._call(booth, time.monotonic())) is not None:
                await self._serve(booth, number)
        self.seen.late_calls = len(self.seen.called) - before

    async def _look(self, booth: str) -> None:
        """Look at a booth's page as its script does."""
        while True:
            status, _ = await self._ask("GET", f"/booths/{booth}/screen", self._tokens[booth])
            self._right(status)
            await asyncio.sleep(_LOOK)

    async def _watch(self, booth: str) -> None:
        """Read the stream of a booth's screen, and come back where it ends."""
        url, query = f"{self._url}/papan/{_EVENT}/arus", {"gerai": booth}
        while True:
            async with self._live.get(url, params=query) as stream:
                if not self._right(stream.status):
                    await asyncio.sleep(1)
                    continue
                async for line in stream.content:
                    self._ready.add(booth)
                    now = time.monotonic()
                    for label in _SHOWN.findall(line.decode()):
                        self.seen.shown.setdefault(label, now)

    async def _all_shown(self) -> None:
        """Wait until the screens have every call, but not for ever: what they lack is counted."""
        end = time.monotonic() + _PATIENCE
        timed = self.seen.called[: len(self.seen.called) - self.seen.late_calls]
        while time.monotonic() < end and any(one[0] not in self.seen.shown for one in timed):  # noqa: ASYNC110
            await asyncio.sleep(0.1)

    async def _ask(
        self, method: str, path: str, token: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        if body is not None:
            headers["Idempotency-Key"] = new_id()
        url = f"{self._url}/api/events/{_EVENT}{path}"
        try:
            async with self._http.request(method, url, json=body, headers=headers) as answer:
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return _UNANSWERED, None


async def _until(moment: float) -> None:
    if (early := moment - time.monotonic()) > 0:
        await asyncio.sleep(early)


def figures(seen: Seen) -> dict[str, Any]:
    """Return what is written. `lost`: has a number, and was never called or not served."""
    timed = seen.called[: len(seen.called) - seen.late_calls]
    took = [answered - due for _, due, _, answered in timed]
    board = [seen.shown[label] - due for label, due, _, _ in timed if label in seen.shown]
    numbers = {label for label, *_ in seen.called}
    return {
        "booths": BOOTHS,
        "calls": len(timed),
        "call_p50_ms": _p50_ms(took),
        "call_p99_ms": p99_ms(took),
        "board_p50_ms": _p50_ms(board),
        "board_p99_ms": p99_ms(board),
        "unshown": len(timed) - len(board),
        "errors": seen.errors,
        "doubled": len(seen.called) - len(numbers) + len(seen.admitted) - len({*seen.admitted}),
        "lost": max(len({*seen.admitted} - numbers), len(seen.admitted) - seen.served),
        "late_sent_p99_ms": p99_ms([sent - due for _, due, sent, _ in timed]),
    }


def _p50_ms(seconds: Sequence[float]) -> float | None:
    return round(1000 * statistics.median(seconds), 1) if seconds else None
