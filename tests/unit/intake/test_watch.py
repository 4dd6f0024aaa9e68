"""What the metrics are told of what is late, programme by programme."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from services.intake.metrics import IntakeMetrics
from services.intake.usecases import watch
from services.intake.usecases.watch import Late, Watch, WatchLate
from shared.messaging.errors import Unavailable


class Counted:
    """Counts as it is told to."""

    def __init__(self, **late: Late) -> None:
        self.late = late

    async def programme_ids(self) -> list[str]:
        """Return whose late requests it counts."""
        return list(self.late)

    async def late_in(self, programme_id: str) -> Late:
        """Return one of them."""
        return self.late[programme_id]


async def test_each_programme_has_figures_of_its_own_that_go_back_to_nothing() -> None:
    registry, counted = CollectorRegistry(), Counted(botram=Late(3, 1), sregep=Late(0, 0))
    late = WatchLate(counted, IntakeMetrics(registry))

    def told(programme: str) -> list[float | None]:
        names = "jemput_intake_late_requests", "jemput_intake_escalated_requests"
        return [registry.get_sample_value(name, {"programme": programme}) for name in names]

    await late.look()
    assert (told("botram"), told("sregep")) == ([3, 1], [0, 0])
    counted.late["botram"] = Late(0, 0)
    await late.look()
    assert told("botram") == [0, 0]


async def test_a_look_that_fails_stops_no_other_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "EVERY", 0)
    looks: list[str] = []
    enough = asyncio.Event()

    async def away() -> None:
        looks.append("away")
        raise Unavailable("the database is away")

    async def here() -> None:
        looks.append("here")
        if len(looks) >= 4:
            enough.set()

    running = asyncio.create_task(Watch([away, here]).run())
    await enough.wait()
    running.cancel()
    assert looks[:4] == ["away", "here", "away", "here"]
