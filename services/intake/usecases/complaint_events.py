"""Storing a complaint, publishing what is counted of it, and waiting for its days."""

from datetime import timedelta
from typing import Final

from services.intake.domain import Programme
from services.intake.domain.complaint import OWED, Complaint, ComplaintState
from services.intake.usecases.complaint_words import forget_words
from shared.contracts.complaints import (
    ComplaintEvent,
    ComplaintReceived,
    ComplaintReopened,
    ComplaintResolved,
)
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork

COMPLAINT_DUE: Final = "complaint_due"
"""The timer that waits for the end of the last day; its key is the complaint."""
COMPLAINT_CLOSES: Final = "complaint_closes"
"""The timer that closes what nobody says anything to any more; likewise."""
COMPLAINT_RETENTION: Final = "complaint_retention"
"""The timer that waits for the end of retention; likewise."""


async def keep_complaint(before: Complaint | None, after: Complaint, uow: UnitOfWork) -> None:
    """Store a complaint that has changed, publish what it has come to, and move its timers."""
    if after is before:
        return
    uow.add(after)
    await _watch_answer(before, after, uow)
    was = before.state if before else None
    if was is after.state:
        return
    if before is None:
        uow.publish(_told(ComplaintReceived, after), version=after.version)
    if after.state is ComplaintState.CLOSED:
        within = bool(after.within_deadline)
        uow.publish(_told(ComplaintResolved, after, within_deadline=within), version=after.version)
        await _await_retention(after, uow)
    if before is not None and was is ComplaintState.CLOSED:
        within = bool(before.within_deadline)
        uow.publish(_told(ComplaintReopened, after, within_deadline=within), version=after.version)
        await uow.clear_timer(COMPLAINT_RETENTION, after.id)


def _told(event: type[ComplaintEvent], complaint: Complaint, **more: object) -> ComplaintEvent:
    facts = {
        "complaint_id": complaint.id,
        "programme_id": complaint.programme_id,
        "kind": complaint.kind.value,
        "month": complaint.month,
    }
    return event.model_validate({**facts, **more})


async def _watch_answer(before: Complaint | None, after: Complaint, uow: UnitOfWork) -> None:
    """Have the last day noted while an answer is owed, then have it closed after a while."""
    owed, owes = before is not None and before.state in OWED, after.state in OWED
    if owes and not owed:
        await uow.set_timer(COMPLAINT_DUE, after.id, after.overdue_at)
    elif owed and not owes:
        await uow.clear_timer(COMPLAINT_DUE, after.id)
    waited = before is not None and before.state is ComplaintState.ANSWERED
    waits = after.state is ComplaintState.ANSWERED
    if waits and not waited and after.closes_at is not None:
        await uow.set_timer(COMPLAINT_CLOSES, after.id, after.closes_at)
    elif waited and not waits:
        await uow.clear_timer(COMPLAINT_CLOSES, after.id)


async def _await_retention(complaint: Complaint, uow: UnitOfWork) -> None:
    programme = await uow.get(Programme, complaint.programme_id)
    if programme is None or programme.retention_days is None or complaint.closed_at is None:
        return
    due = complaint.closed_at + timedelta(days=programme.retention_days)
    await uow.set_timer(COMPLAINT_RETENTION, complaint.id, due)


async def note_complaint_due(timer: Timer, uow: UnitOfWork) -> None:
    """Note that its last day is over, for the supervisors; nothing where it was answered."""
    complaint = await uow.require(Complaint, timer.key)
    await keep_complaint(complaint, complaint.noted_overdue(timer.due), uow)


async def note_complaint_closes(timer: Timer, uow: UnitOfWork) -> None:
    """Close what was answered and nobody has said anything to; nothing where it is not so."""
    complaint = await uow.require(Complaint, timer.key)
    closes_at = complaint.closes_at
    if complaint.state is ComplaintState.ANSWERED and closes_at and closes_at <= timer.due:
        await keep_complaint(complaint, complaint.closed(uow.actor, timer.due), uow)


async def note_complaint_over(timer: Timer, uow: UnitOfWork) -> None:
    """Have the words of a complaint deleted whose time is over; wait on where it is not yet."""
    complaint = await uow.require(Complaint, timer.key)
    programme = await uow.get(Programme, complaint.programme_id)
    days = programme.retention_days if programme else None
    if days is None or complaint.closed_at is None:
        return
    until = complaint.closed_at + timedelta(days=days)
    if until > timer.due:
        await uow.set_timer(COMPLAINT_RETENTION, complaint.id, until)
        return
    await forget_words(complaint.id, f"programme:{complaint.programme_id}", uow)
