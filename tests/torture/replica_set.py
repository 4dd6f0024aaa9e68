"""Three mongods that vote, as an office runs them who must not lose one machine's data."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.local import install, ports, replica
from deploy.local.mongo import Instance, MongoDB
from tests.integration.kernel_kit import until

_MEMBERS = 3
_PASSWORD = "made-up"
_SECONDARY, _PRIMARY = 2, 1
_FAR = {"electionTimeoutMillis": 10_000, "heartbeatIntervalMillis": 2_000}
"""MongoDB's own values, stated: a vote begins ten seconds after the primary fell silent."""


class ReplicaSet:
    """Three members on this machine's loopback, and what may happen to the one that leads."""

    def __init__(self, folder: Path) -> None:
        free = ports.free()
        program = install.mongod(print)
        self._members = [_member(program, folder / str(n), next(free)) for n in range(_MEMBERS)]

    @property
    def url(self) -> str:
        """The administrator's URL with all hosts."""
        hosts = ",".join(_address(member) for member in self._members)
        login = f"{replica.USER}:{quote(_PASSWORD, safe='')}"
        return f"mongodb://{login}@{hosts}/?authSource=admin&replicaSet={replica.NAME}"

    async def start(self) -> None:
        """Make the first a set of one, as everywhere, and add the others."""
        first, *others = self._members
        first.start()
        for id_, member in enumerate(others, start=1):
            member.launch()
            await until(partial(replica.answers, _address(member)))
            self._add(id_, _address(member))
            await until(self.whole)

    def _add(self, id_: int, address: str) -> None:
        with self._primary_client() as client:
            kept = client.admin.command("replSetGetConfig")["config"]
            members = [*kept["members"], {"_id": id_, "host": address}]
            settings = kept["settings"] | _FAR
            changed = kept | {"members": members, "settings": settings}
            client.admin.command("replSetReconfig", changed | {"version": kept["version"] + 1})

    def whole(self) -> bool:
        """Whether one leads and every other one follows it."""
        states = self._states()
        return sorted(states) == [_PRIMARY, *[_SECONDARY] * (len(states) - 1)]

    def primary(self) -> MongoDB | None:
        """Return the member that says it leads, None while none of those that answer does."""
        for member in self._members:
            try:
                with replica.connected(replica.url(_address(member), _PASSWORD)) as client:
                    if client.admin.command("hello")["isWritablePrimary"]:
                        return member
            except PyMongoError:
                continue
        return None

    def step_down(self) -> None:
        """Have the primary hand over, as before an upgrade of its machine."""
        with self._primary_client() as client:
            client.admin.command("replSetStepDown", 20)

    def kill_primary(self) -> MongoDB:
        """End the primary as a power cut would."""
        member = self._leading()
        member.kill()
        return member

    def pause_primary(self) -> MongoDB:
        """Stop the primary in mid-work; its connections stay open and say nothing."""
        member = self._leading()
        _signal(member, signal.SIGSTOP)
        return member

    def resume(self, member: MongoDB) -> None:
        """Let a paused member go on where it was: it believes that it leads."""
        _signal(member, signal.SIGCONT)

    def kill(self) -> None:
        """End all."""
        for member in self._members:
            member.kill()

    def _leading(self) -> MongoDB:
        member = self.primary()
        assert member is not None
        return member

    def _states(self) -> list[int]:
        try:
            with self._primary_client() as client:
                status = client.admin.command("replSetGetStatus")
        except PyMongoError:
            return []
        return [member["state"] for member in status["members"]]

    @contextmanager
    def _primary_client(self) -> Iterator[MongoClient[dict[str, Any]]]:
        with replica.connected(replica.url(_address(self._leading()), _PASSWORD)) as client:
            yield client


def _member(program: Path, folder: Path, port: int) -> MongoDB:
    logs = folder / "log"
    logs.mkdir(parents=True)
    return MongoDB(Instance(program, folder, logs, port, _PASSWORD, "madeup"))


def _address(member: MongoDB) -> str:
    return f"127.0.0.1:{member.instance.port}"


def _signal(member: MongoDB, number: signal.Signals) -> None:
    pid = member._process.pid
    assert pid is not None
    os.kill(pid, number)
