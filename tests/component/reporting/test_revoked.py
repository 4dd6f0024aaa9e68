"""What intake says is revoked is refused here."""

from shared.contracts.intake import AccessKind
from tests.component.reporting.kit import desk
from tests.component.revoked import (
    EACH_KIND,
    MACHINES,
    assert_machine_refused,
    assert_refused,
)


@EACH_KIND
async def test_a_revoked_token_is_refused(access_id: str, kind: AccessKind) -> None:
    async with desk() as at:
        await assert_refused(at, "head:botram:32.16", access_id, kind)


@MACHINES
async def test_the_token_of_a_machine_that_was_ended_is_refused(
    access_id: str, kind: AccessKind
) -> None:
    async with desk() as at:
        await assert_machine_refused(at, "head:botram:32.16", access_id, kind)
