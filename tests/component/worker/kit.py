"""A worker as a process of its own, and a client of it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from shared.worker.client import WorkerClient, WorkerMetrics

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 120.0


@dataclass
class Running:
    """A worker at work."""

    client: WorkerClient
    registry: CollectorRegistry
    process: asyncio.subprocess.Process
    log: Path
    socket: Path

    def count(self, job: str, outcome: str) -> float:
        """Return how many jobs ended so, by the client's metrics."""
        labels = {"job": job, "outcome": outcome}
        return self.registry.get_sample_value("jemput_worker_jobs_total", labels) or 0.0

    async def turned(self, *pieces: bytes) -> bytes:
        """Have a body turned round, sent in these pieces."""
        async with self.client.give("turn", {}, stream(pieces)) as answer:
            return b"".join([piece async for piece in answer.data])

    async def told(self) -> Mapping[str, Any]:
        """Return what a child tells of itself."""
        return await self.client.ask("tell", {})


async def stream(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces."""
    for piece in pieces:
        yield piece


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process brings about."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(
    folder: Path, *command: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Running]:
    """Run a worker at `folder / "socket"` until the end of the block; it ends in good order."""
    socket, log, registry = folder / "socket", folder / "worker.log", CollectorRegistry()
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, cwd=ROOT, stdout=out, stderr=out,
            env={"PATH": os.environ["PATH"], **(environment or {})},
        )  # fmt: skip
    client = WorkerClient(socket, WorkerMetrics(registry))
    try:
        async with asyncio.timeout(PATIENCE):
            while await client.check() is not None:
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.05)
        yield Running(client, registry, process, log, socket)
        if process.returncode is None:
            process.terminate()
            assert await asyncio.wait_for(process.wait(), PATIENCE) == 0, log.read_text()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def intakes(folder: Path) -> AsyncIterator[Running]:
    """Run intake's worker, which is told its role and its socket and nothing else."""
    told = {"INTAKE_ROLE": "worker", "INTAKE_WORKER_SOCKET": str(folder / "socket")}
    async with running(folder, "-m", "services.intake", environment=told) as at_work:
        yield at_work


def children_of(pid: int) -> Iterator[int]:
    """Yield the ids of a process's children."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text().split())


def gone(pid: int) -> bool:
    """Return whether a process has ended; nobody may have taken note of it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True
