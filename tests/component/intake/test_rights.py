"""Who may do what: the hand-kept table, row by row, and that it leaves no route out."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.intake import api
from shared.auth.roles import Role
from shared.auth.rules import PUBLIC
from shared.contracts.courier import DocumentCollected
from tests.component.intake.kit import BOTRAM, HALO_PAMOR, Desk, at_event, at_home, desk
from tests.unit.intake.bus import job
from tests.unit.intake.sample import home_case

PROGRAMMES = {"botram": BOTRAM, "halo_pamor": HALO_PAMOR}


@dataclass(frozen=True)
class Row:
    """One line: who asks, by which grant, for what, and what the answer is."""

    route: str
    role: str
    grant_programme: str
    grant_region: str
    programme: str
    region: str
    status: int

    def __str__(self) -> str:
        grant = f"{self.role}:{self.grant_programme}:{self.grant_region}"
        return f"{self.route} by {grant} in {self.programme}:{self.region}"


def rows() -> list[Row]:
    with Path(__file__).with_name("rights.csv").open(encoding="utf-8", newline="") as file:
        return [Row(status=int(line.pop("status")), **line) for line in csv.DictReader(file)]


ROWS = rows()


def request_body(row: Row) -> dict[str, Any]:
    make = at_event if row.programme == "botram" else at_home
    return make(region_code=row.region)


def command(row: Row) -> dict[str, Any]:
    """Return the body that a route's command takes, for the row's target."""
    return {
        "PUT /api/programmes/{programme_id}": {
            **PROGRAMMES.get(row.programme, BOTRAM),
            "name": "Renamed",
            "region_code": row.region,
        },
        "POST /api/programmes/{programme_id}/copies": {
            "programme_id": "sregep",
            "name": "SREGEP",
            "owner": "Bagian Kesra Setda Kabupaten Bekasi",
        },
        "POST /api/requests": request_body(row) if row.region.count(".") > 2 else {},
        "POST /api/requests/{case_id}/steps": {"step": "verify"},
    }.get(row.route, {})


async def ask(row: Row, office: Desk) -> httpx.Response:
    """Ask as the row says, for a case of its programme and region where the route needs one."""
    method, path = row.route.split()
    how: dict[str, Any] = {"json": command(row)} if method in ("POST", "PUT") else {}
    if "{case_id}" in path or path.startswith("/api/track"):
        recorded = await office.record(request_body(row))
        if path == "/api/track/receipt":
            (await office.step(recorded["case_id"], "issue")).raise_for_status()
            fetched = job(DocumentCollected, home_case(), case_id=recorded["case_id"])
            await office.messaging.deliver(fetched)
        path = path.replace("{case_id}", recorded["case_id"])
        if path.startswith("/api/track"):
            how = {"json": {"code": recorded["tracking_code"]}}
        if path == "/api/track/receipt":
            how["json"]["receipt_code"] = recorded["receipt_code"]
    path = path.replace("{programme_id}", row.programme)
    if row.route == "GET /api/requests":
        path += f"?programme_id={row.programme}"
    if row.role == "nobody":
        return await office.client.request(method, path, **how)
    headers = office.messaging.headers(row.role, row.grant_programme, row.grant_region)
    return await office.client.request(method, path, headers=headers, **how)


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_the_table_holds(row: Row) -> None:
    async with desk() as office:
        answer = await ask(row, office)

        assert answer.status_code == row.status, answer.text


def test_every_route_has_a_row_that_may_and_one_that_may_not() -> None:
    for route, rule in api.RULES.items():
        statuses = {row.status for row in ROWS if row.route == route}
        assert any(status < 300 for status in statuses), route
        assert rule == PUBLIC or {401, 403} & statuses, route
        found = [row for row in ROWS if row.route == route]
        assert rule == PUBLIC or {row.role for row in found} == {*Role, "nobody"}, route
        assert rule == PUBLIC or {r.role for r in found if r.status < 300} == rule.roles, route
    assert {row.route for row in ROWS} == set(api.RULES)


async def test_a_case_outside_the_callers_region_is_in_no_list_of_his() -> None:
    async with desk() as office:
        await office.record(at_event())

        path = "/requests?programme_id=botram"
        answer = await office.ask("GET", path, "operator", "botram", "32.16.06")

        assert answer.json() == {"items": [], "next_cursor": None}
