"""What of a confirm means that the broker has the message."""

import asyncio
from collections.abc import Callable

import pytest
from aiormq.exceptions import DeliveryError
from pamqp.commands import Basic

from shared.messaging.publish_batch import Confirm, _acknowledged


@pytest.mark.parametrize(
    ("settle", "acknowledged"),
    [
        (lambda confirm: confirm.set_result(Basic.Ack()), True),
        (lambda confirm: confirm.set_result(Basic.Nack()), False),
        (lambda confirm: confirm.set_exception(DeliveryError(None, Basic.Nack())), False),
        (lambda confirm: confirm.set_exception(asyncio.CancelledError()), False),
        (lambda confirm: confirm.cancel(), False),
        (lambda _: None, False),
    ],
)
async def test_only_an_ack_is_one(
    settle: Callable[[Confirm], object], acknowledged: object
) -> None:
    """A connection that is taken for dead leaves its cancellation in each confirm as an error."""
    confirm: Confirm = asyncio.get_running_loop().create_future()
    settle(confirm)
    assert _acknowledged(confirm) is acknowledged
