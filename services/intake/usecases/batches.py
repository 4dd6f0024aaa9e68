"""Batches: made of what is issued, printed, and handed over one by one.

Facts of a case are never taken back. So a hand-over stands in the batch for an hour, in which it
can be undone, and becomes the case's fact, with its own time, when that hour is over.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from services.intake.domain import (
    Case,
    CasePapers,
    Deliverable,
    PaperKind,
    Programme,
    Refused,
    State,
    Step,
    local_day,
)
from services.intake.domain.batch import BATCH_LIMIT, UNDO_WITHIN, Batch, Collected, Collector
from services.intake.usecases.allow import Allow, require_right
from services.intake.usecases.case_events import keep
from services.intake.usecases.ports import CaseFilter, Reader
from services.intake.usecases.restriction import require_processing
from services.intake.usecases.rights_requests import AllowRegion
from services.intake.usecases.state_time import require_step, roles_for, rule_of
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork

HANDED_OVER: Final = "handed_over"
"""The timer that waits until a hand-over cannot be undone any more; its key is the case."""
_BATCH: Final = "batch_id"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of what a batch is to be made, and how many at most."""

    batch_id: str
    programme_id: str
    region_code: str
    service: str
    limit: int


def unprinted(
    programme_id: str, regions: Collection[str], service: str, limit: int = 0
) -> CaseFilter:
    """Return which cases are issued and in no batch."""
    where = frozenset(regions)
    return CaseFilter(
        programme_id, where, State.ISSUED, None, None, None, limit, service=service, unprinted=True
    )


async def waiting_to_print(wanted: Wanted, reader: Reader) -> list[str]:
    """Return cases that are issued and in no batch, oldest first."""
    where = {wanted.region_code}
    found = await reader.cases(unprinted(wanted.programme_id, where, wanted.service, BATCH_LIMIT))
    return [case.id for case in found]


async def make_batch(
    wanted: Wanted, candidates: Sequence[str], uow: UnitOfWork, *, allow: AllowRegion
) -> dict[str, Any]:
    """Make a batch of those candidates that are still free, and return its id and theirs.

    Of two batches that are made at once, each case is in one. Raises Missing, and Refused:
    service_not_offered, nothing_to_print, no_case_to_print.
    """
    allow(wanted.programme_id, wanted.region_code)
    programme = await uow.require(Programme, wanted.programme_id)
    if programme.service(wanted.service).deliverable is Deliverable.APP:
        raise Refused("nothing_to_print", "service: it ends in no paper and no card")
    batch = Batch(
        id=wanted.batch_id,
        version=1,
        programme_id=wanted.programme_id,
        region_code=wanted.region_code,
        service=wanted.service,
        made_at=uow.now(),
        made_by=uow.actor,
    )
    taken = [one async for one in _taken(batch, candidates, wanted.limit, uow)]
    if not taken:
        raise Refused("no_case_to_print", "service: nothing that is issued waits to be printed")
    uow.add(replace(batch, case_ids=tuple(taken)))
    return {"batch_id": batch.id, "case_ids": taken}


async def _taken(
    batch: Batch, candidates: Sequence[str], limit: int, uow: UnitOfWork
) -> AsyncIterator[str]:
    """Take cases that are free, and yield them, as many as are wanted."""
    left = limit
    for case_id in candidates:
        case = await uow.get(Case, case_id) if left else None
        if case is not None and await _free(batch, case, uow):
            await keep(case, _in_batch(case, batch.id), uow)
            left -= 1
            yield case_id


async def mark_printed(
    batch_id: str,
    handover_on: date,
    failed: Collection[str],
    uow: UnitOfWork,
    *,
    allow: AllowRegion,
) -> None:
    """Note that a batch is printed, and let go of what failed: another batch takes it.

    Raises Missing, and Refused: printed_already, day_over, not_in_batch.
    """
    batch = await _batch(batch_id, uow, allow)
    zone = (await uow.require(Programme, batch.programme_id)).time_zone
    now = uow.now()
    uow.add(batch.printed(now, local_day(now, zone), handover_on, failed))
    for case_id in failed:
        case = await uow.require(Case, case_id)
        await keep(case, _in_batch(case, None), uow)


async def hand_over(
    batch_id: str,
    case_id: str,
    collector: Collector,
    power_of_attorney: str | None,
    uow: UnitOfWork,
    *,
    allow: Allow,
) -> None:
    """Note who collected a document. It can be undone for an hour, and closes the case then.

    Raises Missing, and Refused: what the step `hand_over` is refused for, not_in_batch,
    not_printed, collected_already, power_of_attorney_needed.
    """
    batch = await uow.require(Batch, batch_id)
    case = await uow.require(Case, case_id)
    rule = await rule_of(case, uow)
    require_right(case, allow, backdated=False, roles=roles_for(Step.HAND_OVER, rule))
    await require_processing(case, uow)
    now = uow.now()
    handed = batch.handed(case_id, Collected(now, uow.actor, collector, power_of_attorney))
    case.step(Step.HAND_OVER, now, uow.actor)
    require_step(Step.HAND_OVER, rule)
    await _require_proxy(case_id, collector, power_of_attorney, uow)
    uow.add(handed)
    await uow.set_timer(HANDED_OVER, case_id, now + UNDO_WITHIN, {_BATCH: batch_id})


async def undo_hand_over(batch_id: str, case_id: str, uow: UnitOfWork, *, allow: Allow) -> None:
    """Take back a hand-over that was noted by mistake, within an hour.

    Raises Missing, and Refused: not_collected, undo_too_late, closed.
    """
    batch = await uow.require(Batch, batch_id)
    case = await uow.require(Case, case_id)
    require_right(case, allow, backdated=False)
    uow.add(batch.undone(case_id, uow.now()))
    if case.outcome is not None:
        raise Refused("closed", f"the request is closed: {case.outcome}")
    await uow.clear_timer(HANDED_OVER, case_id)


async def note_handed_over(timer: Timer, uow: UnitOfWork) -> None:
    """Close a case whose document was collected an hour ago; nothing where that was undone."""
    batch = await uow.require(Batch, timer.payload[_BATCH])
    case = await uow.require(Case, timer.key)
    collected = batch.collected.get(case.id)
    if collected is not None and case.outcome is None:
        await keep(case, case.step(Step.HAND_OVER, collected.at, collected.by), uow)


async def _batch(batch_id: str, uow: UnitOfWork, allow: AllowRegion) -> Batch:
    batch = await uow.require(Batch, batch_id)
    allow(batch.programme_id, batch.region_code)
    return batch


async def _free(batch: Batch, case: Case, uow: UnitOfWork) -> bool:
    if not batch.takes(case):
        return False
    try:
        await require_processing(case, uow)
    except Refused:
        # Somebody stopped the processing of his data: the others are printed all the same.
        return False
    return True


async def _require_proxy(
    case_id: str, collector: Collector, file_id: str | None, uow: UnitOfWork
) -> None:
    """Refuse a proxy whose power of attorney is not among the case's papers."""
    if collector is not Collector.PROXY:
        return
    papers = await uow.get(CasePapers, case_id) or CasePapers(case_id)
    shown = {one.id for one in papers.papers if one.kind is PaperKind.POWER_OF_ATTORNEY}
    if file_id not in shown:
        why = "power_of_attorney: a proxy shows one (F-1.07) that is bound to the request"
        raise Refused("power_of_attorney_needed", why)


def _in_batch(case: Case, batch_id: str | None) -> Case:
    return replace(case, version=case.version + 1, batch_id=batch_id)
