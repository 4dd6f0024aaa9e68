"""What the look for timers asks the server."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest

from shared.mongo.timers import MongoTimers

NINE = datetime(2023, 3, 11, 9, tzinfo=UTC)


async def test_the_servers_clock_is_asked_for_every_two_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = [100.0]
    monkeypatch.setattr("shared.mongo.timers.time.monotonic", lambda: seconds[0])
    database, looks = MagicMock(), list[Any]()
    database.command = AsyncMock(side_effect=[{"localTime": NINE}, {"localTime": NINE}])
    rows = database.__getitem__.return_value

    def find(query: Any, **_: Any) -> Any:
        looks.append(query["next"]["$lte"])
        return MagicMock(to_list=AsyncMock(return_value=[]))

    rows.find.side_effect = find
    client = MagicMock()
    client.get_database.return_value = database
    store = MongoTimers(client, "contoh", "one", "contoh.events")
    for passed in (0.0, 0.4, 1.5, 0.1):
        seconds[0] += passed
        assert await store.take("term", 10) == []
    assert database.command.await_count == 2
    after = [round((look - NINE) / timedelta(seconds=1), 3) for look in looks]
    assert after == [0.0, 0.4, 1.9, 0.0]
