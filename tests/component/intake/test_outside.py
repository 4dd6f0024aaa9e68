"""Systems of others over HTTP: answered at once, silent for a day, and asked again."""

from typing import Any

from tests.component.intake.kit import Desk, at_event, desk


async def ask(office: Desk, case_id: str, path: str = "", **how: Any) -> dict[str, Any]:
    answer = await office.operator("POST", f"/requests/{case_id}/outside{path}", **how)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_silence_is_visible_times_out_and_is_sent_again() -> None:
    async with desk() as office:
        # A moment that the database does not keep whole, as most are.
        office.messaging.clock.advance(microseconds=678)
        case_id = (await office.record(at_event()))["case_id"]
        at = f"/requests/{case_id}"
        assert (await office.operator("GET", f"{at}/outside")).status_code == 404
        assert (await office.operator("GET", at)).json()["outside"] is None

        asked = await ask(office, case_id, json={"system": "siak"})
        assert (asked["standing"], asked["sends"]) == ("pending", 1)
        second = await office.operator("POST", f"{at}/outside", json={"system": "eopen"})
        assert (second.status_code, second.json()["reason"]) == (409, "errand_open")
        assert (await office.operator("GET", at)).json()["outside"] == "pending"

        office.messaging.clock.advance(hours=24, milliseconds=1)
        await office.messaging.settle()
        assert (await office.operator("GET", at)).json()["outside"] == "timed_out"
        again = await ask(office, case_id, "/again", key="once-more")
        replayed = await ask(office, case_id, "/again", key="once-more")
        assert (again["standing"], again["sends"]) == ("pending", 2)
        assert replayed == again


async def test_what_is_answered_at_once_is_said_at_once() -> None:
    async with desk() as office:
        case_id = (await office.record(at_event()))["case_id"]
        asked = await ask(office, case_id, json={"system": "eopen"})
        assert (asked["standing"], asked["timed_out_at"]) == ("accepted", None)
        timers = [timer["name"] for timer in office.messaging.documents("timers")]
        assert "outside_silent" not in timers
        at = f"/requests/{case_id}/outside"
        no = await office.operator("POST", at, json={"system": "sitepak"})
        assert (no.status_code, no.json()["reason"]) == (409, "not_connected")
        wrong = await office.operator("POST", at, json={"system": "facebook"})
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "/system")
