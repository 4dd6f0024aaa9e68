"""RabbitMQ and MongoDB as two containers on published loopback ports."""

import hashlib
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import docker
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from deploy.local import engine, management, mongo, rabbit, replica
from deploy.local.errors import UnavailableError
from deploy.local.processes import await_ready

_HOLDER = "jemput.holder"
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - inside the container; published on loopback only
_STOP_SECONDS = 30

_RABBITMQ_SCRIPT = """\
set -e
mkdir -p /etc/rabbitmq
printf '%s' "$JEMPUT_CONFIGURATION" > /etc/rabbitmq/rabbitmq.conf
printf '%s' "$JEMPUT_PLUGINS" > /etc/rabbitmq/enabled_plugins
PATH="/usr/lib/rabbitmq/bin:$PATH"
exec rabbitmq-server
"""

# mongod lets only a client on its own machine make the first user unasked. From outside the
# container that user is made while mongod asks nobody; from then on, after restarts too, it asks.
_MONGOD_SCRIPT = """\
set -e
umask 077
mkdir -p /data/db
printf '%s' "$JEMPUT_KEY" > /tmp/key
if ! test -e /data/db/guarded; then
    mongod "$@" --pidfilepath /tmp/mongod.pid
    touch /data/db/guarded
fi
exec mongod "$@" --keyFile /tmp/key
"""


@dataclass(frozen=True)
class Plan:
    """What both containers are made from."""

    images: engine.Images
    data: Path
    ports: Mapping[str, int]
    passwords: Mapping[str, str]
    test_commands: bool = False

    @property
    def mongo_address(self) -> str:
        """Host and port: the same inside the container and out, so the replica set agrees."""
        return f"127.0.0.1:{self.ports['mongo']}"

    @property
    def name(self) -> str:
        """Prefix of container and volume names, one per data folder."""
        return "jemput-" + hashlib.sha256(str(self.data.resolve()).encode()).hexdigest()[:10]


class Contained:
    """A server in a container, stopped, killed and started again on the same ports and data."""

    def __init__(self, container: DockerContainer, served: Callable[["Contained"], None]) -> None:
        self.container = container
        self._served = served

    def await_ready(self) -> None:
        """Wait until the server serves; `FailedError` when it ends or takes too long."""
        self._served(self)

    def start(self) -> None:
        """Start again after `stop` or `kill`."""
        self.container.get_wrapped_container().start()
        self.await_ready()

    def stop(self) -> None:
        """End in good order."""
        self.container.get_wrapped_container().stop(timeout=_STOP_SECONDS)

    def kill(self) -> None:
        """End at once, as a power cut would."""
        wrapped = self.container.get_wrapped_container()
        with suppress(docker.errors.APIError):
            wrapped.kill()
        wrapped.wait()

    def alive(self) -> bool:
        """Whether the container runs."""
        self.container.reload()
        return self.container.status == "running"

    @property
    def returncode(self) -> int | None:
        """Exit status of the last run."""
        return int(self.container.get_wrapped_container().attrs["State"]["ExitCode"])

    def last_words(self, lines: int = 15) -> str:
        """End of what the server wrote."""
        said: bytes = self.container.get_wrapped_container().logs(tail=lines)
        return said.decode(errors="replace")


@contextmanager
def running(plan: Plan, *, fresh: bool, passing: bool) -> Iterator[tuple[Contained, Contained]]:
    """RabbitMQ and MongoDB, from nothing when `fresh`; removed at the end.

    Their volumes go too when `passing`: nobody will read them again.
    """
    # Its clean-up container listens on every interface; ours are found by name and holder.
    testcontainers_config.ryuk_disabled = True
    with engine.client(_STOP_SECONDS) as client, ExitStack() as ending:
        _remove_leftovers(client, plan)
        if fresh:
            _remove_volumes(client, plan)
        if passing:
            ending.callback(_remove_volumes, client, plan)
        servers = (_rabbitmq(plan), _mongod(plan))
        for server in servers:
            ending.callback(server.container.stop)
            _start(server.container)
            if not passing:
                ending.callback(server.stop)
        for server in servers:
            server.await_ready()
        yield servers


