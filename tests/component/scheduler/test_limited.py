"""One account cannot ask scheduler for everything at once."""

from tests.component.limited import assert_limited
from tests.component.scheduler.floor import floor


async def test_more_than_the_stated_requests_of_one_account_are_refused() -> None:
    async with floor() as at:
        await assert_limited(at, "planner:botram:*")
