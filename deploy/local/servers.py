"""The RabbitMQ and the MongoDB that everything here runs on, from wherever they can be had."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn, Protocol

import httpx
from pymongo.errors import PyMongoError

from deploy.local import (
    containers,
    engine,
    folder,
    install,
    leftovers,
    management,
    ports,
    rabbit,
    replica,
)
from deploy.local.errors import UnavailableError
from deploy.local.mongo import Instance, MongoDB
from deploy.local.rabbit import Node, RabbitMQ

Mode = Literal["given", "docker", "local"]
Say = Callable[[str], None]

THREE_WAYS = """\
RabbitMQ and MongoDB can come from three places:
  1. servers that run already: set AMQP_URL and MONGO_URL (and MANAGEMENT_URL);
  2. a Docker engine that has or can pull their images: start it;
  3. a Debian machine where apt-get works, as root or by sudo without a password."""

_DATA = ("rabbitmq", "mongo")
_PASSWORDS = ("rabbitmq", "erlang_cookie", "mongo", "mongo_key")
_PASSWORD_BYTES = 16


class Server(Protocol):
    """One of the servers, to be taken away and brought back on the same ports and data."""

    def start(self) -> None:
        """Start and wait until it serves."""

    def stop(self) -> None:
        """End in good order."""

    def kill(self) -> None:
        """End at once, as a power cut would."""


@dataclass(frozen=True)
class Servers:
    """Where the servers are, with administrators' credentials, which no log should show."""

    mode: Mode
    amqp_url: str = field(repr=False)
    management_url: str = field(repr=False)
    mongo_url: str = field(repr=False)
    rabbitmq_version: str
    mongodb_version: str
    rabbit: Server
    mongo: Server
    rabbitmq_metrics_url: str | None = None
    """RabbitMQ's own figures for Prometheus; unknown when the servers were given."""


@contextmanager
def provide(
    data: Path,
    *,
    fresh: bool = False,
    keep: bool = False,
    test_commands: bool = False,
    say: Say,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Servers]:
    """Servers until the end of the block: given ones, else in an engine, else our own processes.

    `data` keeps what has to survive a restart; `fresh` begins with nothing, and the servers of a
    fresh run are killed at the end instead of stopped, since nobody will read their data again,
    unless `keep` is set, because somebody will. `test_commands` lets anybody inject faults into our
    mongod: for torture tests alone.
    Raises `UnavailableError` with a text for a person, `FailedError` when a server does not start.
    """
    given = os.environ if environment is None else environment
    images = engine.Images.named_by(given)
    mode = chosen(given, lambda: engine.has(images, say))
    with ExitStack() as ending:
        if mode == "given":
            servers = _given(given)
        else:
            ending.enter_context(folder.sole_use(data))
            run = _Run(fresh=fresh, passing=fresh and not keep, test_commands=test_commands)
            kept = _opened(data, run, say)
            started = _in_engine(kept, images) if mode == "docker" else _own(kept, say)
            servers = ending.enter_context(started)
        say(f"RabbitMQ {servers.rabbitmq_version}, MongoDB {servers.mongodb_version} ({mode})")
        yield servers


def prepare(say: Say, environment: Mapping[str, str] | None = None) -> Mode:
    """Fetch whatever `provide` would have to fetch first, and return which way it will go."""
    given = os.environ if environment is None else environment
    images = engine.Images.named_by(given)
    mode = chosen(given, lambda: engine.has(images, say))
    if mode == "local":
        _installed(say)
    return mode


def chosen(environment: Mapping[str, str], engine_can_serve: Callable[[], bool]) -> Mode:
    """Which of the three ways; the engine is asked only when nothing was given."""
    names = ("AMQP_URL", "MONGO_URL")
    missing = [name for name in names if not environment.get(name)]
    if not missing:
        return "given"
    if len(missing) < len(names):
        raise UnavailableError(f"{missing[0]} is not set, but the other is: set both of {names}")
    return "docker" if engine_can_serve() else "local"


@dataclass(frozen=True)
class _Run:
    """How the servers begin and end."""

    fresh: bool
    passing: bool
    """Nobody will read the data after this run."""
    test_commands: bool


@dataclass(frozen=True)
class _Kept:
    data: Path
    run: _Run
    ports: Mapping[str, int]
    passwords: Mapping[str, str]

    @property
    def logs(self) -> Path:
        return self.data / "log"


