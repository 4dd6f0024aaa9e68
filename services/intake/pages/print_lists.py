"""A batch's list to print by: for whom each document is. Each look at somebody is kept first."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from services.intake.domain import CaseDocument, Party
from services.intake.pages.handovers import BATCH, BatchDesk, BatchDeskDep, BatchPath, Item, named
from services.intake.pages.people import Shown
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule

LIST: Final = f"{BATCH}/daftar"
RULES: Final[RouteRules] = {f"GET {LIST}": Rule({Role.OPERATOR})}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One document as the list has it; `shown` is whom it is for."""

    item: Item
    shown: Shown | None
    document: bool


@router.get(LIST)
async def show_list(at: BatchDeskDep, batch_id: BatchPath) -> Response:
    """Show for whom each document of a batch is, to print it and to find it on the pile."""
    batch = await at.one(batch_id)
    items = await at.items(batch)
    documents = await at.reader.many(CaseDocument, batch.case_ids)
    rows = await asyncio.gather(*(_line(at, one, documents) for one in items))
    return at.desk.pages.render(
        at.desk.request,
        "meja_daftar.html",
        batch=batch,
        rows=rows,
        **await named(at, batch),
    )


async def _line(at: BatchDesk, item: Item, documents: Mapping[str, CaseDocument]) -> Line:
    """Return a line of the list: the subject, else the applicant."""
    shown = {one.party: one for one in await at.people_of(item.case)}
    whom = shown.get(Party.SUBJECT) or shown.get(Party.APPLICANT)
    kept = documents.get(item.case.id)
    return Line(item, whom, document=kept is not None and kept.document is not None)
