"""An engine for docker-compose.yml, and a project on it that is gone without a trace afterwards.

The engine is the one that answers, or one of our own on a bare Debian: a `dockerd` that the
machine does not notice. It runs in process and mount namespaces of its own, so that it and every
container end with it however it ends; it makes no bridge and no firewall rule and switches no
forwarding on; all it writes lies in one temporary folder.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import randbelow, token_hex
from typing import Any

import httpx
import yaml

from deploy.compose import mirror, standins
from deploy.compose.client import Docker
from deploy.local import apt
from deploy.local.apt import Say
from deploy.local.errors import UnavailableError
from deploy.local.folder import CACHE, ROOT
from deploy.local.processes import Process, await_ready
from deploy.provision import service_names

COMPOSE_FILE = ROOT / "docker-compose.yml"
SERVICES = service_names()
BUILT = ("provision", *SERVICES)
REGISTRY = "jemput-test"
UP_SECONDS = 1500
CLIENT_TRIES = 600
"""Tries of tracking codes a minute: the demo's sixty residents confirm from one address."""
READ_SECRETS = """
import json, os, pathlib
folder = pathlib.Path(os.environ["JEMPUT_SECRETS"])
print(json.dumps({file.name: file.read_text() for file in folder.iterdir()}))
"""
_IMAGE = re.compile(r"\$\{(\w+_IMAGE):-([^}]+)\}")
_PLUGINS = ("docker-compose", "docker-buildx")
_PLUGIN_FOLDER = "usr/libexec/docker/cli-plugins"
_PULL_SECONDS = 900
_START_SECONDS = 60
_CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")

NO_ENGINE = """\
docker-compose.yml cannot be tried on this machine: {reason}

What it needs is one of
  1. a Docker engine that answers (DOCKER_HOST or the usual socket) and has or can pull the images;
  2. a Debian machine where this runs as root and apt-get works: one is then made on the spot."""


@dataclass(frozen=True)
class Engine:
    """A docker command that works, and whether the engine behind it is ours."""

    docker: Docker
    own: bool


@contextmanager
def engine(say: Say, cache: Path = CACHE) -> Iterator[Engine]:
    """Give an engine with `docker compose` and every image docker-compose.yml names.

    Raises `UnavailableError` with a text for a person where none can be had.
    """
    with ExitStack() as ending:
        try:
            found = _found(ending, cache, say)
        except UnavailableError as problem:
            raise UnavailableError(NO_ENGINE.format(reason=problem)) from problem
        yield found


def _found(ending: ExitStack, cache: Path, say: Say) -> Engine:
    folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="jemput-engine-")))
    own = not _answers(Docker({}))
    docker = ending.enter_context(_own(folder, say)) if own else Docker({})
    docker = _with_plugins(docker, folder, cache, say)
    docker = docker.told(_images(docker, cache, say))
    return Engine(docker.told(_certificates()), own)


def _answers(docker: Docker) -> bool:
    return docker.ask("info", seconds=10).returncode == 0


@contextmanager
def _own(folder: Path, say: Say) -> Iterator[Docker]:
    if os.geteuid() != 0:
        raise UnavailableError("no engine answers, and only root may start one")
    _install(say)
    docker = Docker({"DOCKER_HOST": f"unix://{folder}/docker.sock"})
    daemon = Process("dockerd", _arguments(folder), os.environ, folder / "dockerd.log")
    say("starting an engine of our own (dockerd)")
    daemon.start()
    try:
        await_ready(
            lambda: _answers(docker), what="dockerd", timeout=_START_SECONDS, process=daemon
        )
        yield docker
    finally:
        daemon.kill()
        # Tens of thousands of files, which Python would take one by one.
        subprocess.run(["rm", "-rf", folder / "data"], check=True)


def _install(say: Say) -> None:
    # iptables serves the name server inside each container; the machine's own rules stay.
    wanted = {"dockerd": "docker.io", "iptables": "iptables", "docker": "docker-cli"}
    for program, package in wanted.items():
        if shutil.which(program) is None:
            apt.install([package], say)


def _arguments(folder: Path) -> list[str]:
    alone = ["unshare", "--pid", "--fork", "--kill-child=KILL", "--mount", "--mount-proc"]
    places = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
    unnoticed = ["--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"]
    return [*alone, "dockerd", *places, *unnoticed, f"--host=unix://{folder}/docker.sock"]


def _with_plugins(docker: Docker, folder: Path, cache: Path, say: Say) -> Docker:
    """Add `docker compose` and `docker build` where the machine lacks one of them."""
    if all(docker.ask(word, "version").returncode == 0 for word in ("compose", "buildx")):
        return docker
    packages = cache / "docker-plugins"
    if len(list(packages.glob("*.deb"))) < len(_PLUGINS):
        say(f"fetching {' and '.join(_PLUGINS)} of Debian {standins.SUITE}")
        packages.mkdir(parents=True, exist_ok=True)
        mirror.download(standins.SUITE, list(_PLUGINS), packages)
    for package in packages.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, folder / "plugins"], check=True)
    (folder / "config").mkdir()
    (folder / "config/cli-plugins").symlink_to(folder / "plugins" / _PLUGIN_FOLDER)
    return docker.told({"DOCKER_CONFIG": f"{folder}/config"})


def _images(docker: Docker, cache: Path, say: Say) -> dict[str, str]:
    """Return image variables to set: none where the default images can be had."""
    if all(_obtainable(docker, name, say) for name in wanted_images(os.environ).values()):
        return {}
    say("the engine has not all images and can pull none: stand-ins take their place")
    return standins.provide(docker, cache, say)


