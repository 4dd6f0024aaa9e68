"""Claims and returns over HTTP: one wins, the other is told why; time and work move the end."""

import asyncio
from typing import Any

import httpx
import pytest

from services.intake.domain import CLAIMED_FOR
from services.intake.usecases import CLAIM_OVER
from tests.component.intake.catalogues import FAMILY_CARD, PROXY, catalogue, entry, publish
from tests.component.intake.kit import Desk, at_event, at_home, desk
from tests.unit.files.samples import image

HALF = CLAIMED_FOR / 2
CARD = {"items": [{"requirement_id": "family_card", "fault": "unreadable"}]}


async def case_of(office: Desk) -> str:
    (await publish(office)).raise_for_status()
    return str((await office.record(at_event()))["case_id"])


async def ask(
    office: Desk, who: str, method: str, path: str, grant: str = "operator", **how: Any
) -> httpx.Response:
    """Act as one of several officers."""
    headers = office.messaging.headers(grant, subject=who, key=how.pop("key", None))
    return await office.client.request(method, f"/api/requests/{path}", headers=headers, **how)


def kept(office: Desk, case_id: str) -> dict[str, Any]:
    case: dict[str, Any] = office.messaging.memory.collections["cases"][case_id]
    return case


async def standing(office: Desk, case_id: str) -> dict[str, str]:
    """How each requirement of a case stands."""
    shown = (await office.operator("GET", f"/requests/{case_id}/checklist")).json()
    return {line["requirement_id"]: line["standing"] for line in shown["items"]}


async def test_of_two_who_claim_at_once_one_wins_and_the_other_is_told() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        answers = await asyncio.gather(
            *(ask(office, who, "POST", f"{case_id}/claim") for who in ("siti", "budi"))
        )
        won = [one for one in answers if one.status_code == 200]
        (lost,) = [one for one in answers if one.status_code == 409]
        shown = (await office.operator("GET", "/requests?programme_id=botram")).json()["items"]
    assert len(won) == 1
    assert lost.json()["reason"] == "claimed"
    assert "another officer took this request at" in lost.json()["detail"]
    assert not {"siti", "budi"} & set(lost.json()["detail"].split())
    assert shown[0]["claimed_until"] == won[0].json()["until"]


async def test_a_claim_is_over_by_its_time_and_renewed_by_work() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        await ask(office, "siti", "POST", f"{case_id}/claim")
        office.messaging.clock.advance(seconds=HALF.total_seconds())
        file_id = (await ask(office, "siti", "POST", f"{case_id}/papers", content=image())).json()[
            "file_id"
        ]
        bound = await ask(
            office, "siti", "POST", f"{case_id}/papers/{file_id}", json={"kind": "photo"}
        )
        assert bound.status_code == 200
        office.messaging.clock.advance(seconds=HALF.total_seconds() + 1)
        await office.messaging.settle()
        still = await ask(office, "budi", "POST", f"{case_id}/claim")
        office.messaging.clock.advance(seconds=HALF.total_seconds())
        await office.messaging.settle()
        assert kept(office, case_id)["claim"] is None
        after = await ask(office, "budi", "POST", f"{case_id}/claim")
    assert (still.status_code, after.status_code) == (409, 200)


async def test_the_lease_is_over_even_where_the_timer_is_late() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        await ask(office, "siti", "POST", f"{case_id}/claim")
        office.messaging.clock.advance(seconds=CLAIMED_FOR.total_seconds())
        assert (await ask(office, "budi", "POST", f"{case_id}/claim")).status_code == 200
        await office.messaging.settle()
        assert kept(office, case_id)["claim"]["by"] == "budi"


async def test_a_claim_is_let_go_by_hand_and_by_a_supervisor_and_by_nobody_else() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        path = f"{case_id}/claim"
        for who, grant in (("siti", "operator"), ("sari", "supervisor")):
            await ask(office, "siti", "POST", path)
            assert (await ask(office, "budi", "DELETE", path)).status_code == 403
            assert kept(office, case_id)["claim"]["by"] == "siti"
            assert (await ask(office, who, "DELETE", path, grant)).status_code == 204
            assert kept(office, case_id)["claim"] is None
            assert CLAIM_OVER not in str(office.messaging.memory.collections["timers"])
        assert (await ask(office, "budi", "DELETE", path)).status_code == 204


async def test_nobody_else_works_on_a_claimed_case_but_may_send_a_paper() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        await ask(office, "siti", "POST", f"{case_id}/claim")
        refused = [
            await ask(office, "budi", "POST", f"{case_id}/{path}", json=body)
            for path, body in (
                ("steps", {"step": "verify"}),
                ("checklist/family_card/waiver", {"reason": "seen_in_siak"}),
                ("return", CARD),
            )
        ]
        sent = (await office.send(case_id, image())).json()
        bound = await office.bind(case_id, sent["file_id"])
        own = await ask(office, "siti", "POST", f"{case_id}/steps", json={"step": "cancel"})
        assert kept(office, case_id)["claim"] is None
        closed = await ask(office, "budi", "POST", f"{case_id}/claim")
    assert [(one.status_code, one.json()["reason"]) for one in refused] == [(409, "claimed")] * 3
    assert (bound.status_code, own.status_code) == (200, 200)
    assert (closed.status_code, closed.json()["reason"]) == (409, "closed")


