"""The stack that `docker compose up` runs, as the demo's target.

Needs the ports of deploy/compose/expose.yml, because the sender's ledger is held against each
service's own database. The private key, MongoDB's password and the servers' authority are read
through the one-shot job that may see them, and kept in a private folder for as long as the demo
runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.compose.addresses import CA, MONGO_PORT, mongo_admin_url
from deploy.compose.client import Docker
from deploy.compose.make_secrets import PRIVATE_KEY
from deploy.local.stack import issued
from deploy.provision import service_names


@dataclass(frozen=True, slots=True)
class ComposeTarget:
    """Services in containers: their one address is found by `docker compose port`."""

    docker: Docker
    folder: Path
    address: str
    mongo_url: str

    @property
    def services(self) -> tuple[str, ...]:
        """Return the names of the services."""
        return service_names()

    def url(self, service: str) -> str:
        """Return what a service's pages and API lie below."""
        return f"{self.address}/{service}"

    def token(self, subject: str, *grants: str) -> str:
        """Return a token with grants written `role:programme:region`."""
        return issued(self.folder / PRIVATE_KEY, subject, grants)

    def database(self, service: str) -> str:
        """Return the name of a service's database."""
        return service

    def versions(self) -> tuple[str, str]:
        """Return RabbitMQ's and MongoDB's version."""
        rabbitmq = self.docker.run("compose", "exec", "-T", "rabbitmq", "rabbitmqctl", "version")
        mongodb = self.docker.run("compose", "exec", "-T", "mongo", "mongod", "--version")
        return rabbitmq.split()[-1], mongodb.split()[2].removeprefix("v")


@contextmanager
def running() -> Iterator[ComposeTarget]:
    """Find the stack. Raises UnavailableError where it does not run or its ports are shut."""
    docker = Docker({})
    with TemporaryDirectory(prefix="jemput-compose-") as folder:
        for name in (PRIVATE_KEY, CA):
            file = Path(folder) / name
            file.touch(mode=0o600)
            file.write_text(_secret(docker, name))
        mongo_url = _mongo_url(docker, f"{folder}/{CA}")
        yield ComposeTarget(docker, Path(folder), _address(docker), mongo_url)


def _address(docker: Docker) -> str:
    return f"http://{docker.run('compose', 'port', 'proxy', '8080').strip()}"


def _mongo_url(docker: Docker, ca: str) -> str:
    place = docker.run("compose", "port", "mongo", str(MONGO_PORT)).strip()
    return mongo_admin_url(_secret(docker, "mongo_root_password"), ca, place)


def _secret(docker: Docker, name: str) -> str:
    job = ("compose", "run", "--rm", "--no-deps", "-T", "provision")
    return docker.run(*job, "sh", "-c", f'cat "$JEMPUT_SECRETS/{name}"')
