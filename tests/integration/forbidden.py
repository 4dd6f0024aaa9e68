"""What takes something from a collection of MongoDB, or lets it expire: each is refused."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from pymongo.errors import OperationFailure

Rows = Any
UNAUTHORIZED: Final = 13

TAKES_AWAY: Final[list[Any]] = [
    pytest.param(lambda rows: rows.update_one({}, {"$set": {"type": "x"}}), id="update"),
    pytest.param(lambda rows: rows.replace_one({}, {"type": "x"}, upsert=True), id="replace"),
    pytest.param(lambda rows: rows.delete_many({}), id="delete"),
    pytest.param(lambda rows: rows.drop(), id="drop"),
    pytest.param(lambda rows: rows.rename("elsewhere"), id="rename"),
    pytest.param(lambda rows: rows.drop_indexes(), id="drop indexes"),
    pytest.param(lambda rows: rows.create_index("at", expireAfterSeconds=1), id="let expire"),
    pytest.param(
        lambda rows: rows.database.client.drop_database(rows.database.name), id="drop all"
    ),
]


def assert_refused(act: Callable[[Rows], Any], rows: Rows) -> None:
    """The server says that this user may not."""
    with pytest.raises(OperationFailure) as refused:
        act(rows)
    assert refused.value.code == UNAUTHORIZED
