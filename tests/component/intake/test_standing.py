"""What a resident reads of his request: whose turn it is, when it is due, and that it is late."""

from typing import Any

from services.intake.app import TEXTS
from shared.web.texts import Texts
from tests.component.intake.catalogues import publish
from tests.component.intake.kit import Desk, at_event, at_home, desk

WORDS = Texts.load(TEXTS)
WITHOUT_EVENT: dict[str, Any] = {"event_id": None, "channel": "event", "service": "KK"}


async def page(office: Desk, code: str) -> str:
    answer = await office.client.post(
        "/lacak", data={"kode": code}, headers={"Accept": "text/html"}
    )
    answer.raise_for_status()
    return str(answer.text)


async def test_missing_papers_are_awaited_from_the_resident_and_then_from_the_office() -> None:
    async with desk() as office:
        (await publish(office)).raise_for_status()
        one = await office.record(at_event(**WITHOUT_EVENT))
        assert (await office.track(one["tracking_code"])).json()["awaited_from"] == "resident"
        path = f"/requests/{one['case_id']}/checklist/family_card/waiver"
        waived = await office.operator("POST", path, json={"reason": "seen_in_siak"})
        waived.raise_for_status()
        answer = (await office.track(one["tracking_code"])).json()
        assert (answer["awaited_from"], answer["awaited_text"]) == ("office", "Petugas kantor")


async def test_once_the_due_day_is_over_it_says_late_and_where_to_complain() -> None:
    async with desk() as office:
        (await publish(office)).raise_for_status()
        one = await office.record(at_event(**WITHOUT_EVENT))
        before = await page(office, one["tracking_code"])
        assert "Rabu, 15 Maret 2023" in before
        assert WORDS("tracking.due_if") in before
        assert WORDS("tracking.late") not in before

        # Saturday 11 March, 09.15 WIB; Wednesday 15 March ends at 17.00 UTC.
        office.messaging.clock.advance(days=4, hours=14, minutes=44)
        assert WORDS("tracking.late") not in await page(office, one["tracking_code"])
        office.messaging.clock.advance(minutes=2)
        late = await page(office, one["tracking_code"])
        assert WORDS("tracking.late") in late
        assert "Lewat lapor.go.id." in late
        answer = (await office.track(one["tracking_code"])).json()
        assert (answer["late"], answer["late_text"]) == (True, WORDS("tracking.late"))

        (await office.step(one["case_id"], "issue")).raise_for_status()
        issued = await page(office, one["tracking_code"])
        assert WORDS("tracking.late") not in issued
        assert WORDS("tracking.not_kept") in issued


async def test_what_is_issued_in_time_says_so() -> None:
    async with desk() as office:
        one = await office.record(at_event())
        (await office.step(one["case_id"], "issue")).raise_for_status()
        assert WORDS("tracking.kept") in await page(office, one["tracking_code"])


async def test_without_a_standard_no_day_is_promised_and_nothing_is_late() -> None:
    async with desk() as office:
        one = await office.record(at_home())
        office.messaging.clock.advance(days=60)
        shown = await page(office, one["tracking_code"])
        assert WORDS("tracking.no_standard") in shown
        assert WORDS("tracking.late") not in shown
