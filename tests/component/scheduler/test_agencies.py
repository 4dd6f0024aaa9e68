"""Agencies of a programme over HTTP."""

from typing import Any

import httpx
import pytest

from tests.component.scheduler.floor import Floor, booth_body, event_body, floor

BJB = "/api/programmes/botram/agencies/bjb"


async def name(at: Floor, path: str = BJB, **body: Any) -> httpx.Response:
    """Name an agency as a planner of everything."""
    said = {"name": "Bank BJB", "kind": "bumd", **body}
    return await at.client.put(path, json=said, headers=at.messaging.headers("planner"))


async def test_an_agency_is_named_changed_and_listed() -> None:
    async with floor() as at:
        first, again = await name(at), await name(at)
        changed = await name(at, kind="bumn")

        assert [one.json()["version"] for one in (first, again, changed)] == [1, 1, 2]
        listed = (await at.get("/api/programmes/botram/agencies")).json()
        assert [(one["agency_id"], one["kind"]) for one in listed] == [
            ("bjb", "bumn"),
            ("dinkes", "perangkat_daerah"),
            ("disdukcapil", "perangkat_daerah"),
        ]
        other = await at.get("/api/programmes/halo_pamor/agencies", "operator", "halo_pamor", "*")
        assert "bjb" not in other.text


async def test_a_plan_warns_of_an_agency_that_nobody_has_named() -> None:
    booths = [booth_body("loket-1", "KIA"), {**booth_body("bank", "SAVINGS"), "agency_id": "bjb"}]
    booths[1]["ticketed"] = False
    async with floor() as at:
        before = (await at.put(event_body(booths=booths))).json()
        await name(at)
        after = (await at.put(event_body(booths=booths))).json()

        assert [one["reason"] for one in before["warnings"]] == ["agency_unknown"]
        assert "bjb" in before["warnings"][0]["detail"]
        assert after["warnings"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "bank"}, "/kind"),
        ({"name": ""}, "/name"),
        ({"name": "Bank BJB "}, "/name"),
        ({"operators": ["a-1"]}, "/operators"),
    ],
)
async def test_an_agency_that_is_not_well_formed_is_refused(
    body: dict[str, Any], field: str
) -> None:
    async with floor() as at:
        refused = await name(at, **body)

        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == field


async def test_an_agency_needs_its_programme() -> None:
    async with floor() as at:
        assert (await name(at, "/api/programmes/sregep/agencies/bjb")).status_code == 404
