"""One process of a service: starts in the order of what it can do, stops without losing anything.

Started, it answers `/healthz` and `/readyz` first, then prepares its database, then publishes, then
consumes; what is away is waited for. Asked to stop (SIGTERM or SIGINT) it reports itself draining,
cancels its consumers before anything else, lets what was begun end, publishes, and only then
closes. A second signal ends it at once; nothing is lost by that either, only done again.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI

from shared.messaging.consumer import Consumer
from shared.messaging.errors import Unavailable
from shared.mongo.abandoned import keep_ending_abandoned
from shared.mongo.migrations import Index
from shared.observability.health import Health
from shared.observability.metrics import HttpMetrics
from shared.runtime.messaging import Messaging
from shared.runtime.settings import ServiceSettings
from shared.web.connections import Connections, Limits, limited

_log = logging.getLogger(__name__)
_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Service:
    """A service, wired by its `app.py`."""

    settings: ServiceSettings
    app: FastAPI
    messaging: Messaging
    health: Health
    collections: Sequence[str]
    indexes: Sequence[Index]
    consumers: Sequence[Consumer] = ()
    background: Sequence[Callable[[], Awaitable[None]]] = ()
    """Run from when the database is prepared until the stop; an end by error ends the process."""
    metrics: HttpMetrics | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


class _Http(uvicorn.Server):
    """uvicorn in our loop: the signals are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(service: Service) -> None:
    """Run until asked to stop. Raises what ended a task that must not end."""
    _watch_consumers(service)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.stopping.set)
    http = _http(service)
    serving = asyncio.create_task(http.serve([_listen(service.settings)]))
    working = asyncio.create_task(_work(service))
    stopped = asyncio.create_task(service.stopping.wait())
    await asyncio.wait({serving, working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for number in (signal.SIGTERM, signal.SIGINT):
        # From here on a signal does what it does by default: it ends the process.
        loop.remove_signal_handler(number)
    try:
        await _stop(service, http, serving, working)
    finally:
        stopped.cancel()
        await _close(service)


def _watch_consumers(service: Service) -> None:
    """Add the consumers to what `/readyz` reports: a connection alone brings no message in."""
    if service.settings.role == "api":
        return
    for consumer in service.consumers:

        async def check(consumer: Consumer = consumer) -> str | None:
            problem = consumer.problem
            return f"no messages come in ({problem}); they wait in the queue" if problem else None

        service.health.add(consumer.queue, check, degrades=True)


def _http(service: Service) -> _Http:
    config = uvicorn.Config(
        service.app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(service.settings.drain_seconds),
        lifespan="on",
    )
    limits = Limits(
        head_bytes=service.settings.head_bytes,
        head_seconds=service.settings.head_seconds,
        body_seconds=service.settings.body_seconds,
        upload_seconds=service.settings.upload_seconds,
        connections=service.settings.connections,
        connections_per_client=service.settings.connections_per_client,
        proxies=_proxies(config),
    )
    refused = service.metrics.refused if service.metrics else lambda _: None
    config.http = limited(Connections(limits, refused))
    return _Http(config)


def _proxies(config: uvicorn.Config) -> Sequence[str]:
    """Return whose word on client addresses uvicorn believes."""
    said = config.forwarded_allow_ips
    parts = said.split(",") if isinstance(said, str) else said
    return [part.strip() for part in parts if part.strip()]


def _listen(settings: ServiceSettings) -> socket.socket:
    """Bind here rather than in uvicorn, which would end the process where a port is taken."""
    listener = socket.create_server((settings.http_host, settings.http_port), backlog=2048)
    listener.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    return listener


async def _work(service: Service) -> None:
    await _prepared(service)
    messaging = service.messaging
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(messaging.commit.run())
        tasks.create_task(messaging.relay.run())
        tasks.create_task(keep_ending_abandoned(messaging.client))
        if service.settings.role != "api":
            # Where they are handled; else nobody could.
            tasks.create_task(messaging.sweeper.run())
        tasks.create_task(_connect(service))
        for job in service.background:
            tasks.create_task(_forever(job))


async def _prepared(service: Service) -> None:
    while True:
        try:
            await service.messaging.prepare(service.collections, service.indexes)
        except Unavailable:
            _log.warning("waiting for MongoDB")
            await asyncio.sleep(_PAUSE)
        else:
            return


async def _connect(service: Service) -> None:
    """Publish as soon as RabbitMQ is there; consume as soon as the topology is."""
    await service.messaging.bus.connect()
    service.messaging.relay.wake()
    if service.settings.role == "api":
        return
    for queue in (queue for consumer in service.consumers for queue in consumer.queues):
        # The broker announces no new queue, so it is asked.
        while not await service.messaging.bus.queue_exists(queue):  # noqa: ASYNC110
            await asyncio.sleep(_PAUSE)
    await service.messaging.broker.start()
    async with asyncio.TaskGroup() as tasks:
        for consumer in service.consumers:
            tasks.create_task(consumer.keep_consuming())


async def _forever(job: Callable[[], Awaitable[None]]) -> None:
    await job()


async def _stop(
    service: Service, http: _Http, serving: asyncio.Task[None], working: asyncio.Task[None]
) -> None:
    _log.info("stopping")
    service.health.drain()
    http.should_exit = True
    failed = [task for task in (serving, working) if task.done()]
    try:
        async with asyncio.timeout(service.settings.drain_seconds):
            for consumer in service.consumers:
                await consumer.cancel()
            await serving
            if not failed:
                await service.messaging.commit.drained()
                await service.messaging.relay.flushed()
                await service.messaging.outbox.retire()
    except (TimeoutError, Unavailable):
        _log.warning("stopped before all was done; what was not will be done again")
    working.cancel()
    await asyncio.gather(working, serving, return_exceptions=True)
    for task in failed:
        task.result()


async def _close(service: Service) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PAUSE * 4):
            await service.messaging.broker.stop()
            await service.messaging.bus.close()
    await service.messaging.client.close()
