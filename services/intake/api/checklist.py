"""The checklist of a case over HTTP: a paper that was seen, and one that is done without."""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from services.intake.api.rights import allowed
from services.intake.domain import Case, Fault, Line, PaperKind, PaperStanding
from services.intake.usecases import (
    Catalogues,
    Checked,
    Reader,
    checklist_of,
    require_right,
    waive,
)
from services.intake.usecases.checklists import see_paper
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId, Slug
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

RULES: Final[RouteRules] = {
    "GET /api/requests/{case_id}/checklist": Rule({Role.OPERATOR, Role.AGENT}),
    "POST /api/requests/{case_id}/checklist/{requirement_id}/seen": Rule({Role.OPERATOR}),
    "POST /api/requests/{case_id}/checklist/{requirement_id}/waiver": Rule({Role.OPERATOR}),
}

_OPEN: Final = frozenset({PaperStanding.MISSING, PaperStanding.RETURNED})

router = APIRouter(prefix="/api/requests/{case_id}/checklist")
CasePath = Annotated[AggregateId, Path()]
RequirementPath = Annotated[Slug, Path()]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
CataloguesDep = Annotated[Catalogues, Depends(provided(Catalogues))]


class WaiverBody(Body):
    """Why it can be done without: one of the reasons that the requirement allows."""

    reason: Slug


class WaiverAnswer(BaseModel):
    """Who did without a paper, when and why."""

    reason: str
    reason_text: str
    by: str
    at: datetime


class SeenAnswer(BaseModel):
    """Who saw a paper first, and when the office came to know of it."""

    by: str
    at: datetime


class AlternativeAnswer(BaseModel):
    """One paper that meets the requirement; `form` is its number where it is a form."""

    kind: PaperKind
    form: str | None
    text: str


class LineAnswer(BaseModel):
    """One requirement as it stands."""

    requirement_id: str
    standing: PaperStanding
    text: str
    """What the resident is told where it is missing."""
    condition: str | None
    any_of: list[AlternativeAnswer]
    waivable_for: list[str]
    waiver: WaiverAnswer | None
    seen: SeenAnswer | None
    fault: Fault | None
    """What is wrong with its papers, where the case was returned for it."""


class ChecklistAnswer(BaseModel):
    """A case's checklist; `entry` is null and `items` empty where no catalogue says anything."""

    catalogue_version: int | None
    entry: str | None
    entry_name: str | None
    taken_up_on: date | None
    complete: bool
    """Nothing is missing. What is needed only in some cases does not count."""
    items: list[LineAnswer]


@router.get("")
async def get_checklist(
    case_id: CasePath, caller: CallerDep, reader: ReaderDep, catalogues: CataloguesDep
) -> ChecklistAnswer:
    """Return which papers of a case are there, missing or waived."""
    return await _shown(case_id, caller, reader, catalogues)


@router.post("/{requirement_id}/seen")
async def post_seen(
    case_id: CasePath,
    requirement_id: RequirementPath,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    catalogues: CataloguesDep,
    sent: SentDep,
) -> ChecklistAnswer:
    """Note that the caller saw a paper, of which no file is kept; the first look stands."""
    await commands.run(
        lambda uow: see_paper(case_id, requirement_id, uow, allow=allowed(caller)),
        sent=sent,
        key=case_id,
    )
    return await _shown(case_id, caller, reader, catalogues)


@router.post("/{requirement_id}/waiver")
async def post_waiver(
    case_id: CasePath,
    requirement_id: RequirementPath,
    body: WaiverBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    catalogues: CataloguesDep,
    sent: SentDep,
) -> ChecklistAnswer:
    """Do without a paper; waived again, the first waiver stands."""
    await commands.run(
        lambda uow: waive(case_id, requirement_id, body.reason, uow, allow=allowed(caller)),
        sent=sent,
        key=case_id,
    )
    return await _shown(case_id, caller, reader, catalogues)


async def _shown(
    case_id: str, caller: Caller, reader: Reader, catalogues: Catalogues
) -> ChecklistAnswer:
    """Return the checklist as it is now, to whom may see the case."""
    case = await reader.get(Case, case_id)
    if case is None:
        raise NotFound("request")
    require_right(case, allowed(caller), backdated=False)
    return _answer(case, await checklist_of(case, reader, catalogues))


def _answer(case: Case, checked: Checked | None) -> ChecklistAnswer:
    lines = checked.lines if checked else ()
    reasons = {one.code: one.text for one in checked.catalogue.waiver_reasons} if checked else {}
    return ChecklistAnswer(
        catalogue_version=case.catalogue_version,
        entry=case.entry,
        entry_name=checked.entry.name if checked else None,
        taken_up_on=case.taken_up_on,
        complete=all(line.standing not in _OPEN for line in lines),
        items=[_line(line, reasons) for line in lines],
    )


def _line(line: Line, reasons: dict[str, str]) -> LineAnswer:
    needed, waiver, seen = line.requirement, line.waiver, line.seen
    return LineAnswer(
        requirement_id=needed.id,
        standing=line.standing,
        text=needed.missing,
        condition=needed.condition,
        any_of=[AlternativeAnswer(kind=a.kind, form=a.form, text=a.text) for a in needed.any_of],
        waivable_for=list(needed.waivers),
        fault=line.fault,
        seen=SeenAnswer(by=seen.by, at=seen.at) if seen else None,
        waiver=None
        if waiver is None
        else WaiverAnswer(
            reason=waiver.reason,
            reason_text=reasons.get(waiver.reason, waiver.reason),
            by=waiver.by,
            at=waiver.at,
        ),
    )
