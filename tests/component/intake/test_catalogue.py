"""Catalogues and checklists over HTTP, and the pages that residents read."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest

from services.intake.api.catalogues import CatalogueBody
from tests.component.intake.catalogues import FAMILY_CARD, INSTEAD, PROXY, catalogue, entry, publish
from tests.component.intake.kit import Desk, at_event, desk
from tests.component.personal import NUMBERS, assert_refused
from tests.unit.files.samples import image

HTML: Final = {"Accept": "text/html"}


@pytest.fixture
async def office() -> AsyncIterator[Desk]:
    """Intake with a catalogue for BOTRAM."""
    async with desk() as running:
        (await publish(running)).raise_for_status()
        yield running


async def checklist(office: Desk, case_id: str) -> dict[str, Any]:
    answer = await office.operator("GET", f"/requests/{case_id}/checklist")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def waive(office: Desk, case_id: str, requirement: str, reason: str) -> Any:
    path = f"/requests/{case_id}/checklist/{requirement}/waiver"
    return await office.operator("POST", path, json={"reason": reason})


def standings(found: Mapping[str, Any]) -> dict[str, str]:
    return {item["requirement_id"]: item["standing"] for item in found["items"]}


async def test_a_catalogue_is_read_as_it_was_published_in_any_of_its_versions(
    office: Desk,
) -> None:
    second = await publish(office, cost="Gratis, selalu.")

    path = "/programmes/botram/catalogue"
    now = (await office.operator("GET", path)).json()
    first = (await office.operator("GET", path, params={"version": 1})).json()
    programme = (await office.operator("GET", "/programmes/botram")).json()

    assert second.json() == {"programme_id": "botram", "version": 2}
    assert (now.pop("programme_id"), now.pop("version"), now["cost"]) == (
        "botram",
        2,
        "Gratis, selalu.",
    )
    assert CatalogueBody(**now) == CatalogueBody(**catalogue(cost="Gratis, selalu."))
    assert (first["version"], first["cost"]) == (1, "Gratis.")
    assert programme["catalogue_version"] == 2
    assert (await office.operator("GET", path, params={"version": 3})).status_code == 404
    assert (await office.operator("GET", "/programmes/halo_pamor/catalogue")).status_code == 404


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"entries": []}, "/entries"),
        ({"cost": ""}, "/cost"),
        ({"daily_caps": [{"service": "KIA", "requests": 0}]}, "/daily_caps/0/requests"),
        ({"entries": [entry("KK", "KK"), entry("KK", "KK")]}, "body"),
        (
            {"entries": [entry("KK", "KK", {**FAMILY_CARD, "any_of": []})]},
            "/entries/0/requirements/0/any_of",
        ),
    ],
)
async def test_a_catalogue_that_is_wrong_in_itself_names_the_field(
    office: Desk, changed: dict[str, Any], field: str
) -> None:
    answer = await publish(office, **changed)

    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]


async def test_what_is_no_number_of_a_form_is_refused(office: Desk) -> None:
    old = {**PROXY, "any_of": [{"kind": "statement", "form": "F-2.291", "text": "SPTJM"}]}

    answer = await publish(office, entries=[entry("KK", "KK", old)])

    assert answer.status_code == 422


async def test_a_catalogue_with_a_gap_is_a_conflict_that_names_it(office: Desk) -> None:
    answer = await publish(office, entries=catalogue()["entries"][:2])

    assert (answer.status_code, answer.json()["reason"]) == (409, "service_without_entry")
    assert "IKD" in answer.json()["detail"]


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_catalogue_holds_a_persons_number(office: Desk, number: str) -> None:
    assert_refused(await publish(office, cost=number), "/cost", number)
    named = [entry("KK", "KK", {**FAMILY_CARD, "missing": number})]
    refused = await publish(office, entries=named)
    assert_refused(refused, "/entries/0/requirements/0/missing", number)


async def test_whoever_asks_is_told_at_once_and_completely_what_is_needed(office: Desk) -> None:
    first = await office.record(at_event(), key="the-same-key")
    await publish(office, entries=[entry(c, c) for c in ("KIA", "KK", "IKD")])
    again = await office.record(at_event(), key="the-same-key")

    told = first["told"]
    assert (told["variant"], told["variant_name"]) == ("KIA_5_TO_17", "Layanan KIA_5_TO_17")
    assert [(one["text"], one["condition"]) for one in told["needed"]] == [
        ("Bawa Kartu Keluarga.", None),
        ("Surat kuasa F-1.07.", "Bila diurus oleh orang lain"),
    ]
    assert told["bring"] == "Bawa fotokopi dan tunjukkan aslinya."
    assert (told["taken_up_on"], told["taken_up_text"]) == (None, None)
    assert again == first


async def test_without_a_catalogue_a_request_is_recorded_as_before() -> None:
    async with desk() as office:
        recorded = await office.record(at_event())

        assert recorded["told"]["needed"] == []
        found = await checklist(office, recorded["case_id"])
        assert (found["catalogue_version"], found["items"], found["complete"]) == (None, [], True)


async def test_what_a_channel_cannot_do_is_answered_with_what_can_be_done(office: Desk) -> None:
    answer = await office.operator("POST", "/requests", json=at_event(service="IKD", event_id=None))

    problem = answer.json()
    assert (answer.status_code, problem["reason"]) == (409, "channel_cannot")
    assert problem["instead"] == INSTEAD


async def test_who_comes_when_the_day_is_full_is_told_the_new_day_at_once(office: Desk) -> None:
    await publish(office, daily_caps=[{"service": "KIA", "requests": 1}])

    first, second = [await office.record(at_event()) for _ in range(2)]

    assert first["told"]["taken_up_on"] is None
    assert (first["due_on"], second["due_on"]) == ("2023-03-15", "2023-03-16")
    assert second["told"]["taken_up_on"] == "2023-03-13"
    assert "Senin, 13 Maret 2023" in second["told"]["taken_up_text"]
    page = await office.client.post("/lacak", data={"kode": second["tracking_code"]}, headers=HTML)
    assert "Senin, 13 Maret 2023" in page.text


async def test_papers_that_are_bound_and_waived_are_no_longer_missing(office: Desk) -> None:
    case_id = (await office.record(at_event()))["case_id"]
    before = await checklist(office, case_id)

    waived = await waive(office, case_id, "family_card", "seen_in_siak")
    after = waived.json()
    file_id = (await office.send(case_id, image())).json()["file_id"]
    (await office.bind(case_id, file_id)).raise_for_status()

    assert standings(before) == {"family_card": "missing", "power_of_attorney": "if_applies"}
    assert (before["complete"], after["complete"]) == (False, True)
    assert standings(after)["family_card"] == "waived"
    waiver = after["items"][0]["waiver"]
    assert (waiver["reason"], waiver["reason_text"]) == ("seen_in_siak", "Data cocok di SIAK")
    assert waiver["by"]
    assert standings(await checklist(office, case_id))["family_card"] == "present"


async def test_a_case_is_held_against_the_catalogue_it_was_opened_under(office: Desk) -> None:
    case_id = (await office.record(at_event()))["case_id"]
    await publish(office, entries=[entry(c, c) for c in ("KIA", "KK", "IKD")])

    found = await checklist(office, case_id)

    assert (found["catalogue_version"], found["entry"]) == (1, "KIA_5_TO_17")
    assert standings(found)["family_card"] == "missing"


@pytest.mark.parametrize(
    ("requirement", "reason", "refused"),
    [
        ("family_card", "because", "not_waivable"),
        ("power_of_attorney", "seen_in_siak", "not_waivable"),
        ("unheard_of", "seen_in_siak", "requirement_unknown"),
    ],
)
async def test_what_may_not_be_waived_is_refused(
    office: Desk, requirement: str, reason: str, refused: str
) -> None:
    case_id = (await office.record(at_event()))["case_id"]

    answer = await waive(office, case_id, requirement, reason)

    assert (answer.status_code, answer.json()["reason"]) == (409, refused)


async def test_a_replay_of_a_waiver_passes_the_same_check(office: Desk) -> None:
    case_id = (await office.record(at_event()))["case_id"]
    path = f"/requests/{case_id}/checklist/family_card/waiver"
    how: dict[str, Any] = {"key": "the-same-key", "json": {"reason": "seen_in_siak"}}

    first = await office.operator("POST", path, **how)
    office.messaging.clock.now += timedelta(minutes=5)
    again = await office.operator("POST", path, **how)
    elsewhere = await office.ask("POST", path, "operator", "botram", "32.16.06", **how)

    assert again.json() == first.json()
    assert elsewhere.status_code == 403


async def test_tracking_names_missing_papers_until_the_office_has_verified(office: Desk) -> None:
    recorded = await office.record(at_event())
    code = recorded["tracking_code"]

    async def page() -> str:
        return (await office.client.post("/lacak", data={"kode": code}, headers=HTML)).text

    before = await page()
    lacking = (await office.track(code)).json()["lacking"]
    (await office.step(recorded["case_id"], "verify")).raise_for_status()

    assert "Bawa Kartu Keluarga." in before
    assert "Bila diurus oleh orang lain: Surat kuasa F-1.07." in before
    assert lacking == [
        "Bawa Kartu Keluarga.",
        "Bila diurus oleh orang lain: Surat kuasa F-1.07.",
    ]
    assert "Bawa Kartu Keluarga." not in await page()
    assert (await office.track(code)).json()["lacking"] == []


async def test_every_service_has_a_page_with_its_standard(office: Desk) -> None:
    overview = await office.client.get("/layanan", headers=HTML)
    links = re.findall(r'href="(/intake/layanan/[^"]+)"', overview.text)

    assert (overview.status_code, len(links)) == (200, 4)
    for link in links:
        page = await office.client.get(link.removeprefix("/intake"), headers=HTML)
        assert page.status_code == 200
        for word in (
            "Gratis.",
            "lapor.go.id",
            "Langkah-langkah",
            "3 hari kerja",
            "Perpres 96/2018",
        ):
            assert word in page.text, (link, word)
    one = await office.client.get("/layanan/botram/IKD", headers=HTML)
    assert INSTEAD in one.text
    for path in ("/layanan/botram/PASSPORT", "/layanan/unheard_of/KK", "/layanan/halo_pamor/KK"):
        assert (await office.client.get(path, headers=HTML)).status_code == 404


async def test_a_page_says_what_a_day_takes(office: Desk) -> None:
    await publish(office, daily_caps=[{"service": "KIA", "requests": 40}])

    page = await office.client.get("/layanan/botram/KIA_UNDER_5", headers=HTML)

    assert "40 permohonan sehari" in page.text


async def test_without_a_catalogue_the_page_says_that_nothing_is_announced() -> None:
    async with desk() as office:
        page = await office.client.get("/layanan", headers=HTML)

        assert "Belum ada layanan" in page.text
