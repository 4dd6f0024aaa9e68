"""One stack of real servers per session, and in it a database and a virtual host per test."""

import gc
import ipaddress
import os
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from pymongo import MongoClient

from deploy.local.processes import signals_interrupt
from deploy.local.servers import Servers, provide
from tests import budgets, size

TESTS = Path(__file__).parent
REAL = {"integration", "e2e", "torture"}


def folder_of(path: Path) -> str:
    """The kind of a test: the folder below tests/ that it lies in."""
    return path.relative_to(TESTS).parts[0]


def pytest_configure(config: pytest.Config) -> None:
    """Set the number of examples, and hold the budgets where this is a phase of `make test`."""
    size.load_profile()
    result = os.environ.get(budgets.RESULT_VARIABLE)
    if result and not hasattr(config, "workerinput"):
        allowed = {name: seconds * size.TIMES for name, seconds in budgets.budgets().items()}
        config.pluginmanager.register(budgets.Times(allowed, Path(result)))


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark the tests that need real servers."""
    for item in items:
        if folder_of(item.path) in REAL:
            item.add_marker("real")


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Iterator[Servers]:
    """RabbitMQ and MongoDB for the whole session, from an empty folder, gone at its end."""
    with started(pytestconfig) as running:
        yield running


@contextmanager
def started(pytestconfig: pytest.Config, *, test_commands: bool = False) -> Iterator[Servers]:
    """Servers from an empty folder, gone at the end; `test_commands` for faults in mongod."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n[servers] {line}", end="", flush=True)  # noqa: T201 - minutes, if it installs

    with (
        signals_interrupt(),
        tempfile.TemporaryDirectory(prefix="jemput-tests-") as data,
        provide(Path(data), fresh=True, test_commands=test_commands, say=say) as running,
    ):
        may_publish_for_others(running)
        yield running


def may_publish_for_others(servers: Servers) -> None:
    """Let the administrator send what services would: the broker holds `user_id` to the login."""
    url = urlsplit(servers.amqp_url)
    rights = {"password": unquote(url.password or ""), "tags": "administrator,impersonator"}
    with httpx.Client(base_url=f"{servers.management_url}/api/", timeout=30) as api:
        api.put(f"users/{url.username}", json=rights).raise_for_status()


@pytest.fixture
def mongo_database(servers: Servers) -> Iterator[str]:
    """Name of a database that is this test's alone."""
    name = f"test_{secrets.token_hex(6)}"
    yield name
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        for part in client.list_database_names():
            if part == name or part.startswith(f"{name}_"):
                client.drop_database(part)


@pytest.fixture
def vhost(servers: Servers) -> Iterator[str]:
    """Name of a RabbitMQ virtual host that is this test's alone, open to the administrator."""
    name = f"test-{secrets.token_hex(6)}"
    user = urlsplit(servers.amqp_url).username
    with httpx.Client(base_url=f"{servers.management_url}/api/", timeout=30) as api:
        api.put(f"vhosts/{name}").raise_for_status()
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        api.put(f"permissions/{name}/{user}", json=everything).raise_for_status()
        yield name
        api.delete(f"vhosts/{name}").raise_for_status()


@pytest.fixture
def amqp_url(servers: Servers, vhost: str) -> str:
    """The administrator's way into this test's virtual host."""
    return urlsplit(servers.amqp_url)._replace(path=f"/{vhost}").geturl()


@pytest.fixture(autouse=True)
def network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """UnitOfWork tests connect to nothing; component tests to nothing beyond this machine."""
    allowed = {"unit": nowhere, "component": this_machine}.get(folder_of(request.path))
    if allowed is None:
        return
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, guarded(getattr(socket.socket, name), allowed))


def nowhere(_family: int, _address: Any) -> bool:
    """No address at all."""
    return False


def this_machine(family: int, address: Any) -> bool:
    """Unix sockets and loopback addresses; a host name is not looked up."""
    if family == socket.AF_UNIX:
        return True
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return bool(address[0] == "localhost")


def guarded(
    connect: Callable[[socket.socket, Any], Any], allowed: Callable[[int, Any], bool]
) -> Callable[[socket.socket, Any], Any]:
    """A socket method that fails the test at once, past every `except Exception` on the way."""

    def guard(self: socket.socket, address: Any) -> Any:
        if not allowed(self.family, address):
            pytest.fail(f"this kind of test may not connect to {address!r}")
        return connect(self, address)

    return guard


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of every later search for garbage."""
    gc.collect()
    gc.freeze()
