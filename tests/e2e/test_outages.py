"""Servers that are away, at the start or for a minute, and services that start late."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from deploy.local.processes import await_ready
from deploy.local.servers import Server, Servers
from shared.contracts.envelope import new_id
from tests.e2e.conftest import Office

AWAY_SECONDS = 60.0
SETTLED_SECONDS = 2.0
"""A quorum queue declared a moment before a kill of the broker may exist and never serve."""


@pytest.fixture
def ours(servers: Servers) -> Servers:
    if servers.mode != "local":
        pytest.skip("only servers of our own may be taken away")
    return servers


@contextmanager
def away(server: Server) -> Iterator[None]:
    """Kill a server and bring it back at the end."""
    server.kill()
    try:
        yield
    finally:
        server.start()


def comes_true(what: str, holds: Callable[[], bool], within: float = 90) -> None:
    await_ready(holds, what=what, timeout=within)


def has_jobs(office: Office, count: int) -> Callable[[], bool]:
    return lambda: len(office.jobs()) == count


def test_a_service_that_starts_later_gets_all_that_happened(
    make_office: Callable[[], Office],
) -> None:
    office = make_office()
    office.stack.start("intake")
    office.stack.await_ready()
    office.publish("halo_pamor")
    asked = {office.ask(new_id()).raise_for_status().json()["case_id"] for _ in range(10)}
    office.stack.start("courier")
    office.stack.await_ready()
    comes_true("courier has ten jobs", has_jobs(office, 10))
    assert {job["job_id"] for job in office.jobs()} == asked


def test_without_rabbitmq_requests_are_accepted_and_arrive_afterwards(
    ours: Servers, make_office: Callable[[], Office]
) -> None:
    office = make_office()
    for service in ("intake", "courier"):
        office.stack.start(service)
    office.stack.await_ready()
    office.publish("halo_pamor")
    time.sleep(SETTLED_SECONDS)
    accepted = 0
    with away(ours.rabbit):
        end = time.monotonic() + AWAY_SECONDS
        while time.monotonic() < end:
            assert office.ask(new_id()).status_code == 201
            accepted += 1
            time.sleep(2)
        status, checks = office.readiness("intake")
        assert status == 200
        assert checks["rabbitmq"].startswith("degraded")
        assert office.jobs() == []
    comes_true("every accepted request has its job", has_jobs(office, accepted))
    comes_true("intake says it is whole again", lambda: office.stack.ready("intake"))


def test_without_mongodb_it_says_so_and_goes_on_afterwards(
    ours: Servers, make_office: Callable[[], Office]
) -> None:
    office = make_office()
    for service in ("intake", "courier"):
        office.stack.start(service)
    office.stack.await_ready()
    office.publish("halo_pamor")
    before, during = new_id(), new_id()
    assert office.ask(before).status_code == 201
    with away(ours.mongo):
        comes_true("intake is not ready", lambda: office.readiness("intake")[0] == 503)
        refused = office.ask(during)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.headers["Content-Type"].startswith("application/problem+json")
    comes_true("intake is ready again", lambda: office.stack.ready("intake"))
    assert office.ask(during).status_code == 201
    assert office.ask(before).json()["case_id"] in {job["job_id"] for job in office.jobs()}
    comes_true("both have a job", has_jobs(office, 2))


@pytest.mark.parametrize("missing", ["rabbit", "mongo"])
def test_servers_that_come_after_the_services(
    ours: Servers, make_office: Callable[[], Office], missing: str
) -> None:
    office = make_office()
    time.sleep(SETTLED_SECONDS)
    with away(getattr(ours, missing)):
        for service in ("intake", "courier"):
            office.stack.start(service)
        comes_true("intake answers", lambda: answers(office))
        status, checks = office.readiness("intake")
        assert status == (503 if missing == "mongo" else 200)
        assert checks[{"rabbit": "rabbitmq", "mongo": "mongodb"}[missing]] != "ok"
    office.stack.await_ready()
    office.publish("halo_pamor")
    assert office.ask(new_id()).status_code == 201
    comes_true("courier has the job", has_jobs(office, 1))


def answers(office: Office) -> bool:
    try:
        return bool(httpx.get(f"{office.stack.url('intake')}/healthz", timeout=3).is_success)
    except httpx.HTTPError:
        return False
