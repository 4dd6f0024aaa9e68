"""Reporting over HTTP: every answer and every refusal."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.reporting.domain import MAX_DAYS, Measure
from shared.contracts.scheduler import VisitRecorded
from tests.component.reporting.kit import BALANGAN, SETU, Desk, desk, two_offices
from tests.unit.reporting.histories import received, scheduled

REPORT = f"/api/events/{SETU}/report"
TOTALS = "/api/programmes/botram/totals"
MARCH = {"from": "2023-03-01", "to": "2023-03-31"}


@pytest.fixture
async def full() -> AsyncIterator[Desk]:
    async with desk() as empty:
        await two_offices(empty)
        yield empty


async def test_an_events_report(full: Desk) -> None:
    answer = await full.get(REPORT)
    assert answer.status_code == 200
    said = answer.json()
    assert (said["name"], said["place"], said["on"]) == (
        "BOTRAM Setu",
        "Stadion Mini Desa Cijengkol",
        "2023-03-11",
    )
    assert set(said["measures"]) == set(Measure) - {Measure.SURVEY_SCORES, Measure.SURVEY_POINTS}
    assert said["measures"]["requests_received"] == 4
    assert [(r["value"], r["name"], r["share"]) for r in said["services"]] == [
        ("KIA", "Kartu Identitas Anak", 75.0),
        ("KK", "Kartu Keluarga", 25.0),
        ("HEALTH_CHECK", None, 0.0),
    ]
    assert [row["value"] for row in said["regions"]] == ["32.16.18"]
    assert [row["value"] for row in said["hours"]] == ["2023-03-11T09"]
    assert said["updated_at"] == "2023-03-11T02:15:00Z"


async def test_an_event_without_figures_has_zeroes_and_no_shares(full: Desk) -> None:
    await full.tell(scheduled("later"))
    said = (await full.get("/api/events/later/report")).json()
    assert set(said["measures"].values()) == {0}
    assert {row["share"] for row in said["services"]} == {None}
    assert said["hours"] == said["booths"] == []


async def test_booths_have_their_agency(full: Desk) -> None:
    visit = {
        "visit_id": "v1",
        "event_id": SETU,
        "programme_id": "botram",
        "booth_id": "puskesmas",
        "service": "HEALTH_CHECK",
        "region_code": "32.16.18",
        "visitors": 7,
    }
    await full.tell(VisitRecorded.model_validate(visit))
    (booth,) = (await full.get(REPORT)).json()["booths"]
    assert (booth["booth_id"], booth["agency"]) == ("puskesmas", "Puskesmas Setu")
    assert booth["measures"]["visits"] == 7


async def test_a_message_that_comes_twice_is_counted_once(full: Desk) -> None:
    for _ in range(2):
        await full.messaging.deliver(received("c9"), id="the-same")
    full.count()
    assert (await full.get(REPORT)).json()["measures"]["requests_received"] == 5


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("service", {"KIA": 3, "KK": 2}),
        ("region", {"32.16.18": 5}),
        ("channel", {"event": 4, "office": 1}),
        ("day", {"2023-03-11": 5}),
        ("event", {SETU: 4, "-": 1}),
    ],
)
async def test_totals_of_a_programme_along_each_split(
    full: Desk, by: str, expected: dict[str, int]
) -> None:
    said = (await full.get(TOTALS, **MARCH, by=by)).json()
    assert {r["value"]: r["measures"]["requests_received"] for r in said["rows"]} == expected
    assert said["measures"]["requests_received"] == 5
    assert (said["first"], said["last"], said["by"]) == ("2023-03-01", "2023-03-31", by)


async def test_totals_are_of_the_days_asked_for_and_no_others(full: Desk) -> None:
    for first, last, wanted in (
        ("2023-03-11", "2023-03-11", 5),
        ("2023-03-12", "2023-12-31", 0),
        ("2022-03-12", "2023-03-10", 0),
    ):
        days = {"from": first, "to": last, "by": "day"}
        said = (await full.get(TOTALS, **days)).json()
        assert said["measures"]["requests_received"] == wanted, (first, last)


async def test_after_a_rebuild_the_new_totals_are_read(full: Desk) -> None:
    full.messaging.memory.collections["totals"].clear()
    full.count(generation=2)
    assert (await full.get(REPORT)).json()["measures"]["requests_received"] == 4


async def test_programmes_are_those_of_the_callers_grants(full: Desk) -> None:
    async def listed(*scope: str) -> list[str]:
        answer = await full.get("/api/programmes", "head", *scope)
        return [p["programme_id"] for p in answer.json()]

    assert await listed() == ["botram", "dik_jamila"]
    assert await listed("botram", "32.16") == ["botram"]
    assert await listed("dik_jamila", "63.11.01") == ["dik_jamila"]
    assert await listed("*", "63") == ["botram", "dik_jamila"]
    assert await listed("botram", "32.16.18") == ["botram"]


@pytest.mark.parametrize(
    ("path", "params", "status", "field"),
    [
        (REPORT, {"foo": "1"}, 422, "query/foo"),
        ("/api/events/.bad/report", {}, 422, "path/event_id"),
        ("/api/events/nowhere/report", {}, 404, None),
        ("/api/programmes/nowhere/totals", {**MARCH, "by": "day"}, 404, None),
        ("/api/programmes/BOTRAM/totals", {**MARCH, "by": "day"}, 422, "path/programme_id"),
        (TOTALS, {"to": "2023-03-31", "by": "day"}, 422, "query/from"),
        (TOTALS, {**MARCH}, 422, "query/by"),
        (TOTALS, {**MARCH, "by": "village"}, 422, "query/by"),
        (TOTALS, {**MARCH, "from": "kemarin", "by": "day"}, 422, "query/from"),
        (TOTALS, {**MARCH, "from": "2023-04-01", "by": "day"}, 422, "query/to"),
        (TOTALS, {"from": "2023-01-01", "to": "2024-01-02", "by": "day"}, 422, "query/to"),
        (TOTALS, {**MARCH, "by": "day", "village": "x"}, 422, "query/village"),
        ("/api/programmes", {"limit": "1"}, 422, "query/limit"),
        ("/api/nothing", {}, 404, None),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(
    full: Desk, path: str, params: dict[str, Any], status: int, field: str | None
) -> None:
    answer = await full.get(path, **params)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    named = [error["field"] for error in answer.json().get("errors", [])]
    assert named == ([field] if field else [])


async def test_a_year_with_its_leap_day_is_the_longest_period(full: Desk) -> None:
    answer = await full.get(TOTALS, **{"from": "2024-01-01", "to": "2024-12-31", "by": "day"})
    assert (answer.status_code, MAX_DAYS) == (200, 366)


async def test_a_token_is_needed_and_its_scope_holds(full: Desk) -> None:
    assert (await full.client.get(REPORT)).status_code == 401
    other = f"/api/events/{BALANGAN}/report"
    assert (await full.get(other, "head", "dik_jamila", "63.11")).status_code == 200
    assert (await full.get(other, "head", "botram", "*")).status_code == 403
    assert (await full.get(other, "head", "*", "32")).status_code == 403


async def test_the_description_names_roles_and_hides_pages(full: Desk) -> None:
    said = (await full.client.get("/api/openapi.json")).json()
    assert set(said["paths"]) == {
        "/reporting/api/events/{event_id}/report",
        "/reporting/api/programmes",
        "/reporting/api/programmes/{programme_id}/satisfaction",
        "/reporting/api/programmes/{programme_id}/totals",
        "/reporting/api/programmes/{programme_id}/years/{year}/evidence",
        "/reporting/api/programmes/{programme_id}/years/{year}/evidence/{file_id}",
        "/reporting/api/programmes/{programme_id}/years/{year}/evidence/{file_id}/content",
    }
    operation = said["paths"]["/reporting/api/events/{event_id}/report"]["get"]
    assert operation["x-roles"] == ["head", "planner", "service", "supervisor"]


async def test_a_camat_sees_the_rows_of_his_sub_district(full: Desk) -> None:
    elsewhere = "botram-2023-03-18-tambun"
    await full.tell(
        scheduled(elsewhere, region_code="32.16.06", name="BOTRAM Tambun"),
        received("c7", "KK", event_id=elsewhere, region_code="32.16.06.2001"),
        received("c8", "KK", event_id=SETU, region_code="32.16.06.2001"),
    )

    async def rows(by: str, *scope: str) -> tuple[dict[str, int], int]:
        said = (await full.get(TOTALS, "head", *scope, **MARCH, by=by)).json()
        found = {r["value"]: r["measures"]["requests_received"] for r in said["rows"]}
        return found, said["measures"]["requests_received"]

    assert await rows("region", "botram", "32.16.18") == ({"32.16.18": 5}, 5)
    assert await rows("region", "botram", "32.16.06") == ({"32.16.06": 2}, 2)
    assert await rows("event", "botram", "32.16.18") == ({SETU: 5}, 5)
    assert await rows("event", "botram", "32.16.06") == ({elsewhere: 1}, 1)
    assert await rows("event", "botram", "32.16") == ({SETU: 5, elsewhere: 1, "-": 1}, 7)
