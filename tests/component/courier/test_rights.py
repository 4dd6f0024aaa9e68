"""Who may use which route, held against a table kept by hand."""

import csv
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from services.courier import api, pages
from shared.auth.roles import Role
from tests.component.courier.counter import Counter, counter
from tests.unit.courier.sample import AGENT

RULES = {**api.RULES, **pages.RULES}
DONE = {"200", "303"}
"""What those get who may: a page's form leads on."""


class Row(NamedTuple):
    """A line of the table."""

    route: str
    role: str
    grant_programme: str
    grant_region: str
    programme: str
    region: str
    status: str


BODIES: dict[str, Any] = {
    "PUT /api/areas/{programme_id}/{village}/{rw}": {"agent_id": AGENT},
    "POST /api/jobs/{job_id}/assign": {"agent_id": "agent-2"},
    "POST /api/jobs/{job_id}/steps": {"step": "collect_papers"},
}


def rows() -> list[Row]:
    with Path(__file__).with_name("rights.csv").open(encoding="utf-8", newline="") as file:
        return [Row(**row) for row in csv.DictReader(file)]


async def send(row: Row, at: Counter) -> httpx.Response:
    method, template = row.route.split(" ")
    path = template.format(
        programme_id=row.programme, village=row.region, rw="005", job_id="case-1"
    )
    headers = {}
    if row.role != "nobody":
        headers = at.messaging.headers(
            row.role, row.grant_programme, row.grant_region, subject=AGENT
        )
    if row.route.startswith("POST /tugas"):
        form = {"langkah": "collect_papers"}
        return await at.client.request(method, path, data=form, headers=headers)
    query = {"programme_id": row.programme} if row.route == "GET /api/jobs" else {}
    body = BODIES.get(row.route)
    return await at.client.request(method, path, params=query, json=body, headers=headers)


@pytest.mark.parametrize("row", rows(), ids=" ".join)
async def test_rights(row: Row) -> None:
    async with counter() as at:
        await at.assigned_job()
        answer = await send(row, at)
        assert answer.status_code == int(row.status), answer.text


@pytest.mark.parametrize("route", RULES)
def test_every_route_has_somebody_who_may_and_somebody_who_may_not(route: str) -> None:
    found = [row for row in rows() if row.route == route]
    statuses = {row.status for row in found}
    assert statuses >= {"403", "401"}
    assert statuses & DONE
    assert {row.role for row in found} == {*Role, "nobody"}
    assert {row.role for row in found if row.status in DONE} == RULES[route].roles


def test_the_table_names_no_route_that_is_not_there() -> None:
    assert {row.route for row in rows()} == set(RULES)


@pytest.mark.parametrize("authorization", ["Bearer x.y.z", "Basic YTpi", "Bearer "])
async def test_a_token_that_is_none_is_not_believed(authorization: str) -> None:
    async with counter() as at:
        headers = {"Authorization": authorization}
        answer = await at.client.get("/api/programmes", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_a_token_that_has_run_out_is_not_believed() -> None:
    async with counter() as at:
        headers = at.messaging.headers("admin")
        at.messaging.clock.advance(hours=2)
        assert (await at.client.get("/api/programmes", headers=headers)).status_code == 401
