"""No event is asked for by a person's number."""

from urllib.parse import quote

import pytest

from tests.component.personal import NUMBERS, assert_refused
from tests.component.reporting.kit import EVIDENCE, desk


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_figures_are_asked_for_by_a_persons_number(number: str) -> None:
    async with desk() as full:
        report = await full.get(f"/api/events/{quote(number)}/report")
        assert_refused(report, "path/event_id", number)
        days = {"from": "2023-03-01", "to": "2023-03-31", "by": "day"}
        totals = await full.get(f"/api/programmes/{quote(number)}/totals", **days)
        assert_refused(totals, "path/programme_id", number)
        year = f"/api/programmes/{quote(number)}/years/2023/evidence"
        assert_refused(await full.get(year), "path/programme_id", number)
        file = f"{EVIDENCE}/{quote(number)}/content"
        assert_refused(await full.get(file), "path/file_id", number)
