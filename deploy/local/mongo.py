"""A mongod of our own: a replica set of one, with users."""

import os
from dataclasses import dataclass
from pathlib import Path

from deploy.local import replica
from deploy.local.folder import private
from deploy.local.processes import Process, await_ready
from shared.mongo.users import TRANSACTION_SECONDS

READY_SECONDS = 120.0


def arguments(
    port: int, data: str, address: str = "127.0.0.1", *, test_commands: bool = False
) -> list[str]:
    """Options of a small mongod for tests and demonstrations, without authentication.

    `test_commands` allows `failCommand`, by which torture tests cut a commit off; it needs no
    password, so nothing else may have it. The server runs no JavaScript: no query of ours holds
    any. The shutdown wait is for clients to find another primary, and there is none. The limit of
    transactions stands here because what a command sets is forgotten at the next start.
    """
    faults = ("--setParameter", "enableTestCommands=1") if test_commands else ()
    return [
        *("--port", str(port), "--bind_ip", address, "--dbpath", data, "--nounixsocket"),
        *("--replSet", replica.NAME, "--oplogSize", "256", "--wiredTigerCacheSizeGB", "0.5"),
        *("--setParameter", f"transactionLifetimeLimitSeconds={TRANSACTION_SECONDS}"),
        "--noscripting",
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
        *faults,
    ]


@dataclass(frozen=True)
class Instance:
    """Everything that makes a mongod this one and no other."""

    program: Path
    folder: Path
    logs: Path
    port: int
    password: str
    key: str
    """Shared secret of the set's members, without which mongod asks nobody for a password."""
    test_commands: bool = False


class MongoDB:
    """The mongod process of an instance."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._process = Process(
            "mongod",
            [
                instance.program,
                *arguments(
                    instance.port,
                    str(instance.folder / "data"),
                    test_commands=instance.test_commands,
                ),
                *("--keyFile", instance.folder / "key"),
            ],
            {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
            instance.logs / "mongod.log",
            cwd=instance.folder,
            pid_file=instance.logs / "mongod.pid",
        )

    def launch(self) -> None:
        """Start without waiting."""
        (self.instance.folder / "data").mkdir(parents=True, exist_ok=True)
        private(self.instance.folder / "key", self.instance.key)
        self._process.start()

    def await_ready(self) -> None:
        """Wait until the replica set has its primary; the first time, make set and user."""
        address, password = f"127.0.0.1:{self.instance.port}", self.instance.password
        for what, done in (
            ("MongoDB", lambda: replica.answers(address)),
            ("MongoDB's replica set", lambda: replica.prepared(address, password)),
        ):
            await_ready(done, what=what, timeout=READY_SECONDS, process=self._process)

    def start(self) -> None:
        """Start on the same port and data as before, and wait for the primary."""
        self.launch()
        self.await_ready()

    def stop(self) -> None:
        """End in good order."""
        self._process.terminate(timeout=30)

    def kill(self) -> None:
        """End at once, as a power cut would."""
        self._process.kill()
