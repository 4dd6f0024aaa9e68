"""One account cannot ask reporting for everything at once."""

from tests.component.limited import assert_limited
from tests.component.reporting.kit import desk


async def test_more_than_the_stated_requests_of_one_account_are_refused() -> None:
    async with desk() as at:
        await assert_limited(at, "head:botram:*")
