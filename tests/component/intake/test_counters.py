"""Counters that went on without uplink: what a laptop takes along, sends late, and is counted."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from services.intake.domain import Secrets
from shared.testing.callers import NOW
from tests.component.intake.catalogues import FAMILY_CARD, entry, publish
from tests.component.intake.kit import Desk, desk, in_visit
from tests.unit.intake.bus import scheduled
from tests.unit.intake.sample import EVENT, NIK

DEVICE: Final = "0f8fad5b-d9cb-469f-a165-70867728950e"
BORN: Mapping[str, Any] = {
    "code": "birth",
    "name": "Kelahiran",
    "entries": ["KIA_UNDER_5", "KK"],
    "referrals": ["BPJS Kesehatan: daftarkan bayi."],
    "sources": ["Usulan kami"],
}
DIGITAL: Mapping[str, Any] = {**BORN, "code": "digital", "name": "Digital", "entries": ["IKD"]}


@pytest.fixture
async def office() -> AsyncIterator[Desk]:
    async with desk() as running:
        yield running


def claimed(number: str = "7K2M-001", **changed: Any) -> dict[str, Any]:
    """Return what a laptop says of an entry that it makes now."""
    return {
        "entry_id": str(uuid4()),
        "device": DEVICE,
        "number": number,
        "claimed_at": NOW.isoformat(),
        **changed,
    }


async def send(office: Desk, counter: dict[str, Any], **how: Any) -> httpx.Response:
    return await office.operator("POST", "/visits", json=in_visit(counter=counter), **how)


async def sent(office: Desk, counter: dict[str, Any]) -> dict[str, Any]:
    answer = await send(office, counter)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def kit(office: Desk, subject: str = "agus", device: str = DEVICE) -> httpx.Response:
    headers = office.messaging.headers("operator", subject=subject)
    return await office.client.get(f"/api/counters/{EVENT}?device={device}", headers=headers)


async def test_a_laptop_takes_along_what_it_needs_and_nothing_of_anybody(office: Desk) -> None:
    entries = [entry("KIA_UNDER_5", "KIA", FAMILY_CARD), entry("KK", "KK"), entry("IKD", "IKD")]
    (await publish(office, entries=entries, life_events=[BORN, DIGITAL])).raise_for_status()
    await office.record(_request())

    answer = await kit(office)

    found = answer.json()
    # No booth of the event does IKD, alone or after a life event.
    assert [one["variant"] for one in found["services"]] == ["KIA_UNDER_5", "KK"]
    assert [one["code"] for one in found["life_events"]] == ["birth"]
    assert found["services"][0]["papers"][0]["text"] == "Bawa Kartu Keluarga."
    assert (found["standard_working_days"], found["on"]) == (3, "2023-03-11")
    assert {"region_code": "32.16.18", "name": "Setu"} in found["subdistricts"]
    assert "Siti" not in answer.text
    assert NIK not in answer.text


@pytest.mark.parametrize(
    ("rule", "typed", "taken"),
    [
        ("nik", NIK, True),
        ("nik", NIK[:6] + "290223" + NIK[12:], False),
        ("nik", "0" * 16, False),
        ("phone", "081200000001", True),
        ("phone", "+60123456789", True),
        ("phone", "+622112345678", False),
        ("phone", "02112345678", False),
        ("gate_code", "K7QW3ZTM", True),
        ("gate_code", "A7QW3ZTM", False),
        ("reason", "Berkasnya berubah", True),
        ("reason", f"Nomor {NIK}", False),
    ],
)
async def test_a_laptop_takes_along_what_the_office_takes(
    office: Desk, rule: str, typed: str, *, taken: bool
) -> None:
    found = (await kit(office)).json()
    rules = found["rules"]
    assert (re.fullmatch(rules[rule], typed) is not None) is taken
    assert (found["shape"], rules["name_limit"], rules["born_from"]) == (3, 60, "1900-01-01")
    assert "32" in rules["provinces"]
    assert "99" not in rules["provinces"]


def _request() -> dict[str, Any]:
    body = in_visit()
    return {
        "programme_id": "botram",
        "service": "KK",
        "channel": "event",
        "event_id": EVENT,
        "region_code": "32.16.18",
        "applicant": body["people"][0],
    }


async def test_without_a_catalogue_services_stand_by_their_names(office: Desk) -> None:
    found = (await kit(office)).json()
    assert [(one["service"], one["variant"]) for one in found["services"]] == [
        ("KIA", None),
        ("KK", None),
    ]
    assert found["life_events"] == []


async def test_a_share_is_of_one_account_event_and_laptop(office: Desk) -> None:
    mine = (await kit(office)).json()["shares"]
    assert mine == (await kit(office)).json()["shares"]
    assert mine != (await kit(office, "siti")).json()["shares"]
    assert mine != (await kit(office, device=str(uuid4()))).json()["shares"]
    assert [len(one) for one in mine] == [48]
    assert [(await kit(office, *who)).json()["account"] for who in ((), ("siti",))] == [
        "agus",
        "siti",
    ]


def test_a_share_is_of_one_event() -> None:
    secrets = Secrets(b"s" * 32)
    assert secrets.laptop_shares("sri", "e-1", "d") != secrets.laptop_shares("sri", "e-2", "d")


async def test_an_entry_becomes_the_visit_of_its_own_id(office: Desk) -> None:
    counter = claimed()
    visit = await sent(office, counter)

    assert visit["visit_id"] == counter["entry_id"]
    assert visit["arrived_at"] is not None
    shown = (await office.operator("GET", f"/visits/{counter['entry_id']}")).json()
    assert shown["counter"]["number"] == "7K2M-001"
    assert shown["counter"]["clock_off"] is False


@pytest.mark.parametrize(
    "claimed_at",
    [NOW - timedelta(days=1), NOW + timedelta(days=1), datetime(1970, 1, 1, tzinfo=UTC)],
)
async def test_of_a_wrong_clock_both_times_are_kept_and_nothing_is_refused(
    office: Desk, claimed_at: datetime
) -> None:
    ahead = int((claimed_at - NOW).total_seconds())
    counter = claimed(claimed_at=claimed_at.isoformat(), clock_ahead=ahead)
    visit = await sent(office, counter)

    shown = (await office.operator("GET", f"/visits/{visit['visit_id']}")).json()
    said = shown["counter"]
    assert said["clock_off"] is True
    assert said["claimed_at"][:16] == claimed_at.isoformat()[:16]
    assert said["happened_at"][:16] == shown["recorded_at"][:16] == NOW.isoformat()[:16]
    for one in shown["requests"]:
        assert one["received_at"][:16] == NOW.isoformat()[:16]
        assert one["due_on"] == "2023-03-15"


async def test_what_comes_days_after_the_event_counts_as_of_its_day(office: Desk) -> None:
    office.messaging.clock.advance(days=2)
    visit = await sent(office, claimed())
    assert [one["due_on"] for one in visit["requests"]] == ["2023-03-15"] * 2
    without = await office.operator("POST", "/visits", json=in_visit())
    assert (without.status_code, without.json()["reason"]) == (409, "event_over")


async def test_what_was_written_down_at_an_event_that_is_cancelled_meanwhile_is_taken(
    office: Desk,
) -> None:
    """People stood there, and have a receipt: the laptop opens, sends, and is told."""
    before = await kit(office)
    await office.messaging.deliver(scheduled(cancelled=True), version=9)
    after = await kit(office)
    assert (before.json()["cancelled"], after.json()["cancelled"]) == (False, True)
    assert after.json()["shares"] == before.json()["shares"]
    visit = await sent(office, claimed())
    assert len(visit["requests"]) == 2
    without = await office.operator("POST", "/visits", json=in_visit())
    assert (without.status_code, without.json()["reason"]) == (409, "event_cancelled")


async def test_after_a_week_it_is_refused_by_name(office: Desk) -> None:
    office.messaging.clock.advance(days=7)
    assert (await send(office, claimed())).status_code == 201
    office.messaging.clock.advance(days=1)
    late = await send(office, claimed("7K2M-002"))
    assert (late.status_code, late.json()["reason"]) == (409, "event_over")
    again = await kit(office)
    assert (again.status_code, again.json()["reason"]) == (409, "event_over")


async def test_an_entry_is_recorded_once_whoever_sends_it(office: Desk) -> None:
    counter = claimed()
    first = await send(office, counter, key="one-entry")
    again = await send(office, counter, key="one-entry")
    other = await send(office, counter, key="another-key")

    assert first.json() == again.json()
    assert (other.status_code, other.json()["reason"]) == (409, "entry_known")
    assert len(office.messaging.documents("cases")) == 2


async def test_the_office_counts_by_laptop(office: Desk) -> None:
    other = str(uuid4())
    await sent(office, claimed())
    second = await office.operator("POST", "/visits", json=_alone(claimed("7K2M-002")))
    assert second.status_code == 201, second.text
    third = _alone(claimed("9XYZ-001", device=other, clock_ahead=86_400))
    (await office.operator("POST", "/visits", json=third)).raise_for_status()
    (await office.operator("POST", "/visits", json=_alone(None))).raise_for_status()

    mine = (await office.operator("GET", f"/counters/{EVENT}/counts?device={DEVICE}")).json()
    every = (await office.ask("GET", f"/counters/{EVENT}/counts", "supervisor")).json()

    assert (mine["visits"], mine["cases"]) == (2, 3)
    assert (every["visits"], every["cases"], len(every["laptops"])) == (3, 4, 2)
    found = {one["device"]: (one["prefix"], one["clock_off"]) for one in every["laptops"]}
    assert found == {DEVICE: ("7K2M", False), other: ("9XYZ", True)}


async def test_the_page_counts_what_came_of_each_event_by_one_question(office: Desk) -> None:
    await sent(office, claimed())
    (await office.operator("POST", "/visits", json=_alone(claimed("7K2M-002")))).raise_for_status()
    other = {**office.messaging.documents("visits")[0], "_id": "v-3", "event_id": "elsewhere"}
    office.messaging.memory.collections["visits"]["v-3"] = other
    headers = {**office.messaging.headers("operator"), "Accept": "text/html"}

    text = (await office.client.get("/konter", headers=headers)).text

    assert "Sudah diterima kantor: 2 kunjungan, 3 permohonan" in text
    assert text.count("Sudah diterima kantor") == 1


def _alone(counter: dict[str, Any] | None) -> dict[str, Any]:
    """Return a visit of one who wants one thing."""
    wanted = [{"service": "KK", "applicant": 0}]
    return in_visit(people=[{"name": "Tono Contoh"}], requests=wanted, counter=counter)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"number": "nik"}, "/counter/number"),
        ({"number": "7K2M-0000000001"}, "/counter/number"),
        ({"entry_id": "visit-1"}, "/counter/entry_id"),
        ({"device": NIK}, "/counter/device"),
        ({"clock_ahead": 10**12}, "/counter/clock_ahead"),
        ({"claimed_at": "kemarin"}, "/counter/claimed_at"),
    ],
)
async def test_what_is_no_claim_is_named(office: Desk, changed: dict[str, Any], field: str) -> None:
    refused = await send(office, claimed(**changed))
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == [field]
    assert NIK not in refused.text


async def test_a_counter_stands_at_an_event(office: Desk) -> None:
    for changed in ({"event_id": None}, {"occurred_at": NOW.isoformat()}):
        body = in_visit(counter=claimed(), **changed)
        assert (await office.operator("POST", "/visits", json=body)).status_code == 422


async def test_unknown_events_and_laptops_that_are_none(office: Desk) -> None:
    assert (await office.operator("GET", f"/counters/nowhere?device={DEVICE}")).status_code == 404
    assert (await office.operator("GET", "/counters/nowhere/counts")).status_code == 404
    assert (await office.operator("GET", f"/counters/{EVENT}?device=mine")).status_code == 422
    assert (await office.operator("GET", f"/counters/{EVENT}")).status_code == 422
