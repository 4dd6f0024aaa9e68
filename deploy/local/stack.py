"""The four services on this machine, as processes on servers that `servers.provide` found."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from deploy import provision
from deploy.compose.folder import Folder
from deploy.compose.make_secrets import (
    FILE_KEYS,
    PRIVATE_KEY,
    PUBLIC_KEYS,
    SESSION_KEY,
    originals,
)
from deploy.local import ports
from deploy.local.folder import ROOT, kept
from deploy.local.processes import FailedError, Process, await_ready
from deploy.local.proxy import PROXY, Proxy
from deploy.local.servers import Servers
from deploy.proxy.configuration import prefixes
from shared.auth.keys import load_private
from shared.auth.roles import Grant
from shared.auth.tokens import Issuer
from shared.messaging.topology import OPERATOR
from shared.runtime.start import utc_now

Say = Callable[[str], None]

WORKER = "-worker"
GUESTS = {"scheduler": "intake", "reporting": "intake"}
"""Services that give jobs to another one's worker."""
LINKING = ("intake", "courier")
"""Services whose pages lead to other services."""
"""Behind a service's name: its worker."""
READY_WITHIN = 60.0
_STOP_WITHIN = 30.0
_TOKEN_LIFETIME = timedelta(hours=12)


@dataclass(frozen=True)
class Stack:
    """Running services: their addresses, tokens for them, and the power to end and start them.

    `prefix` stands before each service's database name, so that tests have stacks of their own.
    Without a `proxy` a service is reached at its own port, below the same path.
    """

    servers: Servers
    folder: Path
    ports: Mapping[str, int]
    secrets: Mapping[str, str] = field(repr=False)
    vhost: str = "/"
    prefix: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    proxy: Proxy | None = None
    _running: dict[str, Process] = field(default_factory=dict, repr=False)

    @property
    def services(self) -> tuple[str, ...]:
        """Return the names of the services."""
        return tuple(self.ports)

    @property
    def mongo_url(self) -> str:
        """Return where every service's database can be read."""
        return self.servers.mongo_url

    @property
    def processes(self) -> tuple[str, ...]:
        """Return the names of all processes; the proxy is the last to start and to stop."""
        workers = (name + WORKER for name in self.services if provision.has_worker(name))
        return (*self.services, *workers, *((PROXY,) if self.proxy else ()))

    def origin(self, service: str) -> str:
        """Return the origin of a service's addresses: one for all where there is a proxy."""
        return self.proxy.url if self.proxy else self.direct(service)

    def url(self, service: str) -> str:
        """Return what a service's pages and API lie below."""
        return f"{self.origin(service)}{self.path_prefixes()[service]}"

    def direct(self, service: str) -> str:
        """Return the service's own port, past the proxy: `/healthz`, `/readyz`, `/metrics`."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def path_prefixes(self) -> dict[str, str]:
        """Return what each service lies below, by its name."""
        return prefixes(self.services, {**os.environ, **self.environment})

    def database(self, service: str) -> str:
        """Return the name of a service's database."""
        return f"{self.prefix}{service}"

    def operator_amqp_url(self) -> str:
        """Return the broker's address for those who look after it."""
        return self._amqp_url(OPERATOR, self.secrets["operator_amqp_password"])

    def token(self, subject: str, *grants: str) -> str:
        """Return a token with grants written `role:programme:region`."""
        return issued(self.folder / "secrets" / PRIVATE_KEY, subject, grants)

    def start(self, name: str, environment: Mapping[str, str] | None = None) -> Process:
        """Start a service, its worker or the proxy, with additions to its environment; no wait."""
        log = self.folder / "log" / f"{name}.log"
        if self.proxy and name == PROXY:
            process = self.proxy.process(log)
        else:
            service = name.removesuffix(WORKER)
            own = self._environment(name) if name == service else self._worker_environment(service)
            process = Process(
                name,
                [sys.executable, "-m", f"services.{service}"],
                {**own, **(environment or {})},
                log,
                cwd=ROOT,
                pid_file=log.with_suffix(".pid"),
            )
        process.start()
        self._running[name] = process
        return process

    def process(self, service: str) -> Process:
        """Return the process that was started last under this name."""
        return self._running[service]

    def await_ready(self, services: Sequence[str] | None = None) -> None:
        """Wait until services are ready. Raises FailedError with a service's last words.

        A service whose worker does not answer is not: it says so itself.
        """
        for service in services or [name for name in self._running if name in self.ports]:
            process = self._running[service]
            await_ready(
                lambda service=service: self.ready(service),  # type: ignore[misc]
                what=service,
                timeout=READY_WITHIN,
                process=process,
            )

    def ready(self, service: str) -> bool:
        """Return whether a service reports that it is ready and has its broker."""
        if self.proxy and service == PROXY:
            return self.proxy.ready()
        try:
            answer = httpx.get(f"{self.direct(service)}/readyz", timeout=3)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK and "degraded" not in answer.text

    def publish_shipped(self) -> list[str]:
        """Publish the programmes that come with intake where none has their id; what was said.

        Raises FailedError with the reason.
        """
        done = subprocess.run(
            [sys.executable, "-m", "services.intake", "programmes", "publish-shipped"],
            env=self._environment("intake"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=READY_WITHIN,
            check=False,
        )
        if done.returncode:
            raise FailedError(f"no programmes: {done.stderr.strip()[-500:]}")
        return done.stdout.splitlines()

    def kill(self, service: str) -> None:
        """End a service as a power cut would."""
        self._running[service].kill()

    def stop(self) -> None:
        """End every service in good order."""
        for process in self._running.values():
            process.terminate(_STOP_WITHIN)

    def _environment(self, service: str) -> dict[str, str]:
        return {**os.environ, **self.told(service)}

    def told(self, service: str) -> dict[str, str]:
        """Return what a service and its commands are told, and nothing of this process's own."""
        own = {
            "AMQP_URL": self._amqp_url(service, self.secrets[f"{service}_amqp_password"]),
            "MONGO_URL": self._mongo_url(service),
            "MONGO_DATABASE": self.database(service),
            "HTTP_PORT": str(self.ports[service]),
            "TOKEN_KEYS": str(self.folder / "secrets" / PUBLIC_KEYS),
        }
        if service == "intake":
            secrets = self.folder / "secrets"
            own["TRACKING_SECRET_FILE"] = str(secrets / "tracking_secret")
            own["LOOKUP_SECRET_FILE"] = str(secrets / "lookup_secret")
            own["SEALING_KEYS"] = str(secrets / "sealing_keys")
            own["SIGNING_KEY"] = str(secrets / SESSION_KEY)
            own["ERASURE_LIST"] = str(self.folder / "erasures")
            own["OFFICE_ADDRESS"] = self.origin(service)
        if service in FILE_KEYS:
            own["SEALING_KEYS"] = str(self.folder / "secrets" / FILE_KEYS[service])
        if service in LINKING:
            own["NEIGHBOUR_PREFIXES"] = json.dumps(self.path_prefixes())
        if (host := GUESTS.get(service, service)) and provision.has_worker(host):
            own["WORKER_SOCKET"] = str(self._worker_socket(host))
        prefixed = {f"{service.upper()}_{name}": value for name, value in own.items()}
        return {**prefixed, **self.environment}

    def _worker_environment(self, service: str) -> dict[str, str]:
        """Return what a worker is told: nothing that a stranger's file could give away."""
        own = {"ROLE": "worker", "WORKER_SOCKET": str(self._worker_socket(service))}
        prefixed = {f"{service.upper()}_{name}": value for name, value in own.items()}
        return {"PATH": os.environ.get("PATH", os.defpath), **prefixed, **self.environment}

    def _worker_socket(self, service: str) -> Path:
        return self.folder / f"{service}{WORKER}.socket"

    def _amqp_url(self, user: str, password: str) -> str:
        parts = urlsplit(self.servers.amqp_url)
        place = f"{user}:{password}@{parts.hostname}:{parts.port}"
        return f"amqp://{place}/{quote(self.vhost, safe='')}"

    def _mongo_url(self, service: str) -> str:
        parts = urlsplit(self.servers.mongo_url)
        login = f"{service}:{self.secrets[f'{service}_mongo_password']}"
        at = parts.netloc.rpartition("@")[2]
        return f"mongodb://{login}@{at}/{self.database(service)}?directConnection=true"


def issued(key: Path, subject: str, grants: Sequence[str]) -> str:
    """Return a token for half a day, signed with the key in that file."""
    issuer = Issuer(load_private(key), utc_now)
    return issuer.issue(subject, [Grant.parse(grant) for grant in grants], _TOKEN_LIFETIME)


@contextmanager
def running(
    servers: Servers,
    folder: Path,
    *,
    say: Say,
    vhost: str = "/",
    prefix: str = "",
    services: Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
    proxy: Path | None = None,
) -> Iterator[Stack]:
    """Provision the servers and run the services until the end of the block.

    `proxy` is an nginx: with it they have one address.
    """
    stack = prepared(
        servers, folder, vhost=vhost, prefix=prefix, environment=environment, proxy=proxy
    )
    try:
        names = [*(services or provision.service_names()), *([PROXY] if proxy else [])]
        say(f"starting {', '.join(names)}")
        for name in stack.processes:
            stack.start(name)
        stack.await_ready()
        yield stack
    finally:
        stack.stop()


def prepared(
    servers: Servers,
    folder: Path,
    *,
    vhost: str = "/",
    prefix: str = "",
    environment: Mapping[str, str] | None = None,
    services: Sequence[str] | None = None,
    proxy: Path | None = None,
) -> Stack:
    """Make secrets and ports, create users and topology; no service runs yet."""
    names = services or provision.service_names()
    store = Folder(folder / "secrets")
    store.prepare()
    secrets = originals(store)
    everybody = [*names, *([PROXY] if proxy else [])]
    chosen = kept(folder / "services.json", everybody, ports.free().__next__, ports.bindable)
    front = chosen.pop(PROXY, None)
    stack = Stack(servers, folder, chosen, secrets, vhost, prefix, dict(environment or {}))
    if proxy and front:
        in_front = Proxy(proxy, folder / PROXY, front, chosen, stack.path_prefixes())
        in_front.prepare()
        stack = replace(stack, proxy=in_front)
    amqp = {name: secrets[f"{name}_amqp_password"] for name in names}
    mongo = {name: secrets[f"{name}_mongo_password"] for name in names}
    provision.rabbit(servers.management_url, amqp, secrets["operator_amqp_password"], vhost=vhost)
    asyncio.run(provision.mongo(servers.mongo_url, mongo, prefix))
    return stack
