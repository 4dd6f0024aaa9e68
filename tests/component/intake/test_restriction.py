"""Restriction over HTTP: nothing goes on for a person until it is lifted, and nothing is lost."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.auth.roles import FRESH
from shared.contracts.courier import JobAssigned
from tests.component.intake.kit import Desk, at_home, desk
from tests.unit.files.samples import image
from tests.unit.intake.bus import job
from tests.unit.intake.sample import NIK, home_case

REASON = {"reason": "Permintaan warga"}


async def restricted(office: Desk) -> tuple[dict[str, Any], str]:
    """Return a recorded request and its resident, for whom the processing is stopped."""
    recorded = await office.record(at_home())
    path = f"/residents/{await office.resident(recorded['case_id'])}/restriction"
    (await office.person("POST", path, "operator", json=REASON)).raise_for_status()
    return recorded, path


def refused(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and answer.json()["reason"] == "restricted"


async def test_requests_and_steps_wait_until_it_is_lifted() -> None:
    async with desk() as office:
        recorded, path = await restricted(office)
        case_id = recorded["case_id"]

        step = await office.step(case_id, "verify")
        again = await office.operator("POST", "/requests", json=at_home())
        lifted = await office.person("POST", f"{path}/lift", json=REASON)

        assert refused(step)
        assert "lift the restriction" in step.json()["detail"]
        assert refused(again)
        assert (lifted.status_code, lifted.json()) == (200, {"since": None})
        assert (await office.step(case_id, "verify")).status_code == 200


async def test_neither_papers_nor_people_are_added() -> None:
    async with desk() as office:
        recorded = await office.record(at_home())
        case_id = recorded["case_id"]
        file_id = (await office.send(case_id, image())).json()["file_id"]
        path = f"/residents/{await office.resident(case_id)}/restriction"
        (await office.person("POST", path, json=REASON)).raise_for_status()

        party = {"party": "reporter", "name": "Pelapor Contoh"}
        named = await office.operator("POST", f"/requests/{case_id}/parties", json=party)

        kept = len(office.messaging.documents("files"))
        assert refused(await office.send(case_id, image()))
        assert len(office.messaging.documents("files")) == kept, "nothing of it is left"
        assert refused(await office.bind(case_id, file_id))
        assert refused(named)


async def test_somebody_restricted_is_named_in_no_other_request() -> None:
    async with desk() as office:
        await restricted(office)
        other = await office.record(at_home(applicant={**at_home()["applicant"], "nik": None}))

        party = {"party": "reporter", "name": "Siti Contoh", "nik": NIK}
        named = await office.operator("POST", f"/requests/{other['case_id']}/parties", json=party)

        assert refused(named)


async def test_what_others_have_done_is_noted_all_the_same() -> None:
    async with desk() as office:
        recorded, _ = await restricted(office)
        case_id = recorded["case_id"]

        await office.messaging.deliver(job(JobAssigned, home_case(), case_id=case_id))

        shown = (await office.operator("GET", f"/requests/{case_id}")).json()
        assert "job_assigned" in shown["facts"]


async def test_who_tracks_it_is_told() -> None:
    async with desk() as office:
        recorded, path = await restricted(office)
        form = {"kode": recorded["tracking_code"]}

        tracked = (await office.track(recorded["tracking_code"])).json()
        page = await office.client.post("/lacak", data=form)
        (await office.person("POST", f"{path}/lift", json=REASON)).raise_for_status()
        after = (await office.track(recorded["tracking_code"])).json()

        assert tracked["paused"] is True
        assert "dihentikan sementara" in tracked["paused_text"]
        assert tracked["paused_text"] in page.text
        assert (after["paused"], after["paused_text"]) == (False, None)


async def test_it_is_set_once_and_the_same_command_again_is_answered_alike() -> None:
    async with desk() as office:
        recorded = await office.record(at_home())
        resident = await office.resident(recorded["case_id"])
        path = f"/residents/{resident}/restriction"
        again: dict[str, Any] = {"headers": {"Idempotency-Key": "the-same-key"}, "json": REASON}

        first = await office.person("POST", path, **again)
        second = await office.person("POST", path, **again)
        elsewhere = await office.person("POST", path, "supervisor:halo_pamor:32.75.02", **again)
        twice = await office.person("POST", path, json=REASON)
        shown = (await office.person("GET", f"/residents/{resident}")).json()["restriction"]

        assert (first.status_code, second.json()) == (200, first.json())
        assert elsewhere.status_code == 403
        assert refused(twice)
        assert shown == {**first.json(), "by": "sri", **REASON}


async def test_what_is_not_set_is_not_lifted() -> None:
    async with desk() as office:
        recorded = await office.record(at_home())
        resident = await office.resident(recorded["case_id"])

        lifted = await office.person("POST", f"/residents/{resident}/restriction/lift", json=REASON)

        assert (lifted.status_code, lifted.json()["reason"]) == (409, "not_restricted")


async def test_a_restricted_resident_can_still_be_erased() -> None:
    async with desk() as office:
        recorded = await office.record(at_home())
        resident = await office.resident(recorded["case_id"])
        (await office.step(recorded["case_id"], "cancel")).raise_for_status()
        path = f"/residents/{resident}"
        (await office.person("POST", f"{path}/restriction", json=REASON)).raise_for_status()
        (await office.person("POST", f"{path}/erasure", who="sri")).raise_for_status()

        approved = await office.person("POST", f"{path}/erasure/approval", who="agus")

        (kept,) = office.messaging.documents("residents")
        assert approved.status_code == 200
        assert kept["restriction"] is None


@pytest.mark.parametrize("what", ["restriction", "restriction/lift"])
async def test_a_machine_and_an_old_sign_in_change_nothing(what: str) -> None:
    async with desk() as office:
        recorded = await office.record(at_home())
        path = f"/residents/{await office.resident(recorded['case_id'])}/{what}"
        long_ago = office.messaging.clock() - FRESH - timedelta(seconds=1)
        old = office.messaging.session_headers(
            "supervisor:*:*", subject="sri", session="s-1", signed_in_at=long_ago
        )

        machine = await office.ask("POST", path, "supervisor", json=REASON)
        late = await office.client.post(f"/api{path}", headers=old, json=REASON)

        assert (machine.status_code, late.status_code) == (401, 401)


async def test_the_reason_names_nobody_and_the_trail_has_both_deeds() -> None:
    async with desk() as office:
        recorded = await office.record(at_home())
        resident = await office.resident(recorded["case_id"])
        path = f"/residents/{resident}/restriction"

        named = await office.person("POST", path, json={"reason": f"NIK {NIK}"})
        (await office.person("POST", path, json=REASON, who="sri")).raise_for_status()
        (await office.person("POST", f"{path}/lift", json=REASON, who="agus")).raise_for_status()

        assert named.status_code == 422
        entries = [one for one in office.messaging.documents("audit") if one["about"] == resident]
        assert [(one["deed"], one["actor"], one["said"]) for one in entries] == [
            ("restricted", "sri", ["Permintaan warga"]),
            ("restriction_lifted", "agus", ["Permintaan warga"]),
        ]
