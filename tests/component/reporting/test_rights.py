"""Who may see what: a table kept by hand, walked row by row."""

import asyncio
import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from services.reporting import api, pages
from shared.auth.roles import Role
from tests.component.reporting.kit import BALANGAN, SETU, Desk, desk, two_offices, until
from tests.unit.files.samples import image

TABLE = Path(__file__).with_name("rights.csv").read_text().splitlines()
ROWS = list(csv.DictReader(TABLE, restval="day"))
EVENTS = {"botram": SETU, "dik_jamila": BALANGAN}
REGIONS = {"botram": ("32.16", "32.16.18"), "dik_jamila": ("63.11", "63.11.01")}


OF_A_YEAR = "POST /api/programmes/{programme_id}/years/{year}/evidence"
SENT: dict[str, dict[str, Any]] = {
    OF_A_YEAR: {"content": image()},
    f"{OF_A_YEAR}/{{file_id}}": {"json": {"kind": "report"}},
}


async def sent_file(route: str, full: Desk) -> str:
    """Have a file there where the route names one, bound where it is not about to be."""
    return await full.evidence(bound=route not in SENT) if "{file_id}" in route else ""


def test_every_route_has_rows_of_both_kinds() -> None:
    allowed: dict[str, set[bool]] = defaultdict(set)
    for row in ROWS:
        allowed[row["route"]].add(int(row["status"]) < 400)
    assert set(allowed) == {*api.RULES, *pages.RULES}
    assert all(kinds == {True, False} for kinds in allowed.values())


def test_roles_of_a_route_are_those_of_the_table() -> None:
    for route, rule in {**api.RULES, **pages.RULES}.items():
        found = [row for row in ROWS if row["route"] == route]
        assert {row["role"] for row in found} == {*Role, "nobody"}, route
        assert {r["role"] for r in found if int(r["status"]) < 400} == rule.roles, route


def test_the_table_tells_the_targets_as_they_are() -> None:
    assert all(row["region"] in REGIONS[row["programme"]] for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[",".join(row.values()) for row in ROWS])
async def test_a_row_of_the_table(row: dict[str, str]) -> None:
    async with desk() as full:
        await two_offices(full)
        path = (
            row["route"]
            .partition(" ")[2]
            .format(
                event_id=EVENTS[row["programme"]],
                programme_id=row["programme"],
                year=2023,
                file_id=await sent_file(row["route"], full),
            )
        )
        if path.endswith("/totals"):
            path += f"?from=2023-03-01&to=2023-03-31&by={row['by']}"
        if path.endswith("/satisfaction"):
            path += "?from=2023-03-01&to=2023-03-31"
        if path == "/kepuasan":
            path += f"?program={row['programme']}"
        headers = {}
        if row["role"] != "nobody":
            headers = full.messaging.headers(
                row["role"], row["grant_programme"], row["grant_region"]
            )
        how = SENT.get(row["route"], {})
        method = row["route"].partition(" ")[0]
        asked = asyncio.create_task(full.client.request(method, path, headers=headers, **how))
        # A stream ends when the process stops, and is only then an answer to this client.
        await until(lambda: full.streams > 0 or asked.done())
        full.messaging.health.drain()
        assert (await asked).status_code == int(row["status"])
