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
    def held() -> bool:
        try:
            return holds()
        except httpx.HTTPError:
            return False

    await_ready(held, what=what, timeout=within)


def all_running(office: Office) -> None:
    """Start everything, wait for it, and publish the programme."""
    for name in office.stack.processes:
        office.stack.start(name)
    office.stack.await_ready()
    office.publish("halo_pamor")
    time.sleep(SETTLED_SECONDS)


def say(office: Office, status: int, check: str) -> bool:
    """Whether every service answers so, and finds fault with this check."""
    told = [office.readiness(service) for service in office.stack.services]
    return all(found == status and checks[check] != "ok" for found, checks in told)


def for_a_minute() -> Iterator[None]:
    """Go round for a minute, with a pause between."""
    end = time.monotonic() + AWAY_SECONDS
    while time.monotonic() < end:
        yield
        time.sleep(2)


def has_jobs(office: Office, count: int) -> Callable[[], bool]:
    return lambda: len(office.jobs()) == count


def test_a_service_that_starts_later_gets_all_that_happened(
    make_office: Callable[[], Office],
) -> None:
    office = make_office()
    for name in ("intake", "intake-worker"):
        office.stack.start(name)
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
    all_running(office)
    accepted = set()
    with away(ours.rabbit):
        comes_true("all are degraded", lambda: say(office, 200, "rabbitmq"))
        for _ in for_a_minute():
            accepted.add(office.ask(new_id()).raise_for_status().json()["case_id"])
            assert say(office, 200, "rabbitmq")
        assert office.jobs() == []
    office.stack.await_ready()
    comes_true("every accepted request has its job", has_jobs(office, len(accepted)))
    assert {job["job_id"] for job in office.jobs()} == accepted


def test_without_mongodb_for_a_minute_they_say_so_and_go_on_afterwards(
    ours: Servers, make_office: Callable[[], Office]
) -> None:
    office = make_office()
    all_running(office)
    before, during = new_id(), new_id()
    accepted = office.ask(before).raise_for_status().json()["case_id"]
    with away(ours.mongo):
        comes_true("none is ready", lambda: say(office, 503, "mongodb"))
        refused = office.ask(during)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.headers["Content-Type"].startswith("application/problem+json")
        for _ in for_a_minute():
            assert say(office, 503, "mongodb")
    office.stack.await_ready()
    late = office.ask(during).raise_for_status().json()["case_id"]
    assert office.ask(before).json()["case_id"] == accepted
    comes_true("both have a job", has_jobs(office, 2))
    assert {job["job_id"] for job in office.jobs()} == {accepted, late}


@pytest.mark.parametrize("missing", ["rabbit", "mongo"])
def test_servers_that_come_after_the_services(
    ours: Servers, make_office: Callable[[], Office], missing: str
) -> None:
    office = make_office()
    time.sleep(SETTLED_SECONDS)
    with away(getattr(ours, missing)):
        for name in ("intake", "intake-worker", "courier"):
            office.stack.start(name)
        comes_true("intake answers", lambda: answers(office))
        if missing == "rabbit":
            # It answers before it has read whose access was ended, and is ready after that.
            comes_true("intake is ready", lambda: office.readiness("intake")[0] == 200)
        status, checks = office.readiness("intake")
        assert status == (503 if missing == "mongo" else 200)
        assert checks[{"rabbit": "rabbitmq", "mongo": "mongodb"}[missing]] != "ok"
    office.stack.await_ready()
    office.publish("halo_pamor")
    assert office.ask(new_id()).status_code == 201
    comes_true("courier has the job", has_jobs(office, 1))


def answers(office: Office) -> bool:
    try:
        return bool(httpx.get(f"{office.stack.direct('intake')}/healthz", timeout=3).is_success)
    except httpx.HTTPError:
        return False
