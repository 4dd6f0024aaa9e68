"""The key `road`: from HTTP at intake to the total in reporting, at stated rates; see README.md."""

import asyncio
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp

from deploy.local import stack as stacks
from deploy.local.demo.botram import REQUESTS
from deploy.local.demo.client import Client, Refusal, until
from deploy.local.demo.run import PROGRAMMES
from deploy.local.folder import ROOT
from deploy.local.servers import Say, Servers
from deploy.local.stack import Stack
from shared.runtime.start import utc_now
from tests.benchmarks.load import bodies
from tests.benchmarks.vhosts import vhost

RATES: Final = (54, 300, 500)
SECONDS: Final = 20
_WARM: Final = (54, 5)
_VHOST = "bench-road"
_BOOTHS = {f"booth-{number}": service for number, service in enumerate(REQUESTS)}
_LOOK_EVERY = 0.1
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What reporting's total said at a moment."""

    at: float
    count: int


def measure(servers: Servers, say: Say, seconds: int) -> dict[str, object]:
    """Run the four services, and measure one rate after the other."""
    with (
        tempfile.TemporaryDirectory(prefix="jemput-road-") as folder,
        vhost(servers, _VHOST),
        stacks.running(servers, Path(folder), say=say, vhost=_VHOST, prefix="bench_road_") as stack,
    ):
        return {"road": asyncio.run(_rates(stack, Path(folder), say, seconds))}


async def _rates(stack: Stack, folder: Path, say: Say, seconds: int) -> list[dict[str, Any]]:
    async with client_of(stack) as client:
        await publish(client, stack)
        line, found = Line(client, stack, folder), []
        await line.measure(*_WARM)
        for rate in RATES:
            one = await line.measure(rate, seconds)
            say(f"road: {json.dumps(one)}")
            found.append(one)
        return found


class Line:
    """The way from a request to the total; every rate has an event of its own."""

    def __init__(self, client: Client, stack: Stack, folder: Path) -> None:
        self._client = client
        self._stack = stack
        self._folder = folder
        self._first = 0
        self._head = stack.token("bench-head", "head:*:*")
        self._operator = stack.token("bench-operator", "operator:botram:32.16")

    async def measure(self, rate: int, seconds: int) -> dict[str, Any]:
        """Send at one rate while the total is watched, and return the figures."""
        event = f"bench-{self._first}"
        await self._open(event)
        seen: list[Seen] = []
        sending = asyncio.create_task(asyncio.to_thread(self._send, event, rate, seconds))
        while not sending.done():
            await self._look(event, seen)
        requests = await sending
        self._first += len(requests)
        accepted = sum(request["accepted"] for request in requests)
        end = time.monotonic() + _PATIENCE
        while seen[-1].count < accepted and time.monotonic() < end:
            await self._look(event, seen)
        return figures(rate, requests, seen)

    async def _open(self, event: str) -> None:
        """Plan an event and record one request at it, which is not in the figures."""
        planner = self._stack.token("bench-planner", "planner:botram:32.16")
        await self._client.retry_until_accepted(
            "PUT", "scheduler", f"/api/events/{event}", planner, plan_of_today(_BOOTHS)
        )
        (body,) = bodies(event, self._first, 1)
        await self._client.retry_until_accepted(
            "POST", "intake", "/api/requests", self._operator, body
        )
        self._first += 1

        async def shown() -> bool:
            with suppress(Refusal):
                return await self._total(event) == 1
            return False

        await until("the first request is in the total", shown)

    async def _look(self, event: str, seen: list[Seen]) -> None:
        await asyncio.sleep(_LOOK_EVERY)
        total = await self._total(event)
        seen.append(Seen(time.monotonic(), total - 1))

    async def _total(self, event: str) -> int:
        report = await self._client.get("reporting", f"/api/events/{event}/report", self._head)
        return int(report["measures"].get("requests_received", 0))

    def _send(self, event: str, rate: int, seconds: int) -> list[dict[str, Any]]:
        """Have a process of its own send the requests."""
        plan = {
            "url": f"{self._stack.url('intake')}/api/requests",
            "token": self._operator,
            "event_id": event,
            "rate": rate,
            "seconds": seconds,
            "first": self._first,
        }
        result = self._folder / f"{event}.json"
        command = [sys.executable, "-m", "tests.benchmarks.load", str(result)]
        subprocess.run(command, cwd=ROOT, input=json.dumps(plan), text=True, check=True)
        found: list[dict[str, Any]] = json.loads(result.read_text("utf-8"))
        return found


def figures(
    rate: int, requests: Sequence[Mapping[str, Any]], seen: Sequence[Seen]
) -> dict[str, Any]:
    """Return what is written for one rate.

    The total is a number, so requests are found in it by their order: the first that came is shown
    when the total first says one, the next when it says two.
    """
    accepted = [request for request in requests if request["accepted"]]
    dues = sorted(request["due"] for request in accepted)
    took = max(request["answered"] for request in requests) - min(r["due"] for r in requests)
    counted = seen[-1].count
    return {
        "offered_per_s": rate,
        "accepted_per_s": round(len(accepted) / took, 1),
        "http_p99_ms": p99_ms([one["answered"] - one["due"] for one in accepted]),
        "total_p99_ms": p99_ms(waits(dues, seen)),
        "lost": max(0, len(accepted) - counted),
        "refused": len(requests) - len(accepted),
        "unconfirmed": max(0, counted - len(accepted)),
        "late_sent_p99_ms": p99_ms([one["sent"] - one["due"] for one in requests]),
    }


def waits(dues: Sequence[float], seen: Sequence[Seen]) -> list[float]:
    """Return how long each request waited until the total had it; those it never had are lost."""
    found: list[float] = []
    for look in seen:
        found += [look.at - due for due in dues[len(found) : look.count]]
    return found


def p99_ms(seconds: Sequence[float]) -> float | None:
    """Return the 99th percentile in milliseconds, none where there is nothing."""
    if not seconds:
        return None
    return round(1000 * sorted(seconds)[math.ceil(0.99 * len(seconds)) - 1], 1)


def plan_of_today(booths: Mapping[str, str]) -> dict[str, Any]:
    """Return an event of today, from midnight to midnight; `booths`: the service of each."""
    return {
        "programme_id": "botram",
        "name": "BOTRAM Ukur",
        "place": "Lapangan",
        "region_code": "32.16.18",
        "on": utc_now().astimezone(ZoneInfo("Asia/Jakarta")).date().isoformat(),
        "opens": "00:00",
        "closes": "23:59",
        "booths": [
            {"booth_id": one, "agency": "Disdukcapil", "services": [service], "ticketed": True}
            for one, service in booths.items()
        ],
    }


async def publish(client: Client, stack: Stack) -> None:
    """Publish the programme whose events are measured."""
    programme = json.loads((PROGRAMMES / "botram.json").read_text("utf-8"))
    path = f"/api/programmes/{programme.pop('id')}"
    await client.send("PUT", "intake", path, stack.token("bench-admin", "admin:*:*"), programme)


@asynccontextmanager
async def client_of(stack: Stack) -> AsyncIterator[Client]:
    """Yield a way into the services of a stack."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http:
        yield Client(http, {service: stack.url(service) for service in stack.services})
