"""Whose word counts: the broker vouches for `user_id`, and nothing else does."""

import pytest

from shared.messaging.errors import Malformed
from shared.messaging.topology import OPERATOR
from shared.messaging.wire import properties, read, require_sender
from shared.testing.delivery import Delivery
from tests.unit.shared.messaging_kit import message

QUEUE = "desk.events"


def published_by(user: str | None, *, source: str = "intake") -> Delivery:
    """A receipt, whose type is intake's, under this source and from this user."""
    said = properties(message())
    said.headers = {**(said.headers or {}), "ce-source": f"jemput/{source}"}
    said.user_id = user
    return Delivery(message().body, said)


@pytest.mark.parametrize("user", ["intake", "desk", OPERATOR])
def test_source_own_service_and_operator_are_believed(user: str) -> None:
    delivery = published_by(user)
    require_sender(delivery, read(delivery).envelope, QUEUE)


@pytest.mark.parametrize("user", [None, "", "scheduler", "courier", "intak"])
def test_nobody_else_is(user: str | None) -> None:
    delivery = published_by(user)
    with pytest.raises(Malformed, match="sender: not published by its source"):
        require_sender(delivery, read(delivery).envelope, QUEUE)


def test_a_type_of_another_producer_than_the_source_is_refused() -> None:
    delivery = published_by("scheduler", source="scheduler")
    with pytest.raises(Malformed, match="sender: the type is another producer's"):
        require_sender(delivery, read(delivery).envelope, QUEUE)
