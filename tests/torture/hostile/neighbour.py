"""Honest requests at a steady pace, each service's in a process of its own.

So neither attacks nor the answers of another service time them: when a database that hung goes on,
a hundred callers of intake are answered at once. `python -m tests.torture.hostile.neighbour FILE`
reads a plan from standard input, records requests at intake or reads at another service until
SIGTERM, and writes what came of each to FILE. A request that is not answered 201 is sent again
under its key, as honest senders do.
"""

import asyncio
import itertools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
STREAMS: Final = {RECORD: "intake", "courier": "courier", "reporting": "reporting"}


class Neighbour:
    """The processes, and what they have found once they are over."""

    def __init__(self) -> None:
        self._processes: dict[Path, subprocess.Popen[str]] = {}
        self.samples: list[dict[str, Any]] = []

    def start(self, plan: dict[str, Any], result: Path) -> None:
        """Have one service asked, from a session of its own: the attacker's gives way."""
        command = [sys.executable, "-m", "tests.torture.hostile.neighbour", str(result)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        self._processes[result] = process
        assert process.stdin is not None
        process.stdin.write(json.dumps(plan))
        process.stdin.close()

    def end(self) -> None:
        """End the processes and read what they have found."""
        for process in self._processes.values():
            process.terminate()
        for result, process in self._processes.items():
            process.wait(60)
            self.samples += json.loads(result.read_text("utf-8"))

    def kill(self) -> None:
        """End the processes whatever they are at."""
        for process in self._processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()


@contextmanager
def going_on(stage: Stage) -> Iterator[Neighbour]:
    """Have neighbours send until they are ended, or the block is."""
    grants = (f"operator:{PROGRAMME}:32.75", "admin:*:*", "head:*:*")
    token = stage.stack.token("hostile-neighbour", *grants)
    neighbour = Neighbour()
    try:
        for stream, service in STREAMS.items():
            plan = {"token": token, "stream": stream, "url": stage.stack.url(service)}
            neighbour.start(plan, stage.folder / f"neighbour-{stream}.json")
        yield neighbour
    finally:
        neighbour.kill()


async def run(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Send until SIGTERM, at most for `LONGEST`, and return what came of each request."""
    stop, samples = asyncio.Event(), list[dict[str, Any]]()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    headers = {"Authorization": f"Bearer {plan['token']}"}
    end, stream, url = time.monotonic() + LONGEST, plan["stream"], plan["url"]
    # No limit of connections: who waits for an answer holds up nobody who asks after him.
    http = httpx.AsyncClient(timeout=30, headers=headers, limits=httpx.Limits())
    async with http, asyncio.TaskGroup() as tasks:
        for number in itertools.count(1):
            if stream == RECORD:
                tasks.create_task(_record(http, url, number, samples))
            else:
                tasks.create_task(_read(http, stream, f"{url}/api/programmes", samples))
            await _within(stop, EVERY)
            if stop.is_set() or time.monotonic() > end:
                break
    return samples


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
