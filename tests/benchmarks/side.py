"""An intake beside another one on the same servers, each with a database and a host of its own."""

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from deploy.local import stack as stacks
from deploy.local.folder import ROOT
from deploy.local.processes import Process, await_ready
from deploy.local.servers import Servers
from deploy.local.stack import WORKER, Stack
from shared.contracts.envelope import new_id
from tests.benchmarks.load import bodies
from tests.benchmarks.vhosts import sink, vhost

_AT_ONCE: Final = 64
_CREATED: Final = 201
_WARM: Final = 200


@dataclass
class Side:
    """One of several intakes, and how many requests it has recorded."""

    stack: Stack
    first: int = 0
    pid: int = 0
    """Of the process that records."""

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


async def in_turn(sides: Mapping[str, Side], requests: int, rounds: int) -> dict[str, list[float]]:
    """Have all record so many in each round, one after the other; return how many a second."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for one in sides.values():
        await one.record(min(requests, _WARM))
    for number in range(rounds):
        # The other way round each time, so that none always comes first.
        for name in sorted(sides, reverse=bool(number % 2)):
            rates[name].append(await sides[name].record(requests))
    return rates


@contextmanager
def side(
    servers: Servers, folder: Path, name: str, module: str = "services.intake"
) -> Iterator[Side]:
    """Run an intake under a name of its own until the end of the block."""
    with vhost(servers, f"bench-{name}"):
        stack = stacks.prepared(
            servers,
            folder / name,
            vhost=f"bench-{name}",
            prefix=f"bench_{name}_",
            services=["intake"],
        )
        sink(servers, f"bench-{name}")
        stack.publish_shipped()
        process = Process(
            name,
            [sys.executable, "-m", module],
            stack._environment("intake"),
            folder / f"{name}.log",
            cwd=ROOT,
        )
        stack.start(f"intake{WORKER}")
        process.start()
        try:
            await_ready(lambda: stack.ready("intake"), what=name, timeout=60, process=process)
            yield Side(stack, pid=process.pid or 0)
        finally:
            process.terminate(30)
            stack.stop()
