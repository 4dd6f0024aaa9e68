"""Honest requests at a steady pace, in a process of their own so that attacks do not time them.

`python -m tests.torture.hostile.neighbour FILE` reads a plan from standard input, records requests
at intake and reads at courier and reporting until SIGTERM, and writes what came of each to FILE.
A request that is not answered 201 is sent again under its key, as honest senders do.
"""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.local.folder import ROOT
from shared.contracts.envelope import new_id
from tests.torture.hostile.stage import PROGRAMME, Stage, request

EVERY: Final = 0.1
LONGEST: Final = 900.0
_TRIES: Final = 60
_PAUSE: Final = 0.5
RECORD: Final = "record"


class Neighbour:
    """The process, and what it has found once it is over."""

    def __init__(self, result: Path, process: subprocess.Popen[str]) -> None:
        self._result = result
        self._process = process
        self.samples: list[dict[str, Any]] = []

    def end(self) -> None:
        """End the process and read what it has found."""
        self._process.terminate()
        self._process.wait(60)
        self.samples = json.loads(self._result.read_text("utf-8"))

    def kill(self) -> None:
        """End the process whatever it is at."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@contextmanager
def going_on(stage: Stage) -> Iterator[Neighbour]:
    """Have a neighbour send until it is ended, or the block is."""
    grants = (f"operator:{PROGRAMME}:32.75", "admin:*:*", "head:*:*")
    plan = {
        "token": stage.stack.token("hostile-neighbour", *grants),
        "urls": {name: stage.stack.url(name) for name in stage.stack.services},
    }
    result = stage.folder / "neighbour.json"
    command = [sys.executable, "-m", "tests.torture.hostile.neighbour", str(result)]
    # A session of its own, as the services have: the attacker's gives way.
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, text=True, start_new_session=True
    )
    neighbour = Neighbour(result, process)
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(plan))
        process.stdin.close()
        yield neighbour
    finally:
        neighbour.kill()


async def run(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Send until SIGTERM, at most for `LONGEST`, and return what came of each request."""
    stop, samples = asyncio.Event(), list[dict[str, Any]]()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    end, urls = time.monotonic() + LONGEST, plan["urls"]
    async with AsyncExitStack() as clients, asyncio.TaskGroup() as tasks:
        # Each service has clients of its own: who waits for one is in nobody's way to another.
        http = {name: await clients.enter_async_context(_client(plan)) for name in urls}
        number = 0
        while not stop.is_set() and time.monotonic() < end:
            number += 1
            tasks.create_task(_record(http["intake"], urls["intake"], number, samples))
            for service in ("courier", "reporting"):
                url = f"{urls[service]}/api/programmes"
                tasks.create_task(_read(http[service], service, url, samples))
            await _within(stop, EVERY)
    return samples


def _client(plan: dict[str, Any]) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {plan['token']}"}
    return httpx.AsyncClient(timeout=30, headers=headers, limits=httpx.Limits())


async def _within(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def _record(
    http: httpx.AsyncClient, url: str, number: int, samples: list[dict[str, Any]]
) -> None:
    key, body = {"Idempotency-Key": new_id()}, request(1 + number % 90)
    sample: dict[str, Any] = {"stream": RECORD, "case_id": None}
    samples.append(sample)
    for attempt in range(_TRIES):
        began = time.monotonic()
        status, case_id = await _post(http, f"{url}/api/requests", body, key)
        if attempt == 0:
            sample |= {"at": began, "ms": 1000 * (time.monotonic() - began), "status": status}
        if status == httpx.codes.CREATED:
            sample["case_id"] = case_id
            return
        await asyncio.sleep(_PAUSE)


async def _post(
    http: httpx.AsyncClient, url: str, body: dict[str, Any], headers: dict[str, str]
) -> tuple[int, str | None]:
    try:
        answer = await http.post(url, json=body, headers=headers)
    except httpx.HTTPError:
        return 0, None
    created = answer.status_code == httpx.codes.CREATED
    return answer.status_code, answer.json()["case_id"] if created else None


async def _read(
    http: httpx.AsyncClient, stream: str, url: str, samples: list[dict[str, Any]]
) -> None:
    began = time.monotonic()
    try:
        status = (await http.get(url)).status_code
    except httpx.HTTPError:
        status = 0
    took = 1000 * (time.monotonic() - began)
    samples.append({"stream": stream, "at": began, "ms": took, "status": status})


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(asyncio.run(run(json.load(sys.stdin)))), "utf-8")
