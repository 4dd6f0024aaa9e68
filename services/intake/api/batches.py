"""Batches over HTTP: a print list is made, printed, and its documents are handed over."""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from services.intake.api.fields import require_region
from services.intake.api.rights import allowed
from services.intake.domain.batch import BATCH_LIMIT, USUAL, Batch, Collector
from services.intake.usecases import Reader, Regions
from services.intake.usecases.batches import (
    Wanted,
    hand_over,
    make_batch,
    mark_printed,
    undo_hand_over,
    waiting_to_print,
)
from services.intake.usecases.reach import allowed_region
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId, ProgrammeId, ServiceCode, TypedRegionCode
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

RULES: Final[RouteRules] = {
    "POST /api/batches": Rule({Role.OPERATOR}),
    "GET /api/batches/{batch_id}": Rule({Role.OPERATOR}),
    "POST /api/batches/{batch_id}/printed": Rule({Role.OPERATOR}),
    "POST /api/batches/{batch_id}/handovers": Rule({Role.OPERATOR}),
    "POST /api/batches/{batch_id}/handovers/{case_id}/undo": Rule({Role.OPERATOR}),
}

BatchPath = Annotated[AggregateId, Path()]
CasePath = Annotated[AggregateId, Path()]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
RegionsDep = Annotated[Regions, Depends(provided(Regions))]


class BatchBody(Body):
    """Of what a batch is made: the oldest that are issued and in no batch."""

    programme_id: ProgrammeId
    region_code: TypedRegionCode
    service: ServiceCode
    limit: Annotated[int, Field(ge=1, le=BATCH_LIMIT)] = USUAL


class PrintedBody(Body):
    """When what is printed is handed over; what failed is let go of."""

    handover_on: date
    failed: Annotated[tuple[AggregateId, ...], Field(max_length=BATCH_LIMIT)] = ()


class HandoverBody(Body):
    """Whose document was collected, and by whom; a proxy's power of attorney by its file's id."""

    case_id: AggregateId
    collector: Collector
    power_of_attorney: AggregateId | None = None


class MadeAnswer(BaseModel):
    """A batch that was made."""

    batch_id: str
    case_ids: list[str]


class CollectedAnswer(BaseModel):
    """That a document was collected."""

    at: datetime
    by: str
    collector: Collector
    power_of_attorney: str | None


class ItemAnswer(BaseModel):
    """One document of a batch."""

    case_id: str
    collected: CollectedAnswer | None


class BatchAnswer(BaseModel):
    """A batch, without persons."""

    batch_id: str
    programme_id: str
    region_code: str
    service: str
    made_at: datetime
    printed_at: datetime | None
    handover_on: date | None
    items: list[ItemAnswer]


router = APIRouter(prefix="/api/batches")


@router.post("", status_code=201)
async def post_batch(
    body: BatchBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    regions: RegionsDep,
    sent: SentDep,
) -> MadeAnswer:
    """Make a print list of what is issued and waits to be printed."""
    caller.require(programme=body.programme_id, region=body.region_code)
    require_region(regions, body.region_code, "/region_code")
    wanted = Wanted(new_id(), body.programme_id, body.region_code, body.service, body.limit)
    candidates = await waiting_to_print(wanted, reader)
    outcome = await commands.run(
        lambda uow: make_batch(wanted, candidates, uow, allow=allowed_region(caller)),
        sent=sent,
        key=wanted.batch_id,
    )
    return MadeAnswer(**outcome.answer)


@router.get("/{batch_id}")
async def get_batch(batch_id: BatchPath, caller: CallerDep, reader: ReaderDep) -> BatchAnswer:
    """Return a batch, and which of its documents were collected."""
    batch = await _batch_of(batch_id, caller, reader)
    return BatchAnswer(
        batch_id=batch.id,
        programme_id=batch.programme_id,
        region_code=batch.region_code,
        service=batch.service,
        made_at=batch.made_at,
        printed_at=batch.printed_at,
        handover_on=batch.handover_on,
        items=[_item(case_id, batch) for case_id in batch.case_ids],
    )


@router.post("/{batch_id}/printed", status_code=204)
async def post_printed(
    batch_id: BatchPath,
    body: PrintedBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> None:
    """Note that a batch is printed, and the day on which it is handed over."""
    await _batch_of(batch_id, caller, reader)
    await commands.run(
        lambda uow: mark_printed(
            batch_id, body.handover_on, body.failed, uow, allow=allowed_region(caller)
        ),
        sent=sent,
        key=batch_id,
    )


@router.post("/{batch_id}/handovers", status_code=204)
async def post_handover(
    batch_id: BatchPath,
    body: HandoverBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> None:
    """Note who collected a document. For an hour it can be undone; then the case is closed."""
    await _batch_of(batch_id, caller, reader)
    await commands.run(
        lambda uow: hand_over(
            batch_id,
            body.case_id,
            body.collector,
            body.power_of_attorney,
            uow,
            allow=allowed(caller),
        ),
        sent=sent,
        key=body.case_id,
    )


@router.post("/{batch_id}/handovers/{case_id}/undo", status_code=204)
async def post_undo(
    batch_id: BatchPath,
    case_id: CasePath,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> None:
    """Take back a hand-over that was noted by mistake, within an hour."""
    await _batch_of(batch_id, caller, reader)
    await commands.run(
        lambda uow: undo_hand_over(batch_id, case_id, uow, allow=allowed(caller)),
        sent=sent,
        key=case_id,
    )


async def _batch_of(batch_id: str, caller: Caller, reader: Reader) -> Batch:
    """Return a batch within reach. A replay passes here too: its place never changes."""
    batch = await reader.get(Batch, batch_id)
    if batch is None:
        raise NotFound("batch")
    caller.require(programme=batch.programme_id, region=batch.region_code)
    return batch


def _item(case_id: str, batch: Batch) -> ItemAnswer:
    known = batch.collected.get(case_id)
    collected = None
    if known is not None:
        collected = CollectedAnswer(
            at=known.at,
            by=known.by,
            collector=known.collector,
            power_of_attorney=known.power_of_attorney,
        )
    return ItemAnswer(case_id=case_id, collected=collected)
