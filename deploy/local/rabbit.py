"""A RabbitMQ node of our own, apart from the machine's."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import management
from deploy.local.errors import UnavailableError
from deploy.local.folder import private
from deploy.local.processes import Process, await_ready

USER = "jemput"
PORTS = ("amqp", "management", "rabbitmq_metrics", "distribution", "epmd")
HOSTS = '{host, {127,0,0,1}, ["localhost"]}.\n{lookup, [file, native]}.\n'
PLUGINS = "[rabbitmq_management,rabbitmq_prometheus].\n"
READY_SECONDS = 120.0


def configuration(ports: Mapping[str, int], password: str, address: str = "127.0.0.1") -> str:
    """Text of rabbitmq.conf; naming a first user is also what keeps `guest` from being made."""
    return f"""\
listeners.tcp.1 = {address}:{ports["amqp"]}
management.tcp.ip = {address}
management.tcp.port = {ports["management"]}
prometheus.tcp.ip = {address}
prometheus.tcp.port = {ports["rabbitmq_metrics"]}
default_user = {USER}
default_pass = {password}
default_user_tags.administrator = true
"""


def formation(members: tuple[str, ...]) -> str:
    """Text of rabbitmq.conf that names the nodes of a cluster on this machine."""
    if not members:
        return ""
    named = (
        f"cluster_formation.classic_config.nodes.{number} = {name}@localhost\n"
        for number, name in enumerate(members, 1)
    )
    return "cluster_formation.peer_discovery_backend = classic_config\n" + "".join(named)


def amqp_url(ports: Mapping[str, int], password: str) -> str:
    """With the administrator's credentials, virtual host `/`."""
    return f"amqp://{USER}:{password}@127.0.0.1:{ports['amqp']}/"


def management_url(ports: Mapping[str, int], password: str) -> str:
    """Root of the management API, with the administrator's credentials."""
    return f"http://{USER}:{password}@127.0.0.1:{ports['management']}"


@dataclass(frozen=True)
class Node:
    """Everything that makes a node this one and no other."""

    program: Path
    folder: Path
    logs: Path
    ports: Mapping[str, int]
    password: str
    cookie: str
    """Who knows it may command the node; Erlang would else make a guessable one."""
    name: str = "jemput"
    members: tuple[str, ...] = ()
    """Names of all nodes of the cluster that this one joins at its first start; none: alone."""

    def write_configuration(self) -> None:
        """Make the folder ready; a node reads these files at each start."""
        (self.folder / "conf.d").mkdir(parents=True, exist_ok=True)
        text = configuration(self.ports, self.password) + formation(self.members)
        private(self.folder / "rabbitmq.conf", text)
        private(self.folder / "enabled_plugins", PLUGINS)
        private(self.folder / "hosts", HOSTS)
        private(self.folder / ".erlang.cookie", self.cookie)

    def environment(self) -> dict[str, str]:
        """Nothing inherited but the path: a RABBITMQ_* of the machine must not reach this node."""
        at = self.folder.joinpath
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "ERL_CRASH_DUMP": str(at("erl_crash.dump")),
            # The node's name must not hang on what this machine calls localhost.
            "ERL_INETRC": str(at("hosts")),
            "ERL_EPMD_PORT": str(self.ports["epmd"]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # Makes the script become the server instead of waiting for it: one process, whose
            # id is known and whom signals reach.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_NODENAME": f"{self.name}@localhost",
            "RABBITMQ_DIST_PORT": str(self.ports["distribution"]),
            "RABBITMQ_MNESIA_BASE": str(at("data")),
            "RABBITMQ_LOG_BASE": str(at("log")),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(at("pid")),
            "RABBITMQ_CONF_ENV_FILE": str(at("no-rabbitmq-env.conf")),
            "RABBITMQ_CONFIG_FILE": str(at("rabbitmq.conf")),
            "RABBITMQ_CONFIG_FILES": str(at("conf.d")),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(at("no-advanced.config")),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(at("enabled_plugins")),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(at("generated")),
            "RABBITMQ_SCHEMA_DIR": str(at("schema")),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false"
            ),
        }


class RabbitMQ:
    """The node's processes: the server and its own port mapper, which it would else daemonise."""

    def __init__(self, node: Node, epmd: Process | None = None) -> None:
        """Nodes of one cluster share the port mapper of the first."""
        self.node = node
        self._epmd = epmd or self._process("epmd", [_epmd(), "-port", str(node.ports["epmd"])])
        self._server = self._process("rabbitmq", [node.program])

    def launch(self) -> None:
        """Start without waiting."""
        self.node.write_configuration()
        if not self._epmd.alive():
            self._epmd.start()
        self._server.start()

    def await_ready(self) -> None:
        """Wait until AMQP is served; `FailedError` when the node ends or takes too long."""
        url = management_url(self.node.ports, self.node.password)
        await_ready(
            lambda: management.listens(url, self.node.ports["amqp"]),
            what="RabbitMQ",
            timeout=READY_SECONDS,
            process=self._server,
        )

    def start(self) -> None:
        """Start on the same ports and data as before, and wait until AMQP is served."""
        self.launch()
        self.await_ready()

    def stop(self) -> None:
        """End in good order."""
        self._server.terminate(timeout=30)
        self._epmd.terminate()

    def kill(self) -> None:
        """End at once, as a power cut would."""
        self._server.kill()
        self._epmd.kill()

    def joined(self, node: Node) -> "RabbitMQ":
        """Return another node of the same cluster, not started yet."""
        return RabbitMQ(node, self._epmd)

    def kill_server(self) -> None:
        """End the server at once and leave the port mapper to the other nodes."""
        self._server.kill()

    def _process(self, name: str, argv: list[str | Path]) -> Process:
        return Process(
            name,
            argv,
            self.node.environment(),
            self.node.logs / f"{name}.log",
            cwd=self.node.folder,
            pid_file=self.node.logs / f"{name}.pid",
        )


def _epmd() -> str:
    found = shutil.which("epmd")
    if found is None:
        raise UnavailableError("Erlang's epmd is not on the PATH: install the package erlang-base")
    return found
