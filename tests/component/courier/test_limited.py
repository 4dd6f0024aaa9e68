"""One account cannot ask courier for everything at once."""

from tests.component.courier.counter import counter
from tests.component.limited import assert_limited


async def test_more_than_the_stated_requests_of_one_account_are_refused() -> None:
    async with counter() as at:
        await assert_limited(at, "admin:halo_pamor:*")