async def test_of_two_who_return_a_case_at_once_one_wins_and_the_other_is_told() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        answers = await asyncio.gather(
            *(ask(office, who, "POST", f"{case_id}/return", json=CARD) for who in ("siti", "budi"))
        )
        (won,) = [one for one in answers if one.status_code == 200]
        (lost,) = [one for one in answers if one.status_code == 409]
        shown = (await office.operator("GET", f"/requests/{case_id}")).json()
    assert won.json() == {"waits_for": ["family_card"]}
    assert lost.json()["reason"] == "returned_already"
    assert lost.json()["detail"].endswith("waits for: family_card")
    assert shown["returned_at"] is not None


async def test_only_what_was_named_is_open_again_until_a_new_paper_is_bound() -> None:
    two = catalogue()
    two["entries"][0] = entry(
        "KIA_5_TO_17",
        "KIA",
        FAMILY_CARD,
        {"id": "photo", "missing": "Pasfoto.", "any_of": [{"kind": "photo", "text": "Pasfoto"}]},
        PROXY,
    )
    async with desk() as office:
        (await publish(office, **two)).raise_for_status()
        case_id = (await office.record(at_event()))["case_id"]
        for kind in ("family_card", "photo"):
            sent = (await office.send(case_id, image())).json()
            await office.bind(case_id, sent["file_id"], kind)
        before = await standing(office, case_id)
        await ask(office, "siti", "POST", f"{case_id}/return", json=CARD)
        returned = await standing(office, case_id)
        sent = (await office.send(case_id, image())).json()
        await office.bind(case_id, sent["file_id"], "photo")
        other_paper = kept(office, case_id)["returned"]
        sent = (await office.send(case_id, image())).json()
        await office.bind(case_id, sent["file_id"], "family_card")
        after = await standing(office, case_id)
        assert kept(office, case_id)["returned"] is None
    assert before["family_card"] == before["photo"] == "present"
    assert returned == {**before, "family_card": "returned"}
    assert [one["requirement"] for one in other_paper["items"]] == ["family_card"]
    assert after == before


@pytest.mark.parametrize(
    ("items", "status", "reason"),
    [
        ([], 422, None),
        ([{"requirement_id": "family_card", "fault": "ugly"}], 422, None),
        ([{"requirement_id": "unheard_of", "fault": "missing"}], 409, "requirement_unknown"),
        (CARD["items"] * 2, 409, "requirement_twice"),
        (CARD["items"] * 21, 422, None),
    ],
)
async def test_what_cannot_be_returned_is_refused_by_name(
    items: list[Any], status: int, reason: str | None
) -> None:
    async with desk() as office:
        case_id = await case_of(office)
        answer = await ask(office, "siti", "POST", f"{case_id}/return", json={"items": items})
        assert (answer.status_code, answer.json().get("reason")) == (status, reason)
        assert kept(office, case_id)["returned"] is None


async def test_a_case_that_is_issued_or_has_no_catalogue_is_not_returned() -> None:
    async with desk() as office:
        bare = (await office.record(at_home()))["case_id"]
        answer = await ask(office, "siti", "POST", f"{bare}/return", json=CARD)
        assert answer.json()["reason"] == "no_catalogue"
        case_id = await case_of(office)
        await office.step(case_id, "issue")
        answer = await ask(office, "siti", "POST", f"{case_id}/return", json=CARD)
        assert answer.json()["reason"] == "already_issued"
        answer = await ask(office, "siti", "POST", f"{case_id}/resubmission")
        assert answer.json()["reason"] == "not_returned"


async def test_an_officer_who_goes_on_or_does_without_ends_the_return() -> None:
    async with desk() as office:
        first = await case_of(office)
        second = (await office.record(at_event()))["case_id"]
        third = (await office.record(at_event()))["case_id"]
        for case_id in (first, second, third):
            await ask(office, "siti", "POST", f"{case_id}/return", json=CARD)
        await office.step(first, "verify")
        waiver = {"reason": "seen_in_siak"}
        waived = await office.operator(
            "POST", f"/requests/{second}/checklist/family_card/waiver", json=waiver
        )
        shown = await office.operator("GET", f"/requests/{second}/checklist")
        assert waived.json() == shown.json()
        back = await ask(office, "siti", "POST", f"{third}/resubmission")
        assert back.json() == {"waits_for": []}
        assert [kept(office, one)["returned"] for one in (first, second, third)] == [None] * 3


async def test_a_replay_is_answered_to_whoever_still_has_the_right() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        key = "0b6a0a52-7a3c-4b8e-9d0a-claimed"
        first = await ask(office, "siti", "POST", f"{case_id}/claim", key=key)
        again = await ask(office, "siti", "POST", f"{case_id}/claim", key=key)
        headers = office.messaging.headers("operator", "halo_pamor", "*", subject="siti", key=key)
        other = await office.client.post(f"/api/requests/{case_id}/claim", headers=headers)
    assert first.json() == again.json()
    assert other.status_code == 403
