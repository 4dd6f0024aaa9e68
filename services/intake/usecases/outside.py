"""Errands to systems of others: kept first, sent then, answered or not.

What leaves holds ids and codes, nothing of a person. Sending stands outside of every transaction:
a use case may run twice, and a system that does not answer would hold up the others.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from services.intake.domain import Case, Refused
from services.intake.domain.outside import Errand, Reply, Standing, System
from services.intake.usecases.allow import Allow, require_right
from services.intake.usecases.restriction import require_processing
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import OwnCommands, UnitOfWork

SILENT: Final = "outside_silent"
"""The timer that waits for an answer; its key is the case."""
PATIENCE: Final = 5.0
"""Seconds that whoever asks is kept waiting for an answer."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What is sent. A system that sees an `errand_id` again answers and does nothing more."""

    errand_id: str
    case_id: str
    programme_id: str
    service: str
    state: str


class OutsideSystem(Protocol):
    """A system of others."""

    async def send(self, sending: Sending) -> Reply:
        """Return what it says. Raises TimeoutError and OSError where it says nothing."""
        ...


class OutsideSystems:
    """The systems that this office is connected to."""

    def __init__(self, systems: Mapping[System, OutsideSystem], patience: float = PATIENCE) -> None:
        self._systems = systems
        self._patience = patience

    @property
    def connected(self) -> Sequence[System]:
        """Return those that this office is connected to, in their order."""
        return [one for one in System if one in self._systems]

    def require(self, system: System) -> None:
        """Refuse a system that is not connected."""
        if system not in self._systems:
            raise Refused("not_connected", f"system: {system} is not connected here")

    async def send(self, system: System, sending: Sending) -> Reply | None:
        """Return what a system says; None where it is silent."""
        try:
            async with asyncio.timeout(self._patience):
                return await self._systems[system].send(sending)
        except (TimeoutError, OSError):
            return None


async def ask_outside(
    case_id: str,
    system: System,
    errand_id: str,
    uow: UnitOfWork,
    *,
    systems: OutsideSystems,
    allow: Allow,
) -> dict[str, Any]:
    """Keep that a system is asked, and wait for its answer; return what is to be sent.

    Raises Missing, and Refused: not_connected, closed, restricted, errand_open.
    """
    case = await _case(case_id, uow, allow)
    systems.require(system)
    now = uow.now()
    errand = Errand(case_id, 1, errand_id, system, Standing.PENDING, now, uow.actor, now)
    known = await uow.get(Errand, case_id)
    return await _sent(known.followed_by(errand) if known else errand, case, uow)


async def ask_again(
    case_id: str, uow: UnitOfWork, *, systems: OutsideSystems, allow: Allow
) -> dict[str, Any]:
    """Keep that an errand that was not answered is sent again, under its id.

    Raises Missing, and Refused: not_connected, closed, restricted, not_timed_out, sent_too_often.
    """
    case = await _case(case_id, uow, allow)
    errand = await uow.require(Errand, case_id)
    systems.require(errand.system)
    return await _sent(errand.again(uow.now()), case, uow)


async def send_kept(
    kept: Mapping[str, Any], systems: OutsideSystems, commands: OwnCommands
) -> None:
    """Send what `ask_outside` or `ask_again` has kept, and note what is said at once."""
    sending = Sending(**kept["sending"])
    reply = await systems.send(System(kept["system"]), sending)
    if reply is not None:
        case_id, errand_id = sending.case_id, sending.errand_id
        await commands.run_own(lambda uow: note_reply(case_id, errand_id, reply, uow), key=case_id)


async def note_reply(case_id: str, errand_id: str, reply: Reply, uow: UnitOfWork) -> None:
    """Note what a system said; nothing where that is known. Raises Missing."""
    errand = await uow.require(Errand, case_id)
    answered = errand.answered(errand_id, reply, uow.now())
    if answered is not errand:
        uow.add(answered)
        await uow.clear_timer(SILENT, case_id)


async def note_silence(timer: Timer, uow: UnitOfWork) -> None:
    """Note that nothing was heard; nothing where there was an answer."""
    errand = await uow.require(Errand, timer.key)
    silent = errand.timed_out(timer.due)
    if silent is not errand:
        uow.add(silent)


async def _case(case_id: str, uow: UnitOfWork, allow: Allow) -> Case:
    case = await uow.require(Case, case_id)
    require_right(case, allow, backdated=False)
    await require_processing(case, uow)
    if case.outcome is not None:
        raise Refused("closed", f"the request is closed: {case.outcome}")
    return case


async def _sent(errand: Errand, case: Case, uow: UnitOfWork) -> dict[str, Any]:
    uow.add(errand)
    await uow.set_timer(SILENT, case.id, errand.silent_at)
    return {
        "system": errand.system.value,
        "sending": {
            "errand_id": errand.errand_id,
            "case_id": case.id,
            "programme_id": case.programme_id,
            "service": case.service,
            "state": case.state.value,
        },
    }
