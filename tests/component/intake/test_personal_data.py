"""A person's number is in no programme, no id and no reason."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.component.intake.kit import BOTRAM, at_event, desk
from tests.component.personal import NUMBERS, assert_refused


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_programme_holds_a_persons_number(number: str) -> None:
    service: dict[str, Any] = {**BOTRAM["services"][0], "name": number}
    async with desk() as office:
        changes: dict[str, dict[str, Any]] = {
            "/name": {"name": number},
            "/owner": {"owner": f"Bapak {number}"},
            "/services/0/name": {"services": [service]},
        }
        for field, changed in changes.items():
            assert_refused(await office.publish("botram", {**BOTRAM, **changed}), field, number)
        named = await office.publish(quote(number), BOTRAM)
        assert_refused(named, "path/programme_id", number)
        for field in ("programme_id", "name", "owner"):
            copy = {"programme_id": "copied", "name": "Copy", "owner": "Dinas", field: number}
            path = "/programmes/botram/copies"
            copied = await office.ask("POST", path, "admin", json=copy)
            assert_refused(copied, f"/{field}", number)


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_request_holds_a_persons_number_beside_its_person(number: str) -> None:
    async with desk() as office:
        for field in ("event_id", "reason"):
            body = at_event(**{field: number})
            refused = await office.operator("POST", "/requests", json=body)
            assert_refused(refused, f"/{field}", number)


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_case_is_asked_for_by_a_persons_number(number: str) -> None:
    async with desk() as office:
        case = f"/requests/{quote(number)}"
        assert_refused(await office.operator("GET", case), "path/case_id", number)
        stepped = await office.step(quote(number), "take_up")
        assert stepped.status_code == 422
        assert "path/case_id" in [error["field"] for error in stepped.json()["errors"]]
        for field in ("cursor", "event_id"):
            asked = {"programme_id": "botram", field: number}
            listed = await office.operator("GET", "/requests", params=asked)
            assert_refused(listed, f"query/{field}", number)
