"""What an import would refuse, and what it has refused: by rows and cells, and as a table.

Nothing here shows a person: a cell is named, and never what stands in it.
"""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from services.intake.api.import_answers import REPORT_TYPE, RowAnswer, report, row_answer
from services.intake.api.import_parts import (
    PAGE,
    After,
    ImportPath,
    Limit,
    PartsDep,
    import_of,
    refusing,
)
from services.intake.usecases import choice_of, foreseen, page_of, rules_of
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId, Channel
from shared.web.guard import CallerDep

RULES: Final[RouteRules] = {
    "GET /api/imports/{import_id}/dry-run": Rule({Role.IMPORTER}),
    "GET /api/imports/{import_id}/refusals": Rule({Role.IMPORTER}),
    "GET /api/imports/{import_id}/report": Rule({Role.IMPORTER}),
}

router = APIRouter(prefix="/api/imports/{import_id}")


class DayAnswer(BaseModel):
    """Readable rows of one day."""

    day: date
    rows: int


class DryRunAnswer(BaseModel):
    """What an import would do. `refusals` is a page of the refused; `next_after` leads on."""

    rows: int
    accepted: int
    refused: int
    days: list[DayAnswer]
    refusals: list[RowAnswer]
    next_after: int | None


class RefusalsAnswer(BaseModel):
    """A page of refused rows; `next_after` leads on."""

    items: list[RowAnswer]
    next_after: int | None


@router.get("/dry-run")
async def get_dry_run(
    import_id: ImportPath,
    caller: CallerDep,
    parts: PartsDep,
    event_id: Annotated[AggregateId | None, Query()] = None,
    without_event: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query field
    channel: Annotated[Channel | None, Query()] = None,
    after: After = 0,
    limit: Limit = PAGE,
) -> DryRunAnswer:
    """Return what an import would do, every bad row and cell with its reason; nothing is written.

    What only the run can know is not foreseen: an earlier open request, a restriction.
    """
    one, programme = await import_of(import_id, caller, parts)
    with refusing(parts.texts):
        choice = choice_of(programme, event_id, channel, without_event=without_event)
        rules = await rules_of(one, choice, parts.reader, parts.recorder, parts.clock())
        found = await foreseen(await parts.tables.kept(one, parts.files, parts.vault), rules)
    page = page_of(found.bad, after, limit + 1)
    return DryRunAnswer(
        rows=found.rows,
        accepted=found.good,
        refused=len(found.bad),
        days=[DayAnswer(day=day, rows=rows) for day, rows in found.days.items()],
        refusals=[row_answer(bad, parts.texts) for bad in page[:limit]],
        next_after=page[limit - 1].row if len(page) > limit else None,
    )


@router.get("/refusals")
async def get_refusals(
    import_id: ImportPath,
    caller: CallerDep,
    parts: PartsDep,
    after: After = 0,
    limit: Limit = PAGE,
) -> RefusalsAnswer:
    """Return the rows that an import has refused so far, each cell with its reason."""
    await import_of(import_id, caller, parts)
    found = await parts.imports.import_refusals(import_id, after, limit + 1)
    return RefusalsAnswer(
        items=[row_answer(one, parts.texts) for one in found[:limit]],
        next_after=found[limit - 1].row if len(found) > limit else None,
    )


@router.get("/report", response_class=Response)
async def get_report(import_id: ImportPath, caller: CallerDep, parts: PartsDep) -> Response:
    """Return all refused rows as CSV for a spreadsheet; no cell of it can become a formula."""
    await import_of(import_id, caller, parts)
    found = await parts.imports.import_refusals(import_id, 0, 0)
    name = {"Content-Disposition": f'attachment; filename="penolakan-{import_id}.csv"'}
    return Response(report(found, parts.texts), media_type=REPORT_TYPE, headers=name)
