"""Whether a Docker engine can serve: it answers, and has or can pull the images."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import docker
from requests.exceptions import RequestException
from testcontainers.core.docker_client import DockerClient, get_docker_host

_USUAL_ADDRESS = "unix:///var/run/docker.sock"
_CHECK_SECONDS = 5
_PULL_SECONDS = 600
Failure = (docker.errors.DockerException, RequestException)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Images:
    """Names of the images."""

    rabbitmq: str
    mongo: str

    @classmethod
    def named_by(cls, environment: Mapping[str, str]) -> "Images":
        """RABBITMQ_IMAGE and MONGO_IMAGE of the environment, or the official images."""
        return cls(
            environment.get("RABBITMQ_IMAGE") or "rabbitmq:4.2-management",
            environment.get("MONGO_IMAGE") or "mongo:8.0",
        )


@contextmanager
def client(seconds: int = _CHECK_SECONDS) -> Iterator[Any]:
    """Client of the engine whose answers may take that long; fails when none answers."""
    connected = DockerClient(timeout=seconds).client
    try:
        connected.ping()
        yield connected
    finally:
        with suppress(*Failure):
            connected.close()


def listens(address: str) -> bool:
    """Whether somebody listens at an engine's address, as far as that shows from outside.

    The Docker client would find out too, but leaves a socket open behind it when nobody does.
    """
    path = address.removeprefix("unix://")
    if path == address:
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def has(images: Images, say: Say) -> bool:
    """Whether an engine answers and has both images, pulling what can be pulled."""
    if not listens(get_docker_host() or _USUAL_ADDRESS):
        return False
    try:
        with client() as engine:
            return all(_present(engine, name, say) for name in (images.rabbitmq, images.mongo))
    except Failure:
        return False


def _present(engine: Any, name: str, say: Say) -> bool:
    try:
        engine.images.get(name)
    except docker.errors.ImageNotFound:
        return _pulled(engine, name, say)
    return True


def _pulled(engine: Any, name: str, say: Say) -> bool:
    try:
        # Asked first: a registry out of reach is known in seconds, a pull may hang for minutes.
        engine.images.get_registry_data(name)
        say(f"pulling {name}")
        with client(_PULL_SECONDS) as patient:
            patient.images.pull(name)
    except Failure:
        say(f"the Docker engine neither has nor can pull {name}: it is not used")
        return False
    return True
