"""A service that does nothing but count what fires, as processes that die where they are told to.

Every timer of the name `remind` writes its own document in `fired`, whose version is how often it
has fired.
"""

import multiprocessing
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic_settings import SettingsConfigDict

from shared.messaging import failpoints
from shared.messaging.collections import Collections
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork
from shared.observability.health import Health
from shared.runtime import Service, ServiceSettings, open_messaging, start, utc_now

FIRED = "fired"
POISON = "poison"
"""The key of a timer that ends each process that handles it."""

_SPAWN = multiprocessing.get_context("forkserver")
_SPAWN.set_forkserver_preload(["tests.torture.timer_desk"])


class Settings(ServiceSettings):
    """Read from `DESK_...`."""

    model_config = SettingsConfigDict(env_prefix="DESK_")

    http_port: int = 0
    path_prefix: str = "/desk"
    token_keys: Path = Path("not read here")


class Refused(Exception):  # noqa: N818 - never raised
    """Nothing is refused."""


async def remind(timer: Timer, uow: UnitOfWork) -> None:
    """Count; end the process where that is the timer's name for itself."""
    if timer.key == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    found = await uow.load(FIRED, timer.key)
    count = found["version"] + 1 if found else 1
    uow.put(FIRED, {"_id": timer.key, "version": count, "due": timer.due, "at": uow.now()})


def build(settings: Settings) -> Service:
    """Wire it."""
    messaging = open_messaging("desk", settings, CollectorRegistry(), utc_now, Collections())
    consumer = messaging.consumer(Refused)
    consumer.on_timer("remind")(remind)
    health = Health()
    messaging.watch(health)
    return Service(settings, FastAPI(), messaging, health, [FIRED], [], [consumer])


def serve(environment: Mapping[str, str], failpoint: str, log: str) -> None:
    """Be a process of this service, but for the seconds that importing takes."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ.update(environment)
    failpoints._ARMED = failpoints._Armed(failpoint)
    start(build(Settings()))


@dataclass
class Desk:
    """Processes of this service on one virtual host and one database."""

    amqp_url: str
    mongo_url: str
    database: str
    folder: Path
    processes: list[BaseProcess] = field(default_factory=list)

    def start(self, failpoint: str = "") -> BaseProcess:
        """Start one, to die at a failpoint if one is named."""
        name = f"desk-{len(self.processes)}"
        environment = {
            "DESK_AMQP_URL": self.amqp_url,
            "DESK_MONGO_URL": self.mongo_url,
            "DESK_MONGO_DATABASE": self.database,
            "DESK_INSTANCE": name,
        }
        words = (environment, failpoint, str(self.folder / f"{name}.log"))
        process = _SPAWN.Process(target=serve, args=words, daemon=True, name=name)
        process.start()
        self.processes.append(process)
        return process

    def died(self, process: BaseProcess) -> bool:
        """Return whether it was killed as `kill -9` would. Fails where it ended otherwise."""
        code = process.exitcode
        if code not in (None, -signal.SIGKILL):
            raise AssertionError((self.folder / f"{process.name}.log").read_text("utf-8")[-3000:])
        return code is not None

    def kill_all(self) -> None:
        """Kill what still runs."""
        for process in self.processes:
            kill(process)


def kill(process: BaseProcess) -> None:
    """Kill a process, wherever it is."""
    process.kill()
    process.join(10)
