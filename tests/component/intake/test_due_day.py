"""The office's list shows what is overdue, from the end of the due day until it is settled."""

from typing import Any

import pytest

from tests.component.intake.kit import Desk, at_event, at_home, desk

END = "2023-03-15T17:00:00Z"


async def listed(office: Desk, overdue: str) -> list[Any]:
    """The cases of the list, with or without that filter."""
    path = f"/requests?programme_id=botram{overdue}"
    answer = await office.operator("GET", path)
    answer.raise_for_status()
    items: list[Any] = answer.json()["items"]
    return items


async def test_what_is_overdue_is_found() -> None:
    async with desk() as office:
        late, issued, cancelled, other = [
            (await office.record(at_event()))["case_id"] for _ in range(4)
        ]
        await office.record(at_home())
        await office.step(issued, "issue")
        await office.step(cancelled, "cancel")
        office.messaging.clock.advance(days=4, hours=14, minutes=44)
        await office.messaging.settle()
        assert await listed(office, "&overdue=true") == []

        office.messaging.clock.advance(minutes=1)
        await office.messaging.settle()

        found = await listed(office, "&overdue=true")
        assert [(case["case_id"], case["overdue_since"]) for case in found] == [
            (late, END),
            (other, END),
        ]
        assert [case["case_id"] for case in await listed(office, "&overdue=false")] == [
            issued,
            cancelled,
        ]
        assert len(await listed(office, "")) == 4

        await office.step(late, "issue")
        assert [case["case_id"] for case in await listed(office, "&overdue=true")] == [other]
        shown = (await office.operator("GET", f"/requests/{late}")).json()
        assert (shown["overdue_since"], shown["within_standard"]) == (None, False)
        assert office.messaging.documents("timers") == []


async def test_what_is_imported_after_its_due_day_is_overdue_at_once() -> None:
    async with desk() as office:
        body = at_event(occurred_at="2023-03-01T03:00:00Z")
        case_id = (await office.importer("POST", "/requests", json=body)).json()["case_id"]
        await office.messaging.settle()
        (found,) = await listed(office, "&overdue=true")
        assert (found["case_id"], found["overdue_since"]) == (case_id, "2023-03-06T17:00:00Z")


@pytest.mark.parametrize("value", ["", "maybe", "2"])
async def test_a_filter_that_is_neither_is_refused(value: str) -> None:
    async with desk() as office:
        path = f"/requests?programme_id=botram&overdue={value}"
        assert (await office.operator("GET", path)).status_code == 422
