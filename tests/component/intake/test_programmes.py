"""Programmes over HTTP."""

from typing import Any

import pytest

from shared.contracts.intake import ProgrammePublished
from tests.component.intake import sops
from tests.component.intake.catalogues import publish
from tests.component.intake.kit import BOTRAM, desk

KESRA = {
    "programme_id": "sregep",
    "name": "SREGEP",
    "owner": "Bagian Kesra Setda Kabupaten Bekasi",
}


async def test_a_programme_is_published_once_for_each_content() -> None:
    async with desk() as office:
        before = len(office.messaging.published)

        same = await office.publish("botram", BOTRAM)
        changed = await office.publish("botram", {**BOTRAM, "standard_working_days": 2})

        assert same.json() == {"programme_id": "botram", "version": 1}
        assert changed.json() == {"programme_id": "botram", "version": 2}
        (event,) = office.messaging.published[before:]
        assert isinstance(event, ProgrammePublished)
        assert event.standard_working_days == 2


async def test_the_same_request_is_answered_the_same() -> None:
    async with desk() as office:
        body = {**BOTRAM, "name": "Botram"}
        answers = [
            await office.ask("PUT", "/programmes/botram", "admin", json=body, key="the-same-key")
            for _ in range(2)
        ]
        other = await office.ask(
            "PUT", "/programmes/botram", "admin", json=BOTRAM, key="the-same-key"
        )

        assert [answer.json()["version"] for answer in answers] == [2, 2]
        assert other.status_code == 422
        assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_the_time_zone_never_changes() -> None:
    async with desk() as office:
        refused = await office.publish("botram", {**BOTRAM, "time_zone": "Asia/Makassar"})

        assert refused.status_code == 409
        assert refused.json()["reason"] == "time_zone_fixed"


async def test_a_copy_appears_everywhere_and_a_second_one_must_be_the_same() -> None:
    async with desk() as office:
        copies = "/programmes/botram/copies"
        answers = [await office.ask("POST", copies, "admin", json=KESRA) for _ in range(2)]
        other = await office.ask("POST", copies, "admin", json={**KESRA, "owner": "Another"})
        missing = await office.ask("POST", "/programmes/nothing/copies", "admin", json=KESRA)
        shown = await office.ask("GET", "/programmes/sregep", "operator", "sregep")

        assert [a.status_code for a in (*answers, other, missing)] == [201, 201, 409, 404]
        assert other.json()["reason"] == "programme_exists"
        told = [e for e in office.messaging.published if isinstance(e, ProgrammePublished)]
        assert [e.programme_id for e in told] == ["botram", "halo_pamor", "sregep"]
        assert shown.json()["copied_from"] == "botram"
        assert shown.json()["owner"] == KESRA["owner"]
        assert len(shown.json()["services"]) == 3


async def test_programmes_are_listed_to_those_who_work_in_them() -> None:
    async with desk() as office:
        everything = await office.ask("GET", "/programmes", "service")
        own = await office.ask("GET", "/programmes", "operator", "halo_pamor", "32.75.01")
        missing = await office.ask("GET", "/programmes/nothing", "service")

        assert [p["programme_id"] for p in everything.json()] == ["botram", "halo_pamor"]
        assert [p["programme_id"] for p in own.json()] == ["halo_pamor"]
        assert missing.status_code == 404


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"colour": "blue"}, "/colour"),
        ({"region_code": "32.99"}, "/region_code"),
        ({"region_code": "32-16"}, "/region_code"),
        ({"time_zone": "Europe/Berlin"}, "/time_zone"),
        ({"channels": []}, "/channels"),
        ({"channels": ["event", "event"]}, "body"),
        ({"services": []}, "/services"),
        ({"services": [BOTRAM["services"][0]] * 2}, "body"),
        ({"services": [{"code": "kia", "name": "x", "deliverable": "card"}]}, "/services/0/code"),
        (
            {"services": [{"code": "KIA", "name": "x", "deliverable": "gold"}]},
            "/services/0/deliverable",
        ),
        ({"standard_working_days": -1}, "/standard_working_days"),
        ({"standard_working_days": 366}, "/standard_working_days"),
        ({"standard_working_days": "soon"}, "/standard_working_days"),
        ({"calendar": {"closed": ["2023-03-14"], "open": ["2023-03-14"]}}, "/calendar"),
        ({"name": ""}, "/name"),
        ({"pick_up_and_delivery": None}, "/pick_up_and_delivery"),
    ],
)
async def test_a_malformed_programme_is_refused_by_field(
    changed: dict[str, Any], field: str
) -> None:
    async with desk() as office:
        refused = await office.publish("botram", {**BOTRAM, **changed})

        assert refused.status_code == 422
        fields = [error["field"] for error in refused.json()["errors"]]
        assert field in fields


