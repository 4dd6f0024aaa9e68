"""Erasure over HTTP: asked for by one, approved by another, fresh, and nothing left of papers."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.auth.roles import FRESH
from tests.component.intake.kit import Desk, at_home, desk
from tests.unit.files.samples import image
from tests.unit.intake.sample import NIK


async def closed(office: Desk) -> tuple[str, str]:
    """Return a case that is closed, and its resident."""
    case_id = str((await office.record(at_home()))["case_id"])
    (await office.step(case_id, "cancel")).raise_for_status()
    return case_id, await office.resident(case_id)


async def tracked(office: Desk, made: dict[str, Any]) -> Any:
    """Return what whoever has the code is told."""
    return (await office.track(made["tracking_code"])).raise_for_status().json()


async def shown(office: Desk, case_id: str) -> Any:
    return (await office.operator("GET", f"/requests/{case_id}")).json()["applicant"]


def noted(office: Desk) -> list[dict[str, Any]]:
    file = Path(office.keys).with_name("erasures")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


async def test_a_resident_is_erased_by_two() -> None:
    async with desk() as office:
        case_id, resident = await closed(office)
        path = f"/residents/{resident}/erasure"

        asked = await office.person("POST", path, "operator", who="sri")
        waits = (await office.person("GET", f"/residents/{resident}")).json()
        before = await shown(office, case_id)
        own = await office.person("POST", f"{path}/approval", who="sri")
        approved = await office.person("POST", f"{path}/approval", who="agus")

        assert (asked.status_code, asked.json()["state"]) == (200, "asked")
        assert (waits["cases"], waits["erasure"]) == ([case_id], asked.json())
        assert before["name"] == "Siti Contoh"
        assert (own.status_code, own.json()["reason"]) == (409, "own_erasure")
        assert approved.status_code == 200, approved.text
        assert (await shown(office, case_id))["name"] == "dihapus"
        (line,) = noted(office)
        assert (line["resident_id"], line["requested_by"], line["approved_by"]) == (
            resident,
            "sri",
            "agus",
        )
        assert (await office.person("GET", f"/residents/{resident}")).status_code == 404


async def test_the_same_approval_again_brings_the_same_answer_to_who_has_the_right() -> None:
    async with desk() as office:
        _, resident = await closed(office)
        path = f"/residents/{resident}/erasure"
        (await office.person("POST", path)).raise_for_status()
        again: dict[str, Any] = {"headers": {"Idempotency-Key": "the-same-key"}, "who": "agus"}

        first = await office.person("POST", f"{path}/approval", **again)
        second = await office.person("POST", f"{path}/approval", **again)
        elsewhere = "supervisor:halo_pamor:32.75.02"
        other = await office.person("POST", f"{path}/approval", elsewhere, **again)

        assert (first.status_code, second.json()) == (200, first.json())
        assert other.status_code == 403
        assert len(noted(office)) == 1


async def test_an_open_request_refuses_with_the_reason() -> None:
    async with desk() as office:
        case_id = (await office.record(at_home()))["case_id"]
        resident = await office.resident(case_id)

        refused = await office.person("POST", f"/residents/{resident}/erasure")

        assert (refused.status_code, refused.json()["reason"]) == (409, "open_request")
        assert "close them first" in refused.json()["detail"]


@pytest.mark.parametrize("what", ["erasure", "erasure/approval", "erasure/refusal"])
async def test_a_machine_and_an_old_sign_in_erase_nobody(what: str) -> None:
    async with desk() as office:
        _, resident = await closed(office)
        path = f"/residents/{resident}/{what}"
        long_ago = office.messaging.clock() - FRESH - timedelta(seconds=1)
        old = office.messaging.session_headers(
            "supervisor:*:*", subject="sri", session="s-1", signed_in_at=long_ago
        )

        machine = await office.ask("POST", path, "supervisor")
        late = await office.client.post(f"/api{path}", headers=old)

        assert (machine.status_code, late.status_code) == (401, 401)
        assert office.messaging.documents("erasures") == []


async def test_a_supervisor_declines_and_whoever_tracks_reads_why() -> None:
    async with desk() as office:
        made = await office.record(at_home())
        (await office.step(made["case_id"], "cancel")).raise_for_status()
        resident = await office.resident(made["case_id"])
        path = f"/residents/{resident}/erasure"
        why = {"reason": "Arsip wajib disimpan sepuluh tahun"}

        early = await office.person("POST", f"{path}/refusal", who="agus", json=why)
        (await office.person("POST", path, "operator", who="sri")).raise_for_status()
        before = await tracked(office, made)
        nothing = await office.person("POST", f"{path}/refusal", who="agus", json={})
        by_nik = await office.person("POST", f"{path}/refusal", who="agus", json={"reason": NIK})
        declined = await office.person("POST", f"{path}/refusal", who="agus", json=why)
        after = await tracked(office, made)
        page = await office.client.post("/lacak", data={"kode": made["tracking_code"]})
        stands = (await office.person("GET", f"/residents/{resident}")).json()["erasure"]
        late = await office.person("POST", f"{path}/approval", who="agus")

        assert (early.status_code, early.json()["reason"]) == (409, "no_erasure_asked")
        assert (before["erasure_declined"], before["erasure_declined_text"]) == (None, None)
        assert [one.json()["errors"][0]["field"] for one in (nothing, by_nik)] == 2 * ["/reason"]
        assert (declined.status_code, declined.json()["state"]) == (200, "declined")
        assert after["erasure_declined"] == why["reason"]
        assert why["reason"] in after["erasure_declined_text"]
        assert after["erasure_declined_text"] in page.text
        assert (stands["state"], stands["reason"]) == ("declined", why["reason"])
        assert (late.status_code, late.json()["reason"]) == (409, "no_erasure_asked")
        assert (await shown(office, made["case_id"]))["name"] == "Siti Contoh"
        trail = [one for one in office.messaging.documents("audit") if one["about"] == resident]
        assert [(one["deed"], one["actor"], one["said"]) for one in trail[1:]] == [
            ("erasure_declined", "agus", ["asked by sri", why["reason"]])
        ]


async def test_what_was_declined_may_be_asked_for_again_and_is_told_no_more() -> None:
    async with desk() as office:
        made = await office.record(at_home())
        (await office.step(made["case_id"], "cancel")).raise_for_status()
        path = f"/residents/{await office.resident(made['case_id'])}/erasure"
        why = {"reason": "Salah orang"}
        (await office.person("POST", path, who="sri")).raise_for_status()
        # Also whoever asked takes it back.
        (await office.person("POST", f"{path}/refusal", who="sri", json=why)).raise_for_status()

        again = await office.person("POST", path, who="sri")
        told = await tracked(office, made)
        office.messaging.clock.advance(hours=71)
        await office.messaging.settle()
        approved = await office.person("POST", f"{path}/approval", who="agus")

        assert (again.status_code, again.json()["state"]) == (200, "asked")
        assert told["erasure_declined"] is None
        assert approved.status_code == 200, approved.text
        assert (await shown(office, made["case_id"]))["name"] == "dihapus"


async def test_the_frames_of_his_papers_go_and_no_paper_is_shown_or_taken() -> None:
    async with desk() as office:
        case_id = str((await office.record(at_home()))["case_id"])
        file_id = (await office.send(case_id, image())).json()["file_id"]
        (await office.bind(case_id, file_id)).raise_for_status()
        (await office.step(case_id, "cancel")).raise_for_status()
        path = f"/residents/{await office.resident(case_id)}/erasure"
        (await office.person("POST", path, who="sri")).raise_for_status()
        (await office.person("POST", f"{path}/approval", who="agus")).raise_for_status()

        (file,) = office.messaging.documents("files")
        listed = await office.operator("GET", f"/requests/{case_id}/papers")
        content = await office.operator("GET", f"/requests/{case_id}/papers/{file_id}/content")
        sent = await office.send(case_id, image())

        assert file["state"] == "removing"
        assert listed.json() == {"items": []}
        assert (content.status_code, sent.status_code) == (404, 410)


async def test_the_trail_says_who_asked_and_who_approved_and_nothing_of_the_person() -> None:
    async with desk() as office:
        _, resident = await closed(office)
        path = f"/residents/{resident}/erasure"
        (await office.person("POST", path, who="sri")).raise_for_status()
        (await office.person("POST", f"{path}/approval", who="agus")).raise_for_status()

        entries = [one for one in office.messaging.documents("audit") if one["about"] == resident]
        assert [(one["deed"], one["actor"]) for one in entries] == [
            ("erasure_asked", "sri"),
            ("erasure_approved", "agus"),
            ("erased", "service:intake"),
        ]
        assert NIK not in str(office.messaging.documents("erasures"))
