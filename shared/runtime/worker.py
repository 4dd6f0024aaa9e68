"""The process of a service that does its heavy work (`ROLE=worker`), and the service's way to it.

The worker reads settings of its own: whatever the service is given to know, its worker is not.
"""

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from shared.runtime.assemble import ServiceContext
from shared.runtime.settings import ProcessSettings
from shared.runtime.start import run_process
from shared.worker.client import WorkerClient, WorkerMetrics
from shared.worker.jobs import MIB, Job, Lane
from shared.worker.pool import Size
from shared.worker.server import Worker


class WorkerSettings(ProcessSettings):
    """Of the worker alone; a service's own class adds its prefix."""

    role: Literal["all", "api", "consumer", "worker"] = "all"
    worker_socket: Path | None = Field(default=None, description="A Unix domain socket, made here.")
    quick_children: int = Field(default=1, ge=1, le=16, description="For quick jobs.")
    quick_mib: int = Field(default=256, ge=128, description="Address space of each, at most.")
    heavy_children: int = Field(default=1, ge=1, le=16, description="For heavy jobs.")
    heavy_mib: int = Field(default=640, ge=256, description="Address space of each, at most.")
    reading_children: int = Field(default=1, ge=1, le=16, description="For the text of documents.")
    reading_mib: int = Field(default=512, ge=256, description="Address space of each, at most.")
    waiting: int = Field(default=32, ge=1, description="Jobs of a lane that wait; more are a 503.")
    drain_seconds: float = Field(default=10.0, gt=0, description="For the jobs at work at a stop.")

    @property
    def sizes(self) -> Mapping[Lane, Size]:
        """Return how much each lane may use."""
        quick = Size(
            children=self.quick_children, waiting=self.waiting, memory=self.quick_mib * MIB
        )
        heavy = Size(
            children=self.heavy_children, waiting=self.waiting, memory=self.heavy_mib * MIB
        )
        reading = Size(
            children=self.reading_children, waiting=self.waiting, memory=self.reading_mib * MIB
        )
        return {Lane.QUICK: quick, Lane.HEAVY: heavy, Lane.READING: reading}


def start_worker(service: str, settings: WorkerSettings, jobs: Mapping[str, Job]) -> None:
    """Run a service's worker until it is asked to stop. Raises ValueError without a socket."""
    if settings.worker_socket is None:
        raise ValueError("a worker needs WORKER_SOCKET")
    running = _run(settings, settings.worker_socket, jobs)
    run_process(f"{service}-worker", settings, running)


async def _run(settings: WorkerSettings, socket: Path, jobs: Mapping[str, Job]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    worker = Worker(jobs, settings.sizes)
    await worker.run(socket, stopping, settings.drain_seconds)


def open_worker(socket: Path | None, context: ServiceContext) -> WorkerClient:
    """Return a service's way to its worker, seen in `/readyz` and `/metrics`."""
    client = WorkerClient(socket, WorkerMetrics(context.registry))
    context.health.add("worker", client.check, degrades=True)
    return client
