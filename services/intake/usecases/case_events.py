"""Storing a case, publishing every stage it has come to, and waiting for its due day."""

from typing import Final

from services.intake.domain import Case, Stage
from services.intake.domain.sop import Sop
from services.intake.usecases.retention import await_retention
from services.intake.usecases.state_time import watch_state
from shared.contracts.intake import (
    CaseEvent,
    CloseOutcome,
    DocumentIssued,
    ReceiptConfirmed,
    RequestClosed,
    RequestReceived,
    RequestVerified,
)
from shared.messaging.unit_of_work import UnitOfWork

OVERDUE: Final = "request_overdue"
"""The timer that waits for the end of the due day; its key is the case."""


async def keep(
    before: Case | None, after: Case, uow: UnitOfWork, *, sop: Sop | None = None
) -> None:
    """Store a case that has changed and publish the stages that are new, in their order.

    `sop`: the one that it runs under, where the caller has it.
    """
    if after is before:
        return
    after = await watch_state(before, after, uow, sop=sop)
    uow.add(after)
    await _watch_due_day(before, after, uow)
    if before is not None and before.outcome is None and after.outcome is not None:
        await await_retention(after, uow)
    known = before.reached if before else {}
    for stage, since in sorted(after.reached.items()):
        if stage not in known:
            uow.publish(_event(stage, after), version=stage, occurred_at=since)


async def _watch_due_day(before: Case | None, after: Case, uow: UnitOfWork) -> None:
    """Have the end of the due day noted as long as the document is owed."""
    if before is None and after.overdue_at is not None:
        await uow.set_timer(OVERDUE, after.id, after.overdue_at)
    elif before is not None and before.awaits_issue and not after.awaits_issue:
        await uow.clear_timer(OVERDUE, after.id)


def _event(stage: Stage, case: Case) -> CaseEvent:
    match stage:
        case Stage.RECEIVED:
            return _received(case)
        case Stage.VERIFIED:
            return _about(RequestVerified, case)
        case Stage.ISSUED:
            return _about(DocumentIssued, case, deliver=case.deliver)
        case Stage.RECEIPT_CONFIRMED:
            return _about(ReceiptConfirmed, case)
        case Stage.CLOSED:
            return _closed(case)


def _received(case: Case) -> CaseEvent:
    at_home = case.pick_up or case.deliver
    return _about(
        RequestReceived,
        case,
        rw=case.rw if at_home else None,
        pick_up=case.pick_up,
        deliver=case.deliver,
        due_on=case.due_on,
        arrival_code=case.arrival_code,
    )


def _closed(case: Case) -> CaseEvent:
    return _about(
        RequestClosed,
        case,
        outcome=CloseOutcome(case.outcome) if case.outcome else None,
        pick_up=case.pick_up,
        deliver=case.deliver,
        within_standard=case.within_standard,
    )


def _about(event: type[CaseEvent], case: Case, **more: object) -> CaseEvent:
    facts = {
        "case_id": case.id,
        "programme_id": case.programme_id,
        "service": case.service,
        "channel": case.channel,
        "region_code": case.region_code,
        "event_id": case.event_id,
    }
    return event.model_validate({**facts, **more})