def _start(container: DockerContainer) -> None:
    try:
        container.start()
    except engine.Failure as error:
        raise UnavailableError(
            f"the Docker engine cannot run {container.image}: {error}"
        ) from error


def _rabbitmq(plan: Plan) -> Contained:
    published = (plan.ports[name] for name in ("amqp", "management", "rabbitmq_metrics"))
    container = _container(plan, "rabbitmq", plan.images.rabbitmq, published)
    password = plan.passwords["rabbitmq"]
    container.with_envs(
        RABBITMQ_NODENAME="jemput@localhost",
        RUNNING_UNDER_SYSTEMD="true",
        JEMPUT_CONFIGURATION=rabbit.configuration(plan.ports, password, _EVERY_ADDRESS),
        JEMPUT_PLUGINS=rabbit.PLUGINS,
    )
    container.with_command(["sh", "-c", _RABBITMQ_SCRIPT])
    container.with_volume_mapping(f"{plan.name}-rabbitmq", "/var/lib/rabbitmq", "rw")
    url = rabbit.management_url(plan.ports, password)

    def served(server: Contained) -> None:
        await_ready(
            lambda: management.listens(url, plan.ports["amqp"]),
            what="RabbitMQ",
            timeout=rabbit.READY_SECONDS,
            process=server,
        )

    return Contained(container, served)


def _mongod(plan: Plan) -> Contained:
    port = plan.ports["mongo"]
    container = _container(plan, "mongo", plan.images.mongo, [port])
    container.with_env("JEMPUT_KEY", plan.passwords["mongo_key"])
    options = mongo.arguments(port, "/data/db", _EVERY_ADDRESS, test_commands=plan.test_commands)
    container.with_command(["sh", "-c", _MONGOD_SCRIPT, "mongod", *options])
    container.with_volume_mapping(f"{plan.name}-mongo", "/data/db", "rw")
    return Contained(container, lambda server: _await_primary(plan, server))


def _await_primary(plan: Plan, server: Contained) -> None:
    address, password = plan.mongo_address, plan.passwords["mongo"]

    def guarded() -> bool:
        if replica.is_guarded(address):
            return True
        server.container.exec(["sh", "-c", "kill -TERM $(cat /tmp/mongod.pid)"])
        return False

    for what, done in (
        ("MongoDB", lambda: replica.answers(address)),
        ("MongoDB's replica set", lambda: replica.prepared(address, password)),
        ("MongoDB with authentication", guarded),
        ("MongoDB's primary", lambda: replica.prepared(address, password)),
    ):
        await_ready(done, what=what, timeout=mongo.READY_SECONDS, process=server)


def _container(plan: Plan, name: str, image: str, ports: Iterable[int]) -> DockerContainer:
    container = DockerContainer(image).with_name(f"{plan.name}-{name}")
    container.with_kwargs(labels={_HOLDER: f"{socket.gethostname()}/{os.getpid()}"})
    for port in ports:
        # The engine takes an address too; published without one, the port is on every interface.
        container.ports[str(port)] = cast("int", ("127.0.0.1", port))
    return container


def _remove_leftovers(client: Any, plan: Plan) -> None:
    for container in client.containers.list(all=True, filters={"label": _HOLDER}):
        if container.name.startswith(plan.name) or not _lives(container.labels[_HOLDER]):
            container.remove(force=True, v=True)


def _lives(holder: str) -> bool:
    host, _, pid = holder.partition("/")
    return host != socket.gethostname() or Path(f"/proc/{pid}").exists()


def _remove_volumes(client: Any, plan: Plan) -> None:
    for volume in client.volumes.list(filters={"name": plan.name}):
        volume.remove()
