"""A person's number is in no id, name or place of an event, and in nothing of a booth."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.component.personal import NUMBERS, assert_refused
from tests.component.scheduler.floor import booth_body, event_body, floor
from tests.unit.scheduler.sample import SETU


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_event_holds_a_persons_number(number: str) -> None:
    texts: dict[str, dict[str, Any]] = {
        "/name": {"name": number},
        "/place": {"place": f"Rumah {number}"},
        "/booths/0/agency": {"booths": [{**booth_body("b", "KIA"), "agency": number}]},
        "/booths/0/booth_id": {"booths": [booth_body(number, "KIA")]},
    }
    async with floor(planned=False) as at:
        for field, changed in texts.items():
            assert_refused(await at.put(event_body(**changed)), field, number)
        named = await at.put(event_body(), quote(number))
        assert_refused(named, "path/event_id", number)


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_booth_and_no_event_is_asked_for_by_a_persons_number(number: str) -> None:
    async with floor() as at:
        event = await at.get(f"/api/events/{quote(number)}")
        assert_refused(event, "path/event_id", number)
        assert_refused(await at.call(quote(number)), "path/booth_id", number)
        visit = {"service": "HEALTH_CHECK", "visitors": 1}
        assert_refused(await at.visit(visit, quote(number)), "path/booth_id", number)
        booth = await at.get(f"/api/events/{SETU}/booths/{quote(number)}/current")
        assert_refused(booth, "path/booth_id", number)
        assert_refused(await at.serve(1, number), "/booth_id", number)
