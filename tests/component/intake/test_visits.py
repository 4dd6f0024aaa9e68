"""Visits over HTTP: several people in one command, papers for all, life events."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from services.intake.store import COLLECTIONS
from shared.testing.callers import NOW
from tests.component.intake.catalogues import FAMILY_CARD, PROXY, entry, publish
from tests.component.intake.kit import Desk, at_event, desk, in_visit
from tests.component.personal import NUMBERS, assert_refused
from tests.unit.files.samples import image
from tests.unit.intake.sample import NIK

BABY: Mapping[str, Any] = {"party": "subject", "person": 1}
BORN: Mapping[str, Any] = {
    "code": "birth",
    "name": "Kelahiran",
    "entries": ["KIA_UNDER_5", "KK"],
    "referrals": ["BPJS Kesehatan: daftarkan bayi."],
    "sources": ["Usulan kami"],
}
SHARED = {**FAMILY_CARD, "any_of": [{**FAMILY_CARD["any_of"][0], "of": "party"}]}


@pytest.fixture
async def office() -> AsyncIterator[Desk]:
    """Intake with a catalogue whose family card serves a visit, and a birth."""
    entries = [
        entry("KIA_UNDER_5", "KIA", SHARED, PROXY),
        entry("KK", "KK", SHARED),
        entry("IKD", "IKD"),
    ]
    async with desk() as running:
        made = await publish(running, entries=entries, life_events=[BORN])
        made.raise_for_status()
        yield running


async def come(office: Desk, key: str | None = None, **changed: Any) -> httpx.Response:
    return await office.operator("POST", "/visits", json=in_visit(**changed), key=key)


async def came(office: Desk, **changed: Any) -> dict[str, Any]:
    answer = await come(office, **changed)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_every_case_is_answered_as_a_single_request_is(office: Desk) -> None:
    visit = await came(office)

    card, family = visit["requests"]
    assert (card["index"], card["service"], family["index"]) == (0, "KIA", 1)
    assert card["told"]["needed"][0]["text"] == "Bawa Kartu Keluarga."
    assert card["tracking_code"] != family["tracking_code"]
    for one in (card, family):
        tracked = await office.track(one["tracking_code"])
        assert tracked.status_code == 200
        assert (one["due_on"], one["receipt_code"]) == ("2023-03-15", None)
        assert one["data_use"]
        shown = (await office.operator("GET", f"/requests/{one['case_id']}")).json()
        assert shown["visit_id"] == visit["visit_id"]
        assert shown["applicant"]["name"] == "Siti Contoh"
    types = [message.envelope.type for message in office.messaging.messages[-2:]]
    assert types == ["intake.request_received.v1"] * 2


async def test_a_replay_brings_the_same_codes_and_records_nothing(office: Desk) -> None:
    first = await come(office, key="one-visit")
    again = await come(office, key="one-visit")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(office.messaging.documents("cases")) == 2
    assert len(office.messaging.documents("visits")) == 1
    other = in_visit()
    elsewhere = await office.ask(
        "POST", "/visits", "operator", "botram", "32.16.06", key="one-visit", json=other
    )
    assert elsewhere.status_code == 403
    assert first.json()["requests"][0]["tracking_code"] not in elsewhere.text


async def test_a_visit_is_shown_without_persons(office: Desk) -> None:
    visit = await came(office)
    shown = await office.operator("GET", f"/visits/{visit['visit_id']}")

    found = shown.json()
    assert [one["case_id"] for one in found["requests"]] == [
        one["case_id"] for one in visit["requests"]
    ]
    assert (found["programme_id"], found["channel"], found["life_events"]) == (
        "botram",
        "event",
        [],
    )
    assert not any(word in shown.text for word in ("Siti", "Bayi", NIK, "applicant"))
    assert office.messaging.documents("person_reads") == []
    assert (await office.operator("GET", "/visits/unheard-of")).status_code == 404


async def test_one_refusal_records_nothing_and_names_its_request(office: Desk) -> None:
    wanted = [{"service": "KK", "applicant": 0}, {"service": "PASSPORT", "applicant": 1}]
    refused = await come(office, requests=wanted)
    twice = await come(office, requests=[wanted[0], wanted[0]], people=in_visit()["people"][:1])

    said = refused.json()
    assert (refused.status_code, said["reason"], said["index"]) == (409, "service_not_offered", 1)
    assert said["detail"].startswith("requests.1.service")
    assert (twice.status_code, twice.json()["reason"]) == (409, "already_open")
    assert (twice.json()["index"], twice.json()["same_as"]) == (1, 0)
    assert "case_id" not in twice.json()
    for name in ("cases", "visits", "residents", "statements"):
        assert office.messaging.documents(name) == []


async def test_an_open_request_from_before_is_named_by_its_case(office: Desk) -> None:
    before = await office.record(at_event(service="KK", applicant=in_visit()["people"][0]))
    refused = await come(office)

    assert (refused.status_code, refused.json()["index"]) == (409, 1)
    assert refused.json()["case_id"] == before["case_id"]


async def test_who_may_not_is_told_which_request(office: Desk) -> None:
    body = in_visit(event_id=None)
    body["people"][1]["region_code"] = "32.16.06"
    body["requests"][1] = {"service": "KIA", "applicant": 1}
    refused = await office.ask("POST", "/visits", "operator", "botram", "32.16.18", json=body)

    assert (refused.status_code, refused.json()["detail"][:11]) == (403, "requests.1.")
    assert office.messaging.documents("cases") == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"requests": []}, "/requests"),
        ({"requests": [{"service": "KK", "applicant": 0}] * 21}, "/requests"),
        ({"people": [{"name": "Siti"}] * 11}, "/people"),
        ({"people": []}, "/people"),
        ({"requests": [{"service": "KK", "applicant": 2}]}, "/requests/0/applicant"),
        ({"requests": [{"service": "KK", "applicant": 0}]}, "/people/1"),
        ({"people": [{"name": "Siti", "nik": NIK}] * 2}, "/people/0/nik"),
        ({"region_code": "32.99.18"}, "/region_code"),
        (
            {"requests": [{"service": "KK", "life_event": "birth", "applicant": 0}]},
            "/requests/0",
        ),
        ({"requests": [{"applicant": 0}]}, "/requests/0"),
        (
            {"requests": [{"life_event": "birth", "variant": "KK", "applicant": 0}]},
            "/requests/0",
        ),
    ],
)
async def test_a_wrong_field_is_named(office: Desk, changed: dict[str, Any], field: str) -> None:
    refused = await come(office, **changed)

    assert refused.status_code == 422, refused.text
    assert [error["field"] for error in refused.json()["errors"]] == [field]


async def test_what_a_party_and_a_door_need_is_named_in_its_request(office: Desk) -> None:
    wanted = in_visit()["requests"]
    proxy = {"service": "KK", "applicant": 0, "parties": [{"party": "proxy", "person": 1}]}
    basis = await come(office, requests=[wanted[0], proxy])
    door = await come(office, requests=[{**wanted[0], "pick_up": True}])
    nobody = {**wanted[0], "parties": [{"party": "subject", "person": 7}]}
    missing = await come(office, requests=[nobody])

    fields = [one.json()["errors"][0]["field"] for one in (basis, door, missing)]
    assert fields == [
        "/requests/1/parties/0/basis",
        "/requests/0/rw",
        "/requests/0/parties/0/person",
    ]


async def test_a_birth_opens_its_services_and_tells_the_rest(office: Desk) -> None:
    wanted = {"life_event": "birth", "applicant": 0, "parties": [BABY]}
    visit = await came(office, requests=[wanted])

    assert [one["told"]["variant"] for one in visit["requests"]] == ["KIA_UNDER_5", "KK"]
    assert visit["life_events"] == [
        {
            "index": 0,
            "code": "birth",
            "name": "Kelahiran",
            "referrals": ["BPJS Kesehatan: daftarkan bayi."],
        }
    ]
    shown = (await office.operator("GET", f"/visits/{visit['visit_id']}")).json()
    assert shown["life_events"] == ["birth"]
    other = await come(office, requests=[{**wanted, "life_event": "wedding"}])
    assert (other.status_code, other.json()["reason"]) == (409, "life_event_unknown")
    assert other.json()["index"] == 0


async def test_a_broken_life_event_is_refused_when_it_is_published(office: Desk) -> None:
    unknown = await publish(office, life_events=[{**BORN, "entries": ["KK", "PASSPORT"]}])
    twice = await publish(office, life_events=[BORN, BORN])

    assert (unknown.status_code, unknown.json()["reason"]) == (409, "entry_unknown")
    assert twice.status_code == 422


async def standing(office: Desk, case_id: str) -> dict[str, str]:
    found = (await office.operator("GET", f"/requests/{case_id}/checklist")).json()
    return {one["requirement_id"]: one["standing"] for one in found["items"]}


async def test_a_paper_for_the_visit_is_there_for_all_and_told_to_nobody_as_missing(
    office: Desk,
) -> None:
    first, second = (await came(office))["requests"]
    file_id = (await office.send(first["case_id"], image())).json()["file_id"]
    path = f"/requests/{first['case_id']}/papers/{file_id}"
    body = {"kind": "family_card", "for_visit": True}
    bound = await office.operator("POST", path, json=body)

    assert (bound.status_code, bound.json()["for_visit"]) == (200, True)
    assert (await standing(office, second["case_id"]))["family_card"] == "present"
    tracked = (await office.track(second["tracking_code"])).json()
    assert tracked["lacking"] == []
    (listed,) = (await office.operator("GET", f"/requests/{second['case_id']}/papers")).json()[
        "items"
    ]
    assert (listed["case_id"], listed["file_id"]) == (first["case_id"], file_id)
    content = f"/requests/{listed['case_id']}/papers/{file_id}/content"
    assert (await office.operator("GET", content)).status_code == 200


async def test_a_power_of_attorney_for_the_visit_answers_the_returns_of_its_other_cases(
    office: Desk,
) -> None:
    power = {**PROXY, "any_of": [{**PROXY["any_of"][0], "of": "applicant"}]}
    entries = [entry("KIA_UNDER_5", "KIA", power), entry("KK", "KK", power), entry("IKD", "IKD")]
    (await publish(office, entries=entries)).raise_for_status()
    proxy = {"party": "proxy", "basis": "power_of_attorney", "person": 1}
    wanted = [{"service": one, "applicant": 0, "parties": [proxy]} for one in ("KIA", "KK")]
    first, second = (await came(office, requests=wanted))["requests"]
    items = [{"requirement_id": "power_of_attorney", "fault": "missing"}]
    path = f"/requests/{second['case_id']}"
    (await office.operator("POST", f"{path}/return", json={"items": items})).raise_for_status()

    file_id = (await office.send(first["case_id"], image())).json()["file_id"]
    body = {"kind": "power_of_attorney", "for_visit": True}
    paper = f"/requests/{first['case_id']}/papers/{file_id}"
    (await office.operator("POST", paper, json=body)).raise_for_status()

    shown = (await office.operator("GET", path)).json()
    assert (shown["warnings"], shown["returned_at"]) == ([], None)
    assert await standing(office, second["case_id"]) == {"power_of_attorney": "present"}


async def test_a_paper_that_cannot_serve_a_visit_is_refused_by_its_field(office: Desk) -> None:
    first, _ = (await came(office))["requests"]
    alone = await office.record(at_event(service="KK"))
    refused = {}
    for case_id, body in (
        (first["case_id"], {"kind": "application_form", "for_visit": True}),
        (first["case_id"], {"kind": "family_card", "for_visit": True, "of": "guardian"}),
        (alone["case_id"], {"kind": "family_card", "for_visit": True}),
    ):
        file_id = (await office.send(case_id, image())).json()["file_id"]
        path = f"/requests/{case_id}/papers/{file_id}"
        answer = await office.operator("POST", path, json=body)
        refused[answer.json()["reason"]] = answer.status_code

    assert refused == {"not_for_visit": 409, "party_missing": 409, "no_visit": 409}


async def test_warnings_go_when_what_was_missing_is_there(office: Desk) -> None:
    proxy = {"party": "proxy", "basis": "power_of_attorney", "person": 1}
    wanted = [{"service": "KIA", "applicant": 0, "parties": [proxy], "target_group": "elderly"}]
    (one,) = (await came(office, requests=wanted))["requests"]
    assert one["warnings"] == ["power_of_attorney_missing"]
    file_id = (await office.send(one["case_id"], image())).json()["file_id"]
    (await office.bind(one["case_id"], file_id, "power_of_attorney")).raise_for_status()

    (listed,) = (await office.operator("GET", "/requests?programme_id=botram")).json()["items"]
    assert (listed["warnings"], listed["target_group"]) == ([], "elderly")


async def test_nothing_of_the_people_is_kept_in_plain_or_leaves(office: Desk) -> None:
    people = [
        {"name": "Siti Rahasia", "nik": NIK, "phone": "0812-0000-0001", "address": "Gang Sunyi 8"},
        {"name": "Bayi Rahasia", "birth_date": "2023-03-01"},
    ]
    wanted = [{**in_visit()["requests"][0], "target_group": "needs_help"}]
    await came(office, people=people, requests=wanted)
    await come(office, people=people, requests=[{**wanted[0], "service": "PASSPORT"}])

    names = ("inbox", "outbox", "actions", "timers", *COLLECTIONS.names)
    kept = {name: json.dumps(office.messaging.documents(name), default=str) for name in names}
    kept["events"] = str([message.body for message in office.messaging.messages])
    planted = (NIK, "Rahasia", "81200000001", "Sunyi", "2023-03-01")
    assert {n for n, text in kept.items() if any(word in text for word in planted)} == set()
    assert "needs_help" not in kept["events"]


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_number_of_a_person_stands_where_none_belongs(office: Desk, number: str) -> None:
    wanted = in_visit()["requests"]
    for field, changed in (
        ("/requests/0/reason", {"requests": [{**wanted[0], "reason": number}, wanted[1]]}),
        ("/requests/0/life_event", {"requests": [{"life_event": number, "applicant": 0}]}),
        ("/event_id", {"event_id": number}),
    ):
        assert_refused(await come(office, **changed), field, number)


def sight(requirement: str, **of: str) -> dict[str, str]:
    return {"requirement_id": requirement, **of}


def lines(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["requirement_id"]: one for one in found["items"]}


async def checked(office: Desk, case_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await office.operator("GET", f"/requests/{case_id}/checklist")).json()
    return found


async def test_papers_seen_at_a_counter_stand_with_the_case_and_are_not_asked_for_again(
    office: Desk,
) -> None:
    wanted = [{"service": "KK", "applicant": 0, "seen": [sight("family_card")]}]
    visit = await came(office, people=in_visit()["people"][:1], requests=wanted)

    (one,) = visit["requests"]
    found = await checked(office, one["case_id"])
    card = lines(found)["family_card"]
    assert (card["standing"], found["complete"]) == ("seen", True)
    assert card["seen"]["by"] == "agus"
    assert card["seen"]["at"][:16] == NOW.isoformat()[:16]
    tracked = (await office.track(one["tracking_code"])).json()
    assert tracked["lacking"] == []


async def test_of_a_life_event_each_paper_is_of_what_it_opens(office: Desk) -> None:
    seen = [sight("power_of_attorney", variant="KIA_UNDER_5"), sight("family_card", variant="KK")]
    proxy = {"party": "proxy", "person": 1, "basis": "power_of_attorney"}
    wanted = [{"life_event": "birth", "applicant": 0, "parties": [proxy], "seen": seen}]
    visit = await came(office, requests=wanted)

    card, family = visit["requests"]
    assert [one["warnings"] for one in (card, family)] == [[], ["power_of_attorney_missing"]]
    of_card, of_family = [lines(await checked(office, one["case_id"])) for one in (card, family)]
    assert of_card["power_of_attorney"]["standing"] == "seen"
    assert of_card["family_card"]["standing"] == "missing"
    assert of_family["family_card"]["standing"] == "seen"


@pytest.mark.parametrize(
    ("wanted", "status", "reason"),
    [
        ({"service": "KK", "seen": [sight("passport")]}, 409, "requirement_unknown"),
        ({"life_event": "birth", "seen": [sight("form", variant="IKD")]}, 409, "variant_unknown"),
        ({"life_event": "birth", "seen": [sight("x", variant="KK")]}, 409, "requirement_unknown"),
        ({"life_event": "birth", "seen": [sight("family_card")]}, 422, None),
        ({"service": "KK", "seen": [sight("family_card", variant="KK")]}, 422, None),
        ({"service": "KK", "seen": [sight("family_card")] * 61}, 422, None),
    ],
)
async def test_what_cannot_have_been_seen_is_refused(
    office: Desk, wanted: dict[str, Any], status: int, reason: str | None
) -> None:
    people = in_visit()["people"][:1]
    refused = await come(office, people=people, requests=[{"applicant": 0, **wanted}])
    assert (refused.status_code, refused.json().get("reason")) == (status, reason)
    assert office.messaging.documents("checklists") == []


async def test_a_sight_that_is_refused_is_named_by_its_place(office: Desk) -> None:
    of_card = [sight("family_card", variant="KK"), sight("passport", variant="KK")]
    of_none = [sight("family_card", variant="KK"), sight("family_card", variant="IKD")]
    plain = [sight("family_card"), sight("passport")]
    said = []
    for wanted in (
        {"service": "KK", "seen": plain},
        {"life_event": "birth", "seen": of_card},
        {"life_event": "birth", "seen": of_none},
    ):
        requests = [{"service": "KIA", "applicant": 0}, {"applicant": 1, **wanted}]
        said.append((await come(office, requests=requests)).json()["detail"].partition(":")[0])
    single = at_event(service="KK", seen=["family_card", "passport"])
    refused = (await office.operator("POST", "/requests", json=single)).json()
    assert said == [
        "requests.1.seen.1",
        "requests.1.seen.1.requirement_id",
        "requests.1.seen.1.variant",
    ]
    assert refused["detail"].partition(":")[0] == "seen.1"


async def test_what_a_laptop_saw_by_an_older_catalogue_does_not_refuse_its_people(
    office: Desk,
) -> None:
    seen = [sight("passport"), sight("family_card")]
    gone = [sight("family_card", variant="IKD"), sight("passport", variant="KK")]
    wanted = [
        {"service": "KK", "applicant": 0, "seen": seen},
        {"life_event": "birth", "applicant": 1, "seen": gone},
    ]
    visit = await came(office, requests=wanted, counter=claim())

    first, *others = visit["requests"]
    assert [one["requirement_id"] for one in _seen(await checked(office, first["case_id"]))] == [
        "family_card"
    ]
    assert [_seen(await checked(office, one["case_id"])) for one in others] == [[], []]


def _seen(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in found["items"] if one["seen"]]


def claim() -> dict[str, Any]:
    return {
        "entry_id": "3f0e5d5c-92b8-4a2e-8f4e-5d6c1c2b7a90",
        "device": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "number": "7K2M-001",
        "claimed_at": NOW.isoformat(),
    }


async def test_only_an_officer_says_that_he_saw_a_paper(office: Desk) -> None:
    wanted = [{"service": "KK", "applicant": 0, "seen": [sight("family_card")]}]
    body = in_visit(people=in_visit()["people"][:1], requests=wanted)
    refused = await office.ask("POST", "/visits", "channel", json=body)
    single = at_event(service="KK", seen=["family_card"])
    alone = await office.ask("POST", "/requests", "channel", json=single)
    for answer, field in ((refused, "requests.0.seen: "), (alone, "seen: ")):
        assert answer.status_code == 403
        assert answer.json()["detail"].startswith(f"{field}only an operator says")
    assert office.messaging.documents("cases") == []
    recorded = await office.record(single)
    assert lines(await checked(office, recorded["case_id"]))["family_card"]["standing"] == "seen"


async def test_a_paper_seen_at_the_desk_answers_a_return_and_shows_a_proxy_s_right(
    office: Desk,
) -> None:
    proxy = {"party": "proxy", "name": "Kuasa Contoh", "basis": "power_of_attorney"}
    recorded = await office.record(at_event(variant="KIA_UNDER_5", parties=[proxy]))
    path = f"/requests/{recorded['case_id']}"
    assert recorded["warnings"] == ["power_of_attorney_missing"]
    items = [{"requirement_id": "family_card", "fault": "missing"}]
    (await office.operator("POST", f"{path}/return", json={"items": items})).raise_for_status()

    for requirement in ("family_card", "power_of_attorney", "family_card"):
        answer = await office.operator("POST", f"{path}/checklist/{requirement}/seen")
        assert answer.status_code == 200, answer.text
        assert answer.json() == await checked(office, recorded["case_id"])
    unknown = await office.operator("POST", f"{path}/checklist/passport/seen")

    assert {one["standing"] for one in (await checked(office, recorded["case_id"]))["items"]} == {
        "seen"
    }
    shown = (await office.operator("GET", path)).json()
    assert shown["warnings"] == []
    (kept,) = office.messaging.documents("cases")
    assert kept["returned"] is None
    assert (unknown.status_code, unknown.json()["reason"]) == (409, "requirement_unknown")


async def test_a_paper_that_went_back_is_seen_anew_and_a_returned_power_shows_nothing(
    office: Desk,
) -> None:
    proxy = {"party": "proxy", "name": "Kuasa Contoh", "basis": "power_of_attorney"}
    body = at_event(variant="KIA_UNDER_5", parties=[proxy], seen=["power_of_attorney"])
    path = f"/requests/{(await office.record(body))['case_id']}"
    first = await _power_seen(office, path)
    assert (await office.operator("GET", path)).json()["warnings"] == []

    office.messaging.clock.advance(minutes=10)
    items = [{"requirement_id": "power_of_attorney", "fault": "incomplete"}]
    (await office.operator("POST", f"{path}/return", json={"items": items})).raise_for_status()
    returned = (await office.operator("GET", path)).json()["warnings"]
    office.messaging.clock.advance(minutes=10)
    for _ in range(2):
        again = await office.operator("POST", f"{path}/checklist/power_of_attorney/seen")
        assert again.status_code == 200, again.text
        office.messaging.clock.advance(minutes=10)
    second = await _power_seen(office, path)

    assert returned == ["power_of_attorney_missing"]
    assert (await office.operator("GET", path)).json()["warnings"] == []
    assert datetime.fromisoformat(second) - datetime.fromisoformat(first) == timedelta(minutes=20)


async def _power_seen(office: Desk, path: str) -> str:
    found = (await office.operator("GET", f"{path}/checklist")).json()
    (seen,) = [one["seen"] for one in _seen(found) if one["requirement_id"] == "power_of_attorney"]
    return str(seen["at"])
