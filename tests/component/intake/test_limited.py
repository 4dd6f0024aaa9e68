"""One account cannot ask intake for everything at once."""

import pytest

from shared.limits.rates import Rate
from shared.web import accounts
from shared.web.accounts import AccountRates
from tests.component.intake.kit import at_event, desk
from tests.component.limited import assert_limited


async def test_more_than_the_stated_requests_of_one_account_are_refused() -> None:
    async with desk() as at:
        await assert_limited(at, "operator:botram:*")


async def test_looks_at_persons_have_a_limit_of_their_own_and_refused_ones_show_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = AccountRates(persons=Rate.parse("5/hour"))
    monkeypatch.setattr(accounts, "AccountRates", lambda: few)
    async with desk() as office:
        cases = [(await office.record(at_event()))["case_id"] for _ in range(6)]
        asked = [
            (await office.operator("GET", f"/requests/{one}")).status_code for one in cases[:-1]
        ]
        refused = await office.operator("GET", f"/requests/{cases[-1]}")
        again = await office.operator("GET", f"/requests/{cases[0]}")
        other = office.messaging.headers("operator", subject="sri")
        allowed = await office.client.get(f"/api/requests/{cases[-1]}", headers=other)
        logged = [read["case_id"] for read in office.messaging.documents("person_reads")]

    assert asked == [200] * 5
    assert (refused.status_code, refused.json()["limit"]) == (429, "5/hour")
    assert "Sukarno" not in refused.text
    assert (again.status_code, allowed.status_code) == (200, 200)
    assert logged.count(cases[-1]) == 1
