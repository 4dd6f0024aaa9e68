"""SOPs over HTTP, the times they allow, and who is told when those have passed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.intake.api.sop import SopBody
from tests.component.intake.kit import Desk, at_event, at_home, desk
from tests.component.intake.sops import body, passing, publish, state

MONDAY_ENDS = "2023-03-13T17:00:00Z"
TUESDAY_ENDS = "2023-03-14T17:00:00Z"


@pytest.fixture
async def office() -> AsyncIterator[Desk]:
    """Intake with an SOP for BOTRAM."""
    async with desk() as running:
        (await publish(running)).raise_for_status()
        yield running


async def late(office: Desk, *grant: str, cursor: str = "") -> dict[str, Any]:
    """Return what somebody is told of."""
    path = f"/late-requests?programme_id=botram{cursor}"
    answer = await office.ask("GET", path, *(grant or ("supervisor",)))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ids(office: Desk, *grant: str) -> list[str]:
    return [item["case_id"] for item in (await late(office, *grant))["items"]]


async def test_an_sop_is_read_as_it_was_published_in_any_of_its_versions(office: Desk) -> None:
    verified = state("verified", "issue")
    second = await publish(office, said={"states": [verified]})

    path = "/programmes/botram/sop"
    now = (await office.operator("GET", path)).json()
    first = (await office.operator("GET", path, params={"version": 1})).json()
    programme = (await office.operator("GET", "/programmes/botram")).json()

    assert second.json() == {"programme_id": "botram", "version": 2}
    assert (now.pop("programme_id"), now.pop("version")) == ("botram", 2)
    assert SopBody(**now) == SopBody.model_validate({"states": [verified]})
    assert (first.pop("programme_id"), first.pop("version")) == ("botram", 1)
    assert SopBody(**first) == SopBody(**body())
    assert programme["sop_version"] == 2
    assert (await office.operator("GET", path, params={"version": 3})).status_code == 404
    assert (await office.operator("GET", "/programmes/halo_pamor/sop")).status_code == 404


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"states": []}, "/states"),
        ({"states": [state("received", "issue"), state("received", "issue")]}, "body"),
        ({"states": [state("lost", "issue")]}, "/states/0/state"),
        ({"states": [state("received", "issue", "issue")]}, "/states/0"),
        ({"states": [state("received", "fly")]}, "/states/0/steps/0/step"),
        ({"states": [state("received", "issue", time=passing(0))]}, "/states/0/time/after/amount"),
        ({"states": [state("received", "issue", source="")]}, "/states/0/source"),
        (body(opening={"opens": "half past seven", "closes": "15:30"}), "/opening/opens"),
    ],
)
async def test_an_sop_that_is_wrong_in_itself_names_the_field(
    office: Desk, said: dict[str, Any], field: str
) -> None:
    answer = await publish(office, said=said)
    assert answer.status_code == 422, answer.text
    assert field in [error["field"] for error in answer.json()["errors"]]


async def test_one_that_does_not_fit_is_refused_and_the_old_one_counts(office: Desk) -> None:
    answer = await publish(office, said={"states": [state("received", "cancel")]})
    assert (answer.status_code, answer.json()["reason"]) == (409, "no_way_out")
    assert answer.json()["detail"].startswith("states: received")
    path = "/programmes/botram/sop"
    assert (await office.operator("GET", path)).json()["version"] == 1


async def test_publishing_needs_a_fresh_sign_in(office: Desk) -> None:
    answer = await office.ask("PUT", "/programmes/botram/sop", "admin", json=body())
    assert (answer.status_code, answer.json()["title"]) == (401, "Sign in once more for this")


async def test_a_step_is_refused_by_state_and_by_role(office: Desk) -> None:
    only = state("received", "verify", "issue")
    only["steps"][0]["roles"] = ["supervisor"]
    (await publish(office, said={"states": [only]})).raise_for_status()
    case_id = (await office.record(at_event()))["case_id"]

    rejected = await office.step(case_id, "reject")
    by_operator = await office.step(case_id, "verify")
    path = f"/requests/{case_id}/steps"
    by_supervisor = await office.ask("POST", path, "supervisor", json={"step": "verify"})

    assert (rejected.status_code, rejected.json()["reason"]) == (409, "step_not_in_sop")
    assert by_operator.status_code == 403
    assert (by_supervisor.status_code, by_supervisor.json()) == (200, {"state": "verified"})


async def test_what_is_late_is_told_to_the_supervisor_and_then_to_the_head(office: Desk) -> None:
    first, done, other = [(await office.record(at_event()))["case_id"] for _ in range(3)]
    await office.step(done, "issue")
    office.messaging.clock.advance(days=2, hours=14, minutes=44)  # Monday, 23.59
    await office.messaging.settle()
    assert await ids(office) == []

    office.messaging.clock.advance(minutes=1)
    await office.messaging.settle()
    assert await ids(office) == [first, other]
    assert await ids(office, "head") == []
    assert await ids(office, "supervisor", "botram", "32.16.06") == []
    (item, _) = (await late(office))["items"]
    assert (item["late_in_state_since"], item["escalated_at"]) == (MONDAY_ENDS, None)
    assert (item["state"], item["told"]) == ("received", ["supervisor"])
    shown = (await office.operator("GET", f"/requests/{first}")).json()
    assert shown["late_in_state_since"] == MONDAY_ENDS

    await office.step(other, "verify")
    office.messaging.clock.advance(days=1)
    await office.messaging.settle()
    assert await ids(office, "head", "botram", "32.16.18") == [first]
    assert await ids(office, "head", "botram", "32.16.06") == []
    (item,) = (await late(office))["items"]
    assert (item["escalated_at"], item["told"]) == (TUESDAY_ENDS, ["supervisor", "head"])

    await office.step(first, "issue")
    assert await ids(office) == await ids(office, "head") == []
    names = [timer["name"] for timer in office.messaging.documents("timers")]
    assert names.count("state_time") == 1  # that of the one that was verified


async def test_the_list_is_read_page_by_page(office: Desk) -> None:
    recorded = [(await office.record(at_event()))["case_id"] for _ in range(3)]
    office.messaging.clock.advance(days=3)
    await office.messaging.settle()

    first = await late(office, cursor="&limit=2")
    second = await late(office, cursor=f"&limit=2&cursor={first['next_cursor']}")

    assert [item["case_id"] for item in first["items"] + second["items"]] == recorded
    assert second["next_cursor"] is None


async def test_a_broken_sop_of_one_programme_stops_no_other(office: Desk) -> None:
    waits = state("received", "issue", time=passing(1))
    (await publish(office, "halo_pamor", {"states": [waits]})).raise_for_status()
    await office.record(at_home())
    case_id = (await office.record(at_event()))["case_id"]
    sops = office.messaging.memory.collections["sops"]
    sops["halo_pamor:1"] = {**sops["halo_pamor:1"], "states": "nonsense"}

    office.messaging.clock.advance(days=3)
    await office.messaging.settle()

    assert await ids(office) == [case_id]
    assert (await office.step(case_id, "issue")).status_code == 200
