"""Batches over HTTP: made, printed, handed over, undone, and closed an hour later."""

from typing import Any

import pytest

from tests.component.intake.kit import Desk, at_event, desk
from tests.component.intake.printing import body, hand_over, printed
from tests.unit.files.samples import image


async def issued(office: Desk, many: int) -> list[str]:
    ids = [(await office.record(at_event()))["case_id"] for _ in range(many)]
    for case_id in ids:
        (await office.step(case_id, "issue")).raise_for_status()
    return ids


async def shown(office: Desk, batch_id: str) -> dict[str, Any]:
    answer = await office.operator("GET", f"/batches/{batch_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_batch_from_the_list_to_the_counter() -> None:
    async with desk() as office:
        ids = await issued(office, 3)
        made = await office.operator("POST", "/batches", json=body(), key="one-batch")
        again = await office.operator("POST", "/batches", json=body(), key="one-batch")
        batch_id = made.json()["batch_id"]
        assert made.status_code == 201
        assert made.json() == again.json() == {"batch_id": batch_id, "case_ids": ids}

        assert (await printed(office, batch_id, failed=[ids[2]])).status_code == 204
        sent = (await office.send(ids[1], image())).json()["file_id"]
        (await office.bind(ids[1], sent, "power_of_attorney")).raise_for_status()
        assert (await hand_over(office, batch_id, ids[0])).status_code == 204
        proxy = {"collector": "proxy", "power_of_attorney": sent}
        assert (await hand_over(office, batch_id, ids[1], **proxy)).status_code == 204
        undone = f"/batches/{batch_id}/handovers/{ids[0]}/undo"
        assert (await office.operator("POST", undone)).status_code == 204
        assert (await hand_over(office, batch_id, ids[0])).status_code == 204

        items = {
            one["case_id"]: one["collected"] for one in (await shown(office, batch_id))["items"]
        }
        assert set(items) == {ids[0], ids[1]}
        assert items[ids[1]]["power_of_attorney"] == sent
        office.messaging.clock.advance(hours=1)
        await office.messaging.settle()
        states = [(await office.operator("GET", f"/requests/{one}")).json()["state"] for one in ids]
        assert states == ["closed", "closed", "issued"]
        refused = await office.operator("POST", undone)
        assert (refused.status_code, refused.json()["reason"]) == (409, "closed")
        second = await office.operator("POST", "/batches", json=body())
        assert second.json()["case_ids"] == [ids[2]]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"limit": 0}, "/limit"),
        ({"limit": 101}, "/limit"),
        ({"region_code": "32.16.99"}, "/region_code"),
        ({"service": ""}, "/service"),
    ],
)
async def test_a_batch_that_cannot_be_names_the_field(changed: dict[str, Any], field: str) -> None:
    async with desk() as office:
        answer = await office.operator("POST", "/batches", json=body(**changed))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field


async def test_what_is_refused_says_why() -> None:
    async with desk() as office:
        (case_id,) = await issued(office, 1)
        path = "/batches"
        none = await office.operator("POST", path, json=body(region_code="32.16.06"))
        batch_id = (await office.operator("POST", path, json=body())).json()["batch_id"]
        early = await hand_over(office, batch_id, case_id)
        past = await printed(office, batch_id, handover_on="2023-03-01")
        unknown = await printed(office, "unheard-of")

        assert [one.json()["reason"] for one in (none, early, past)] == [
            "no_case_to_print",
            "not_printed",
            "day_over",
        ]
        assert unknown.status_code == 404
