"""Errands to systems of others on documents in memory, with a clock that is moved."""

import asyncio
from datetime import timedelta
from typing import Any, Final

import pytest

from services.intake.config import StandIn
from services.intake.domain import Refused, Step
from services.intake.domain.outside import SENDS, Errand, Reply, Standing, System
from services.intake.gateways import StandInSystem
from services.intake.usecases import take_step
from services.intake.usecases.outside import (
    SILENT,
    OutsideSystems,
    Sending,
    ask_again,
    ask_outside,
    note_reply,
    note_silence,
)
from shared.messaging.errors import Missing
from shared.testing.bench import Bench
from tests.unit.intake.sample import CASE, NIK, SATURDAY, at_home, bench, everybody, record

DAY: Final = timedelta(hours=24)


class Office:
    """A bench with a request, and what stands in for SIAK."""

    def __init__(self, work: Bench, behaves: StandIn) -> None:
        self.work = work
        self.siak = StandInSystem(behaves)
        self.systems = OutsideSystems({System.SIAK: self.siak})
        self.sent: list[Sending] = []

    async def ask(self, errand_id: str = "errand-1", system: System = System.SIAK) -> None:
        """Ask a system."""
        how: dict[str, Any] = {"systems": self.systems, "allow": everybody}
        await self._send(lambda uow: ask_outside(CASE, system, errand_id, uow, **how))

    async def again(self) -> None:
        """Ask once more."""
        await self._send(lambda uow: ask_again(CASE, uow, systems=self.systems, allow=everybody))

    async def _send(self, use_case: Any) -> None:
        """Do what the route does: keep it, send it, note what is said."""
        answer = await self.work.run(use_case)
        sending = Sending(**answer["sending"])
        self.sent.append(sending)
        if (reply := await self.systems.send(System(answer["system"]), sending)) is not None:
            await self.reply(sending.errand_id, reply)

    async def reply(self, errand_id: str, reply: Reply) -> None:
        """Have a reply noted."""
        await self.work.run_own(lambda uow: note_reply(CASE, errand_id, reply, uow), key=CASE)

    async def a_day_passes(self) -> None:
        """Move the clock by a day, and have the timer fire."""
        self.work.clock.now += DAY
        await self.work.fire(note_silence, self.work.due(SILENT, CASE))

    @property
    def waiting(self) -> list[str]:
        """Return the timers that wait for an answer."""
        return [one.name for one in self.work.timers if one.name == SILENT]

    async def errand(self) -> Errand:
        """Return the case's errand."""
        found = await self.work.get(Errand, CASE)
        assert found is not None
        return found


async def office(behaves: StandIn = "answers") -> Office:
    work = bench()
    work.clock.now = SATURDAY
    await record(work, at_home())
    return Office(work, behaves)


@pytest.mark.parametrize(
    ("behaves", "standing", "effects"),
    [("answers", Standing.ACCEPTED, 1), ("refuses", Standing.REFUSED, 0)],
)
async def test_what_is_answered_is_noted_and_nothing_waits(
    behaves: StandIn, standing: Standing, effects: int
) -> None:
    at = await office(behaves)
    await at.ask()
    assert ((await at.errand()).standing, len(at.siak.effects)) == (standing, effects)
    assert at.waiting == []


async def test_silent_for_a_day_it_is_visible_times_out_is_sent_again_and_has_one_effect() -> None:
    at = await office("silent")
    await at.ask()
    assert (await at.errand()).standing is Standing.PENDING
    (timer,) = [one for one in at.work.timers if one.name == SILENT]
    assert timer.due == SATURDAY + DAY

    await at.a_day_passes()
    errand = await at.errand()
    assert (errand.standing, errand.timed_out_at) == (Standing.TIMED_OUT, SATURDAY + DAY)

    at.siak.behaves = "answers"
    await at.again()
    errand = await at.errand()
    assert (errand.standing, errand.sends) == (Standing.ACCEPTED, 2)
    assert [one.errand_id for one in at.sent] == ["errand-1"] * 2
    assert list(at.siak.effects) == ["errand-1"]
    assert at.waiting == []


async def test_one_errand_a_case_until_it_is_answered() -> None:
    at = await office("silent")
    await at.ask()
    with pytest.raises(Refused, match="errand_open"):
        await at.ask("errand-2")
    with pytest.raises(Refused, match="not_timed_out"):
        await at.again()
    await at.a_day_passes()
    with pytest.raises(Refused, match="errand_open"):
        await at.ask("errand-2")
    await at.reply("errand-1", Reply.REFUSED)
    with pytest.raises(Refused, match="not_timed_out"):
        await at.again()

    await at.ask("errand-2")

    errand = await at.errand()
    assert (errand.errand_id, errand.sends, errand.standing) == ("errand-2", 1, Standing.PENDING)


async def test_an_answer_of_an_errand_before_or_a_second_one_changes_nothing() -> None:
    at = await office()
    await at.ask()
    await at.reply("errand-1", Reply.REFUSED)
    assert (await at.errand()).standing is Standing.ACCEPTED
    at.siak.behaves = "silent"
    await at.ask("errand-2")
    await at.reply("errand-1", Reply.ACCEPTED)
    assert (await at.errand()).standing is Standing.PENDING


async def test_a_timer_of_the_first_sending_does_not_end_the_second() -> None:
    at = await office("silent")
    await at.ask()
    overtaken = at.work.due(SILENT, CASE)
    await at.a_day_passes()
    await at.again()

    assert not await at.work.fire(note_silence, overtaken)

    assert (await at.errand()).standing is Standing.PENDING
    (timer,) = [one for one in at.work.timers if one.name == SILENT]
    assert timer.due == SATURDAY + 2 * DAY


async def test_it_is_not_sent_for_ever() -> None:
    at = await office("silent")
    await at.ask()
    for _ in range(SENDS - 1):
        await at.a_day_passes()
        await at.again()
    await at.a_day_passes()
    with pytest.raises(Refused, match="sent_too_often"):
        await at.again()
    assert len(at.siak.effects) == 1


async def test_what_is_not_connected_or_closed_is_refused_and_nothing_is_kept() -> None:
    at = await office()
    with pytest.raises(Refused, match="not_connected"):
        await at.ask(system=System.SITEPAK)
    with pytest.raises(Missing):
        await at.again()
    await at.work.run(lambda uow: take_step(CASE, Step.CANCEL, uow, allow=everybody))
    with pytest.raises(Refused, match="closed"):
        await at.ask()
    assert await at.work.get(Errand, CASE) is None
    assert at.sent == []


async def test_nothing_of_a_person_leaves() -> None:
    at = await office()
    await at.ask()
    (sent,) = at.sent
    assert not any(said in repr(sent) for said in (NIK, "Siti", "Gang"))


async def test_a_system_that_hangs_is_silent() -> None:
    class Hanging:
        async def send(self, _: Sending) -> Reply:
            await asyncio.Event().wait()
            raise AssertionError

    systems = OutsideSystems({System.EOPEN: Hanging()}, patience=0.01)
    sending = Sending("errand-1", CASE, "halo_pamor", "KK", "received")
    assert await systems.send(System.EOPEN, sending) is None
