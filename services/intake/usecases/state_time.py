"""What the SOP of a case says of its state: who may do which step, and how long it may last.

A timer waits for the time of the state a case is in. It is set for the earliest moment at which
that time can end; when it fires, the programme's calendar as it is then says whether it has. So a
day of leave that is decreed meanwhile counts, and what changes a case needs no calendar.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from services.intake.domain import Case, Holidays, Programme, Refused, Stage, Step
from services.intake.domain.sop import USUAL_ROLES, Passing, Sop, StateRule, sop_id
from services.intake.domain.time_in_state import OfficeTime, TimeInState
from services.intake.usecases.ports import Catalogues
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork

STATE_TIME: Final = "state_time"
"""The timer that waits for the end of the time of a case's state; its key is the case."""


async def rule_of(case: Case, uow: UnitOfWork) -> StateRule | None:
    """Return what the SOP that a case runs under says of its state, or None."""
    sop = await _sop_of(case, uow)
    return sop.rule(case.state) if sop else None


def roles_for(step: Step, rule: StateRule | None) -> Collection[str]:
    """Return the roles that may do a step here."""
    return (rule.roles(step) if rule else None) or USUAL_ROLES


def require_step(step: Step, rule: StateRule | None) -> None:
    """Refuse a step that the SOP does not have in this state."""
    if rule is not None and rule.roles(step) is None:
        raise Refused("step_not_in_sop", f"step: the SOP has no such step in state {rule.state}")


async def watch_state(
    before: Case | None, after: Case, uow: UnitOfWork, *, sop: Sop | None = None
) -> Case:
    """Have the time of a new state watched; return the case with it, as it is to be stored.

    `sop`: the one that it runs under, where the caller has it; else it is read.
    """
    if after.sop_version is None or (before is not None and before.state is after.state):
        return after
    rule = sop.rule(after.state) if sop else await rule_of(after, uow)
    if rule is None or rule.time is None:
        if before is not None and before.waits is not None:
            await uow.clear_timer(STATE_TIME, after.id)
        return replace(after, waits=None)
    since = after.reached[Stage[after.state.name]]
    if before is None and after.waits is not None:
        since = after.waits.since  # what is booked begins with its day
    await _wait(after, rule.time, TimeInState(since), uow)
    return replace(after, waits=TimeInState(since))


async def note_state_time(timer: Timer, uow: UnitOfWork, *, holidays: Holidays) -> None:
    """Note that a time has passed and who is told, and wait for the next one.

    Nothing where the state has changed meanwhile: then there is another timer, or none.
    """
    case = await uow.require(Case, timer.key)
    sop = await _sop_of(case, uow)
    rule = sop.rule(case.state) if sop else None
    runs = _running(case, rule)
    if sop is None or case.waits is None or runs is None:
        return
    programme = await uow.require(Programme, case.programme_id)
    office = OfficeTime(case.time_zone, holidays, programme.calendar, sop.opening)
    end = runs.after.end(case.waits.counts_from, office)
    if end > timer.due:
        # Compared with what has surely come by the server's clock, which is not ours.
        await uow.set_timer(STATE_TIME, case.id, end)
        return
    late = replace(case, version=case.version + 1, waits=case.waits.passed(end, runs.tell))
    uow.add(late)
    following = _running(late, rule)
    if following is not None and late.waits is not None:
        await _wait(late, following, late.waits, uow)


def _running(case: Case, rule: StateRule | None) -> Passing | None:
    """Return the time that runs for a case now; None where all have passed or none was set."""
    if rule is None or case.waits is None or case.waits.escalated_at is not None:
        return None
    return rule.time if case.waits.late_since is None else rule.escalation


async def _wait(case: Case, passing: Passing, waits: TimeInState, uow: UnitOfWork) -> None:
    soonest = passing.after.soonest(waits.counts_from, case.time_zone)
    await uow.set_timer(STATE_TIME, case.id, soonest)


async def kept_sop(case: Case, catalogues: Catalogues) -> Sop | None:
    """Return the SOP that a case runs under; None where there is none that is committed."""
    if case.sop_version is None:
        return None
    return await catalogues.sop(sop_id(case.programme_id, case.sop_version))


async def _sop_of(case: Case, uow: UnitOfWork) -> Sop | None:
    if case.sop_version is None:
        return None
    return await uow.require(Sop, sop_id(case.programme_id, case.sop_version))
