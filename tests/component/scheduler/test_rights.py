"""Who may use which route, held against a table kept by hand."""

import asyncio
import csv
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from services.scheduler import api, pages
from shared.auth.roles import Role
from tests.component.scheduler.floor import DEVICE, EVENTS, Floor, event_body, floor
from tests.unit.files.samples import image

RULES = {**api.RULES, **pages.RULES}
CALLED = {
    "entry_id": "0190f3c2-7a51-4c3e-9a5e-0d2f4b6a8c11",
    "booth_id": "loket-1",
    "service": "KIA",
    "number": 2,
    "claimed_at": "2023-03-11T09:15:00+07:00",
}
DONE = {"200", "201", "204", "303"}
"""What those get who may: a page's form leads on."""
OPEN = "jemput_http_streams_open"
GUARDED = [route for route, rule in RULES.items() if not rule.public]


class Row(NamedTuple):
    """A line of the table."""

    route: str
    role: str
    grant_programme: str
    grant_region: str
    programme: str
    region: str
    status: str


def rows() -> list[Row]:
    with Path(__file__).with_name("rights.csv").open(encoding="utf-8", newline="") as file:
        return [Row(**row) for row in csv.DictReader(file)]


def body_of(row: Row) -> Any:
    bodies = {
        "PUT /api/events/{event_id}": event_body(row.programme, region_code=row.region),
        "POST /api/events/{event_id}/services/{service}/tickets/{number}/{act}": {
            "booth_id": "loket-1"
        },
        "POST /api/events/{event_id}/booths/{booth_id}/visits": {
            "service": "HEALTH_CHECK",
            "visitors": 1,
        },
        "POST /api/events/{event_id}/evidence/{file_id}": {"kind": "photo"},
        "POST /api/events/{event_id}/arrivals": {"services": ["KIA"]},
        "PUT /api/events/{event_id}/leases/{device}": {"booth_id": "loket-1"},
        "POST /api/events/{event_id}/leases/{device}/stories": {"called": [CALLED]},
        "PUT /api/programmes/{programme_id}/agencies/{agency_id}": {
            "name": "Bank BJB",
            "kind": "bumd",
        },
    }
    return bodies.get(row.route)


def form_of(row: Row) -> Any:
    form = {"aksi": "panggil", "layanan": "KIA", "kunci": "rights-of-a-role", "perangkat": DEVICE}
    return form if row.route.startswith("POST") else None


async def lease(row: Row, at: Floor) -> None:
    """Have the caller's account lease for a device already; nobody's is somebody else's."""
    headers = at.messaging.headers("operator")
    path = f"/api/events/{EVENTS[row.programme]}/leases/{DEVICE}"
    answer = await at.client.put(path, json={"booth_id": "loket-1"}, headers=headers)
    assert answer.status_code == 200, answer.text


async def send(row: Row, at: Floor) -> httpx.Response:
    method, template = row.route.split(" ")
    booth = "puskesmas" if template.endswith("/visits") else "loket-1"
    file_id = ""
    if "{file_id}" in template:
        file_id = await at.evidence(bound=not row.route.startswith("POST"))
    path = template.format(
        event_id=EVENTS[row.programme],
        booth_id=booth,
        service="KIA",
        number=1,
        act="serve",
        programme_id=row.programme,
        agency_id="dinkes",
        code=await at.admit(EVENTS[row.programme]) if "{code}" in template else "",
        file_id=file_id,
        device=DEVICE,
    )
    if ("{device}" in template and method != "PUT") or row.route.startswith("POST /perangkat"):
        await lease(row, at)
    if template.endswith(("/closing", "/tutup")):
        at.messaging.clock.advance(hours=3)
    headers = {}
    if row.role != "nobody":
        headers = at.messaging.headers(row.role, row.grant_programme, row.grant_region)
    if template.endswith("/arus"):
        return await first_of_stream(path, headers, at)
    if not template.startswith("/api/"):
        return await at.client.request(method, path, data=form_of(row), headers=headers)
    if row.route == "POST /api/events/{event_id}/evidence":
        return await at.client.request(method, path, content=image(), headers=headers)
    query = {"programme_id": row.programme} if row.route == "GET /api/events" else {}
    return await at.client.request(method, path, params=query, json=body_of(row), headers=headers)


async def first_of_stream(path: str, headers: dict[str, str], at: Floor) -> httpx.Response:
    """Open a stream and end it; its answer is whole then."""
    asked = asyncio.create_task(at.client.get(path, headers=headers))

    async def opened() -> None:
        while not at.messaging.registry.get_sample_value(OPEN):  # noqa: ASYNC110 - a gauge
            await asyncio.sleep(0.01)

    await asyncio.wait_for(opened(), 10)
    at.messaging.health.drain()
    return await asked


@pytest.mark.parametrize("row", rows(), ids=" ".join)
async def test_rights(row: Row) -> None:
    async with floor() as at:
        await at.request("case-1", programme_id=row.programme)
        await at.request("case-2", programme_id=row.programme)
        path = f"/api/events/{EVENTS[row.programme]}/booths/loket-1/calls"
        await at.client.post(path, headers=at.messaging.headers("operator"))

        answer = await send(row, at)

        assert answer.status_code == int(row.status), answer.text


@pytest.mark.parametrize("route", GUARDED)
def test_every_route_has_somebody_who_may_and_somebody_who_may_not(route: str) -> None:
    found = {row.status for row in rows() if row.route == route}

    assert found >= {"403", "401"}
    assert found & DONE


@pytest.mark.parametrize("route", GUARDED)
def test_roles_of_a_route_are_those_of_the_table(route: str) -> None:
    found = [row for row in rows() if row.route == route]
    assert {row.role for row in found} == {*Role, "nobody"}
    assert {row.role for row in found if row.status in DONE} == RULES[route].roles


def test_the_table_names_no_route_that_is_not_there() -> None:
    assert {row.route for row in rows()} == set(RULES)
