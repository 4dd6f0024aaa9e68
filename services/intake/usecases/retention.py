"""Retention: a resident is erased so many days after the last of his cases was closed.

The time waits as a timer that the closing of a case sets, so nothing is written for it while a
request is recorded. When it fires everything is looked at anew: whatever the timer says, nobody is
erased who has an open request, or one that was closed later.
"""

from datetime import timedelta

from services.intake.domain import (
    Case,
    Erasure,
    ErasureState,
    Programme,
    Resident,
    kept_until,
)
from services.intake.usecases.erasure import RETENTION, cases_of, decide
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork


async def await_retention(case: Case, uow: UnitOfWork) -> None:
    """Have the people of a case that closes erased when their time is over."""
    programme = await uow.get(Programme, case.programme_id)
    if programme is None or programme.retention_days is None or case.closed_at is None:
        return
    due = case.closed_at + timedelta(days=programme.retention_days)
    for resident_id in sorted(set(case.parties.values())):
        await uow.set_timer(RETENTION, resident_id, due)


async def note_retention_over(timer: Timer, uow: UnitOfWork) -> None:
    """Decide the erasure of a resident whose time is over; wait on where it is not yet."""
    await retire(timer.key, uow)


async def retire(resident_id: str, uow: UnitOfWork) -> bool:
    """Decide the erasure of a resident whose time is over; False where nothing was decided.

    Where it is over later, the timer is set for then. While a request is open there is none: its
    closing sets it.
    """
    resident = await uow.get(Resident, resident_id)
    if resident is None or resident.gone:
        return False
    programme = await uow.get(Programme, resident.programme_id)
    if programme is None or programme.retention_days is None:
        return False
    until = kept_until(await cases_of(resident, uow), programme.retention_days)
    if until is None:
        return False
    if until > uow.now():
        await uow.set_timer(RETENTION, resident_id, until)
        return False
    before = await uow.get(Erasure, resident_id)
    decided = Erasure(
        resident_id,
        f"programme:{programme.id}",
        uow.now(),
        ErasureState.APPROVED,
        uow.actor,
        version=before.version + 1 if before else 1,
    )
    await decide(decided, resident, uow)
    return True
