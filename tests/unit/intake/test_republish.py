"""A programme published again under a higher version, for copies that hold a forged one."""

import pytest

from services.intake.domain import Programme, Refused
from services.intake.usecases import republish_programme
from shared.messaging.errors import Missing
from tests.unit.intake.sample import BOTRAM, bench


async def test_it_is_the_same_under_that_version_and_told() -> None:
    work = bench()
    assert await work.run(lambda uow: republish_programme("botram", 501, uow)) == 501
    kept = await work.get(Programme, "botram")
    assert kept is not None
    assert kept.version == 501
    assert kept.same_as(BOTRAM)
    (message,) = work.messages
    assert (message.envelope.type, message.envelope.version) == (
        "intake.programme_published.v1",
        501,
    )


@pytest.mark.parametrize("version", [0, BOTRAM.version])
async def test_a_version_that_is_not_above_is_refused(version: int) -> None:
    work = bench()
    with pytest.raises(Refused, match="version_not_above"):
        await work.run(lambda uow: republish_programme("botram", version, uow))
    assert work.messages == []


async def test_what_is_not_there_is_missing() -> None:
    with pytest.raises(Missing):
        await bench().run(lambda uow: republish_programme("nothing", 5, uow))
