"""An event published again under a higher version, for copies that hold a forged one."""

import pytest

from services.scheduler.cli import main
from services.scheduler.config import Settings
from services.scheduler.domain import Refused, ScheduledEvent
from services.scheduler.store import COLLECTIONS
from services.scheduler.usecases import republish_event
from shared.messaging.errors import Missing
from shared.messaging.wire import MAX_VERSION
from shared.testing.bench import Bench
from tests.unit.scheduler.sample import SETU, plan

EVENT = ScheduledEvent(SETU, 3, plan(), "Asia/Jakarta")


async def test_it_is_the_same_under_that_version_and_told() -> None:
    work = Bench(COLLECTIONS, EVENT)
    assert await work.run(lambda uow: republish_event(SETU, 501, uow)) == 501
    kept = await work.get(ScheduledEvent, SETU)
    assert kept is not None
    assert (kept.version, kept.plan) == (501, EVENT.plan)
    (message,) = work.messages
    assert (message.envelope.type, message.envelope.version) == (
        "scheduler.event_scheduled.v1",
        501,
    )


@pytest.mark.parametrize("version", [0, EVENT.version])
async def test_a_version_that_is_not_above_is_refused(version: int) -> None:
    work = Bench(COLLECTIONS, EVENT)
    with pytest.raises(Refused, match="version_not_above"):
        await work.run(lambda uow: republish_event(SETU, version, uow))
    assert work.messages == []


async def test_what_is_not_there_is_missing() -> None:
    with pytest.raises(Missing):
        await Bench(COLLECTIONS).run(lambda uow: republish_event(SETU, 5, uow))


@pytest.mark.parametrize("version", ["0", "-1", "1.5", "seven", str(MAX_VERSION)])
def test_a_version_that_cannot_be_is_refused_before_anything(
    version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def never() -> Settings:
        raise AssertionError

    with pytest.raises(SystemExit) as ended:
        main(["events", "republish", SETU, "--version", version, "--by", "admin-1"], never)
    assert ended.value.code == 2
    assert "--version" in capsys.readouterr().err