def _opened(data: Path, run: _Run, say: Say) -> _Kept:
    for pid_file in data.glob("log/*.pid"):
        if ended := leftovers.end(pid_file):
            say(f"ended {pid_file.stem}, left behind by an earlier run (process {ended})")
    passwords = data / "passwords.json"
    if run.fresh:
        folder.forget(data, [*_DATA, passwords.name, "log"])
    elif not passwords.exists() and any((data / name).exists() for name in _DATA):
        raise UnavailableError(f"{passwords} is gone, and without it {data} is shut: remove it")
    return _Kept(
        data,
        run,
        folder.kept(
            data / "ports.json", [*rabbit.PORTS, "mongo"], ports.free().__next__, ports.bindable
        ),
        folder.kept(passwords, _PASSWORDS, lambda: secrets.token_hex(_PASSWORD_BYTES)),
    )


@contextmanager
def _own(kept: _Kept, say: Say) -> Iterator[Servers]:
    broker, database = _programs(kept, say)
    with ExitStack() as ending:
        for server in (broker, database):
            ending.callback(server.kill if kept.run.passing else server.stop)
            server.launch()
        say("waiting for RabbitMQ and MongoDB")
        broker.await_ready()
        database.await_ready()
        yield _described("local", kept, broker, database)


def _programs(kept: _Kept, say: Say) -> tuple[RabbitMQ, MongoDB]:
    rabbitmq, mongod = _installed(say)
    words = kept.passwords
    node = Node(
        rabbitmq,
        kept.data / "rabbitmq",
        kept.logs,
        kept.ports,
        words["rabbitmq"],
        words["erlang_cookie"],
    )
    instance = Instance(
        mongod,
        kept.data / "mongo",
        kept.logs,
        kept.ports["mongo"],
        words["mongo"],
        words["mongo_key"],
        kept.run.test_commands,
    )
    return RabbitMQ(node), MongoDB(instance)


def _installed(say: Say) -> tuple[Path, Path]:
    try:
        return install.rabbitmq(say), install.mongod(say)
    except UnavailableError as error:
        raise UnavailableError(f"{error}\n\n{THREE_WAYS}") from error


@contextmanager
def _in_engine(kept: _Kept, images: engine.Images) -> Iterator[Servers]:
    run = kept.run
    plan = containers.Plan(images, kept.data, kept.ports, kept.passwords, run.test_commands)
    with containers.running(plan, fresh=run.fresh, passing=run.passing) as (broker, database):
        yield _described("docker", kept, broker, database)


def _described(mode: Mode, kept: _Kept, broker: Server, database: Server) -> Servers:
    management_url = rabbit.management_url(kept.ports, kept.passwords["rabbitmq"])
    mongo_url = replica.url(f"127.0.0.1:{kept.ports['mongo']}", kept.passwords["mongo"])
    return Servers(
        mode=mode,
        amqp_url=rabbit.amqp_url(kept.ports, kept.passwords["rabbitmq"]),
        management_url=management_url,
        mongo_url=mongo_url,
        rabbitmq_version=management.version(management_url),
        mongodb_version=replica.version(mongo_url),
        rabbit=broker,
        mongo=database,
        rabbitmq_metrics_url=f"http://127.0.0.1:{kept.ports['rabbitmq_metrics']}/metrics",
    )


class _NotOurs:
    """A given server: somebody else's to stop."""

    def start(self) -> NoReturn:
        raise UnavailableError("a server given by AMQP_URL or MONGO_URL is not ours to restart")

    stop = kill = start


def _given(environment: Mapping[str, str]) -> Servers:
    amqp_url, mongo_url = environment["AMQP_URL"], environment["MONGO_URL"]
    management_url = environment.get("MANAGEMENT_URL") or management.derived(amqp_url)
    try:
        rabbitmq_version = management.version(management_url)
    except httpx.HTTPError as error:
        raise UnavailableError(f"RabbitMQ's management API does not serve us: {error}") from error
    try:
        mongodb_version = replica.version(mongo_url)
        writable = replica.has_primary(mongo_url)
    except PyMongoError as error:
        raise UnavailableError(f"MONGO_URL does not serve us: {error}") from error
    if not writable:
        raise UnavailableError("MONGO_URL is no replica set with a primary: transactions need one")
    return Servers(
        mode="given",
        amqp_url=amqp_url,
        management_url=management_url.rstrip("/"),
        mongo_url=mongo_url,
        rabbitmq_version=rabbitmq_version,
        mongodb_version=mongodb_version,
        rabbit=_NotOurs(),
        mongo=_NotOurs(),
    )
