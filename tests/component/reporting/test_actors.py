"""Every command of reporting keeps who sent it, and publishes nothing."""

from typing import Any

import pytest

from services.reporting import api, pages
from tests.component.reporting.kit import EVIDENCE, desk, two_offices
from tests.unit.files.samples import image

OF_A_YEAR = "/api/programmes/{programme_id}/years/{year}/evidence"
ACTS: dict[str, dict[str, Any]] = {
    f"POST {OF_A_YEAR}": {"content": image()},
    f"POST {OF_A_YEAR}/{{file_id}}": {"json": {"kind": "report"}},
    f"DELETE {OF_A_YEAR}/{{file_id}}": {},
}


def test_every_changing_route_is_tried() -> None:
    rules = {**api.RULES, **pages.RULES}
    assert set(ACTS) == {route for route in rules if not route.startswith("GET ")}


@pytest.mark.parametrize("route", ACTS)
async def test_a_command_keeps_who_sent_it(route: str) -> None:
    async with desk() as full:
        await two_offices(full)
        method, path = route.split(" ")
        file_id = ""
        if "{file_id}" in path:
            file_id = await full.evidence(bound=method == "DELETE")
        known = {one["_id"] for one in full.messaging.documents("actions")}
        sent = len(full.messaging.messages)
        headers = full.messaging.headers(
            "planner", "botram", "32.16", subject="siti", key="act-00001"
        )
        place = path.replace(OF_A_YEAR, EVIDENCE).replace("{file_id}", file_id)
        for _ in range(2):
            answer = await full.client.request(method, place, headers=headers, **ACTS[route])
            assert answer.is_success, answer.text
        [left] = [one for one in full.messaging.documents("actions") if one["_id"] not in known]
        assert (left["actor"], left["action"]) == ("siti", route)
        assert left["changed"]
        assert len(full.messaging.messages) == sent
