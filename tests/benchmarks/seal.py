"""The key `seal`: requests recorded with residents sealed and plain, in turn; see README.md."""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from deploy.local import stack as stacks
from deploy.local.folder import ROOT
from deploy.local.processes import Process, await_ready
from deploy.local.servers import Say, Servers
from deploy.local.stack import WORKER, Stack
from shared.contracts.envelope import new_id
from tests.benchmarks.load import bodies
from tests.benchmarks.vhosts import vhost

REQUESTS: Final = 2_000
"""Recorded in each round of each of the two."""
ROUNDS: Final = 5
_AT_ONCE: Final = 64
_WARM: Final = 200
_CREATED: Final = 201
_KINDS: Final[Mapping[str, str]] = {
    "sealed": "services.intake",
    "plain": "tests.benchmarks.plain_intake",
}


@dataclass
class Side:
    """One of the two intakes, and how many it has recorded a second in each round."""

    stack: Stack
    first: int = 0

    async def record(self, many: int) -> float:
        """Have so many requests recorded, each of another person; return how many a second."""
        waiting = iter([self._body(one) for one in bodies("none", self.first, many)])
        self.first += many
        token = self.stack.token("bench-operator", "operator:botram:32.16")
        connector = aiohttp.TCPConnector(limit=_AT_ONCE)
        async with aiohttp.ClientSession(connector=connector) as http:
            began = time.monotonic()
            await asyncio.gather(*(self._send(http, token, waiting) for _ in range(_AT_ONCE)))
            return many / (time.monotonic() - began)

    def _body(self, body: dict[str, Any]) -> dict[str, Any]:
        # No event: scheduler, which would announce it, does not run here.
        return {name: value for name, value in body.items() if name != "event_id"}

    async def _send(
        self, http: aiohttp.ClientSession, token: str, waiting: Iterator[dict[str, Any]]
    ) -> None:
        url = f"{self.stack.url('intake')}/api/requests"
        for body in waiting:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
            async with http.post(url, json=body, headers=headers) as answer:
                if answer.status != _CREATED:
                    raise RuntimeError(f"not recorded: {answer.status} {await answer.text()}")


def measure(
    servers: Servers, say: Say, requests: int = REQUESTS, rounds: int = ROUNDS
) -> dict[str, object]:
    """Run both, and have them record in turn."""
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="jemput-seal-")))
        sides = {kind: open_.enter_context(_side(servers, folder, kind)) for kind in _KINDS}
        rates = asyncio.run(_rates(sides, requests, rounds))
    found = figures(rates)
    say(f"seal: {found}")
    return {"seal": found}


async def _rates(sides: Mapping[str, Side], requests: int, rounds: int) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {kind: [] for kind in sides}
    for side in sides.values():
        await side.record(_WARM)
    for number in range(rounds):
        # In turn from round to round, so that neither always comes first.
        for kind in sorted(sides, reverse=bool(number % 2)):
            rates[kind].append(await sides[kind].record(requests))
    return rates


def figures(rates: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the medians of both, and the median of the rounds' own ratios."""
    ratios = [s / p for s, p in zip(rates["sealed"], rates["plain"], strict=True)]
    return {
        "sealed_per_s": round(statistics.median(rates["sealed"]), 1),
        "plain_per_s": round(statistics.median(rates["plain"]), 1),
        "ratio": round(statistics.median(ratios), 3),
    }


@contextmanager
def _side(servers: Servers, folder: Path, kind: str) -> Iterator[Side]:
    name = f"bench-seal-{kind}"
    with vhost(servers, name):
        stack = stacks.prepared(
            servers,
            folder / kind,
            vhost=name,
            prefix=f"bench_seal_{kind}_",
            services=["intake"],
        )
        stack.publish_shipped()
        process = Process(
            kind,
            [sys.executable, "-m", _KINDS[kind]],
            stack._environment("intake"),
            folder / f"{kind}.log",
            cwd=ROOT,
        )
        stack.start(f"intake{WORKER}")
        process.start()
        try:
            await_ready(lambda: stack.ready("intake"), what=kind, timeout=60, process=process)
            yield Side(stack)
        finally:
            process.terminate(30)
            stack.stop()