def wanted_images(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the images docker-compose.yml names, by the variable that would change them."""
    defaults = dict(_IMAGE.findall(COMPOSE_FILE.read_text("utf-8")))
    return {variable: environment.get(variable) or name for variable, name in defaults.items()}


def _obtainable(docker: Docker, name: str, say: Say) -> bool:
    if docker.has_image(name):
        return True
    say(f"pulling {name}")
    return docker.ask("pull", "--quiet", name, seconds=_PULL_SECONDS).returncode == 0


def _certificates() -> dict[str, str]:
    """Let builds trust whom this machine's pip trusts."""
    paths = [os.environ[name] for name in _CERTIFICATES if os.environ.get(name)]
    return {"JEMPUT_CA_BUNDLE": paths[0]} if paths else {}


@dataclass(frozen=True)
class Stack:
    """The running project; its docker command knows project, files, images and ports."""

    docker: Docker

    def compose(self, *words: str, seconds: float = 120) -> str:
        """Run `docker compose WORDS` and return what it prints."""
        return self.docker.run("compose", *words, seconds=seconds)

    def up(self) -> None:
        """Build what has to be built, start, and wait until everything is healthy."""
        try:
            self.compose("up", "--detach", "--build", "--wait", seconds=UP_SECONDS)
        except UnavailableError as problem:
            raise UnavailableError(f"{problem}\n{self._last_words()}") from problem

    def _last_words(self) -> str:
        """What those containers wrote last that are neither healthy nor done."""
        states = {name: one["State"] for name, one in self.containers().items()}
        ill = [
            name
            for name, state in states.items()
            if state.get("Health", {}).get("Status") != "healthy"
            and (state["Status"], state["ExitCode"]) not in {("exited", 0), ("created", 0)}
        ]
        return self.docker.ask("compose", "logs", "--no-color", "--tail", "25", *ill).stdout

    def url(self, service: str, port: int) -> str:
        """Where this machine reaches a container's port."""
        return "http://" + self.compose("port", service, str(port)).strip()

    def prometheus(self, path: str, **parameters: str) -> Any:
        """Ask Prometheus' HTTP API."""
        answer = httpx.get(f"{self.url('prometheus', 9090)}/api/v1/{path}", params=parameters)
        return answer.raise_for_status().json()["data"]

    def containers(self) -> dict[str, Any]:
        """What the engine knows of each container, by the name in docker-compose.yml."""
        ids = self.compose("ps", "--all", "--quiet").split()
        known = json.loads(self.docker.run("inspect", *ids)) if ids else []
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in known}

    def originals(self) -> dict[str, str]:
        """Every generated secret by its name."""
        job = ("run", "--rm", "--no-deps", "-T", "provision", "python", "-c", READ_SECRETS)
        secrets: dict[str, str] = json.loads(self.compose(*job))
        return secrets


def project(found: Engine, folder: Path) -> Stack:
    """Return a project of its own beside any other on this engine: name, images, ports."""
    override = folder / "override.yml"
    override.write_text(yaml.safe_dump({"services": _overrides(found, folder)}), "utf-8")
    names = {
        "COMPOSE_PROJECT_NAME": f"jemput-test-{token_hex(4)}",
        "COMPOSE_FILE": f"{COMPOSE_FILE}:{ROOT}/deploy/compose/expose.yml:{override}",
        "COMPOSE_ANSI": "never",
        "JEMPUT_REGISTRY": REGISTRY,
        "JEMPUT_VERSION": "test",
        # Beside the stack that may run here, and beside other tests.
        "JEMPUT_NETWORK": f"10.214.{randbelow(256)}",
        "INTAKE_TRACK_LIMIT_CLIENT": f"{CLIENT_TRIES}/minute",
    }
    published = ("jemput", "prometheus", "rabbitmq_management", "amqp", "mongo")
    return Stack(found.docker.told(names | {f"{name.upper()}_PORT": "0" for name in published}))


def _overrides(found: Engine, folder: Path) -> dict[str, Any]:
    impatient = _impatient(folder / "prometheus")
    overrides: dict[str, Any] = {
        "prometheus": {"volumes": [f"{impatient}:/etc/jemput/prometheus:ro"]}
    }
    if found.own:
        # Our own engine has no bridge to build in, and leaves the machine's firewall alone.
        overrides |= {name: {"build": {"network": "host"}} for name in ("secrets", *SERVICES)}
    return overrides


def _impatient(folder: Path) -> Path:
    """The shipped Prometheus configuration, with every interval as short as it can be."""
    folder.mkdir()
    shipped = ROOT / "deploy" / "prometheus"
    configuration = yaml.safe_load((shipped / "prometheus.yml").read_text("utf-8"))
    alerts = yaml.safe_load((shipped / "alerts.yml").read_text("utf-8"))
    configuration["global"] = dict.fromkeys(configuration["global"], "1s")
    for rule in (rule for group in alerts["groups"] for rule in group["rules"]):
        rule["for"] = "2s"
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), "utf-8")
    (folder / "alerts.yml").write_text(yaml.safe_dump(alerts), "utf-8")
    # Read by the user of another system, whatever this one's mask says.
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)
    return folder


@contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    try:
        stack.up()
        yield stack
    finally:
        stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "40", seconds=180)
        for image in BUILT:
            stack.docker.ask("image", "rm", f"{REGISTRY}/{image}:test")
    if found := _left_behind(stack):
        raise AssertionError(f"left behind: {found}")


def _left_behind(stack: Stack) -> list[str]:
    project = stack.docker.additions["COMPOSE_PROJECT_NAME"]
    label = ("--quiet", "--filter", f"label=com.docker.compose.project={project}")
    kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
    found = [stack.docker.run(*kind, *label).split() for kind in kinds]
    images = stack.docker.run("images", "--quiet", "--filter", f"reference={REGISTRY}/*").split()
    return [name for names in (*found, images) for name in names]