async def test_a_command_needs_its_key() -> None:
    async with desk() as office:
        headers = office.messaging.headers("admin")
        del headers["Idempotency-Key"]

        refused = await office.client.put(
            "/api/programmes/botram", json=dict(BOTRAM), headers=headers
        )

        assert refused.status_code == 400
        assert refused.json()["type"] == "/problems/idempotency-key"


async def test_how_long_persons_are_kept_is_said_by_the_programme() -> None:
    async with desk() as office:
        await office.publish("botram", {**BOTRAM, "retention_days": 365})

        shown = (await office.operator("GET", "/programmes/botram")).json()
        unsaid = (await office.operator("GET", "/programmes/halo_pamor")).json()

        assert (shown["retention_days"], unsaid["retention_days"]) == (365, None)


async def test_the_order_of_its_lines_is_said_by_the_programme() -> None:
    line = {"priority_every": 4, "recall_after": 5, "no_show_minutes": 15, "weights": {"KIA": 2}}
    async with desk() as office:
        await office.publish("botram", {**BOTRAM, "line": line})

        shown = (await office.operator("GET", "/programmes/botram")).json()
        unsaid = (await office.operator("GET", "/programmes/halo_pamor")).json()
        published = [e for e in office.messaging.published if isinstance(e, ProgrammePublished)]

        assert shown["line"] == line
        assert unsaid["line"]["priority_every"] is None
        told = published[-1].line
        assert (told.priority_every, told.recall_after, told.no_show_minutes) == (4, 5, 15)
        assert [(one.service, one.weight) for one in told.weights] == [("KIA", 2)]


@pytest.mark.parametrize(
    "line",
    [
        {"priority_every": 1},
        {"priority_every": 101},
        {"recall_after": 0},
        {"no_show_minutes": 241},
        {"weights": {"KIA": 0}},
        {"weights": {"kia": 1}},
        {"order": "random"},
    ],
    ids=str,
)
async def test_an_order_that_cannot_be_is_refused_by_name(line: dict[str, Any]) -> None:
    """Of two calls one to priority at most: with one of one all others would starve."""
    async with desk() as office:
        refused = await office.publish("botram", {**BOTRAM, "line": line})

        assert refused.status_code == 422
        assert f"/line/{next(iter(line))}" in refused.text


@pytest.mark.parametrize("days", [0, -1, 36_501, 1.5, "soon"])
async def test_a_retention_that_cannot_be_is_refused_by_name(days: object) -> None:
    async with desk() as office:
        refused = await office.publish("botram", {**BOTRAM, "retention_days": days})

        assert refused.status_code == 422
        assert "/retention_days" in refused.text


POINT = {
    "name": "Mal Pelayanan Publik",
    "region_code": "32.16.18",
    "hours": [{"weekday": 1, "opens": "08:00", "closes": "15:30"}],
    "services": ["KK"],
}


async def test_what_is_read_can_be_sent_back_and_changes_nothing() -> None:
    async with desk() as office:
        (await publish(office)).raise_for_status()
        (await sops.publish(office)).raise_for_status()
        full = {
            "service_points": [POINT],
            "calendar": {"closed": ["2026-12-28"], "open": []},
            "data_use": {"purpose": "Menerbitkan dokumen", "recipients": ["BPJS"]},
            "retention_days": 400,
            "requests_per_person_and_day": 5,
        }
        (await office.publish("botram", {**BOTRAM, **full})).raise_for_status()
        read = (await office.ask("GET", "/programmes/botram", "admin")).json()

        back = await office.publish("botram", read)
        renamed = await office.publish("botram", {**read, "name": "BOTRAM 2"})
        late = await office.publish("botram", {**read, "name": "BOTRAM 3"})
        now = (await office.ask("GET", "/programmes/botram", "admin")).json()

    assert (read["catalogue_version"], read["sop_version"]) == (1, 1)
    assert back.json() == {"programme_id": "botram", "version": read["version"]}
    assert renamed.json()["version"] == read["version"] + 1
    assert (late.status_code, late.json()["reason"]) == (409, "not_as_stated")
    assert late.json()["detail"].startswith("version: ")
    assert now == {**read, "name": "BOTRAM 2", "version": read["version"] + 1}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("programme_id", "sregep"),
        ("version", 7),
        ("copied_from", "sregep"),
        ("catalogue_version", 1),
        ("sop_version", 1),
    ],
)
async def test_what_does_not_stand_as_stated_is_refused_by_name(field: str, value: object) -> None:
    async with desk() as office:
        refused = await office.publish("botram", {**BOTRAM, "name": "Other", field: value})
        new = await office.publish("new", {**BOTRAM, field: value})
        name = (await office.ask("GET", "/programmes/botram", "admin")).json()["name"]
    for answer in (refused, new):
        assert (answer.status_code, answer.json()["reason"]) == (409, "not_as_stated")
        assert answer.json()["detail"].startswith(f"{field}: ")
    assert name == "BOTRAM"
