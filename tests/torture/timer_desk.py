"""`python -m tests.torture.timer_desk`: a service that does nothing but count what fires.

Read from `DESK_...`; `JEMPUT_FAILPOINT` says where it dies. `Desk` starts it and kills it. Every
timer of the name `remind` writes its own document in `fired`, with how often it has fired.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic_settings import SettingsConfigDict

from deploy.local.folder import ROOT
from shared.messaging.collections import Collections
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork
from shared.observability.health import Health
from shared.runtime import Service, ServiceSettings, open_messaging, start, utc_now

FIRED = "fired"


class Settings(ServiceSettings):
    """Read from `DESK_...`."""

    model_config = SettingsConfigDict(env_prefix="DESK_")

    http_port: int = 0
    token_keys: Path = Path("not read here")


class Refused(Exception):  # noqa: N818 - never raised
    """Nothing is refused."""


async def remind(timer: Timer, uow: UnitOfWork) -> None:
    """Count."""
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


@dataclass
class Desk:
    """Processes of this service on one virtual host and one database."""

    amqp_url: str
    mongo_url: str
    database: str
    folder: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self, failpoint: str = "") -> "subprocess.Popen[bytes]":
        """Start one, to die at a failpoint if one is named."""
        environment: Mapping[str, str] = {
            **os.environ,
            "DESK_AMQP_URL": self.amqp_url,
            "DESK_MONGO_URL": self.mongo_url,
            "DESK_MONGO_DATABASE": self.database,
            "DESK_INSTANCE": f"desk-{len(self.processes)}",
            "JEMPUT_FAILPOINT": failpoint,
        }
        command = [sys.executable, "-m", "tests.torture.timer_desk"]
        with (self.folder / f"desk-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def log(self, process: "subprocess.Popen[bytes]") -> str:
        """Return the last that a process said."""
        number = self.processes.index(process)
        return (self.folder / f"desk-{number}.log").read_text("utf-8")[-3000:]

    def stop_all(self) -> None:
        """Kill what still runs."""
        for process in self.processes:
            kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process, wherever it is."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait(10)


def died(process: "subprocess.Popen[bytes]") -> bool:
    """Return whether a process was killed as `kill -9` would. Fails where it ended otherwise."""
    code = process.poll()
    assert code in (None, -signal.SIGKILL), code
    return code is not None


if __name__ == "__main__":
    start(build(Settings()))
