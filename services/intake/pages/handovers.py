"""One batch at the desk: printed, and its documents handed over to who collects them.

The page shows nobody but those of the document that is being handed over, and keeps that look.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import RedirectResponse, Response

from services.intake.domain import (
    Case,
    CasePapers,
    Paper,
    PaperKind,
    Programme,
    Refused,
    digest,
    local_day,
)
from services.intake.domain.batch import Batch, Collected, Collector
from services.intake.pages.batches import BATCHES
from services.intake.pages.desk import DeskDep
from services.intake.pages.people import Shown, ShowsPeople, shown_person
from services.intake.usecases import Reader, allowed_case
from services.intake.usecases.batches import hand_over, mark_printed, undo_hand_over
from services.intake.usecases.reach import allowed_region
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId
from shared.messaging.unit_of_work import UseCase
from shared.runtime import Commands, built, provided
from shared.web.problems import NotFound

BATCH: Final = f"{BATCHES}/{{batch_id}}"
_OPERATOR: Final = Rule({Role.OPERATOR})
RULES: Final[RouteRules] = {
    f"GET {BATCH}": _OPERATOR,
    f"POST {BATCH}": _OPERATOR,
}
REFUSALS: Final = frozenset(
    {
        "printed_already",
        "day_over",
        "day_missing",
        "not_in_batch",
        "not_printed",
        "collected_already",
        "not_collected",
        "undo_too_late",
        "power_of_attorney_needed",
        "closed",
        "to_be_delivered",
        "restricted",
        "step_not_in_sop",
        "beyond_reach",
        "code_unknown",
    }
)
"""What can be refused, below `batch.wrong` in the texts; all else is `other`."""
_AT: Final = {
    "code_unknown": "kode",
    "day_over": "hari",
    "day_missing": "hari",
    "power_of_attorney_needed": "pengambil-applicant",
}
Action = Literal["cetak", "cari", "serah", "urung"]
DONE: Final = frozenset({"cetak", "serah", "urung"})
"""What was done, below `batch.done` in the texts."""
NUMBER: Final = 8
"""Last characters of a case's id, by which the desk calls it."""
_NUMBER: Final = re.compile(rf"[0-9a-f-]{{{NUMBER}}}")
_TYPED: Final = 40
"""Characters of a code, as it is typed or scanned."""

router = APIRouter(include_in_schema=False)
BatchPath = Annotated[AggregateId, Path()]


@dataclass(frozen=True, slots=True)
class Item:
    """One document of a batch. `undoable`: its hand-over can still be taken back."""

    case: Case
    collected: Collected | None
    undoable: bool

    @property
    def number(self) -> str:
        """Return what the desk calls it."""
        return self.case.id[-NUMBER:]

    @property
    def waits(self) -> bool:
        """Return whether somebody can still collect it."""
        return self.collected is None and self.case.outcome is None


@dataclass(frozen=True, slots=True)
class BatchDesk:
    """What the pages of one batch work with."""

    desk: DeskDep
    people: Annotated[ShowsPeople, Depends(provided(ShowsPeople))]
    commands: Annotated[Commands, Depends(provided(Commands))]

    @property
    def reader(self) -> Reader:
        """Return what is read from."""
        return self.desk.reader

    async def one(self, batch_id: str) -> Batch:
        """Return a batch within reach. Raises NotFound and Forbidden."""
        batch = await self.reader.get(Batch, batch_id)
        if batch is None:
            raise NotFound("batch")
        self.desk.caller.require(programme=batch.programme_id, region=batch.region_code)
        return batch

    async def items(self, batch: Batch) -> Sequence[Item]:
        """Return its documents in their order."""
        cases = await self.reader.many(Case, batch.case_ids)
        return [self._item(cases[id_], batch.collected.get(id_)) for id_ in batch.case_ids]

    def _item(self, case: Case, collected: Collected | None) -> Item:
        undoable = collected is not None and collected.can_be_undone(self.desk.clock())
        return Item(case, collected, undoable and case.outcome is None)

    async def people_of(self, case: Case) -> Sequence[Shown]:
        """Return a case's people, their numbers masked; the look is kept first."""
        said = await self.people.shown_to(self.desk.caller, self.desk.request, case, None)
        return [shown_person(party, told, case, whole=False) for party, told in said.items()]


BatchDeskDep = Annotated[BatchDesk, Depends(built(BatchDesk))]


@dataclass(frozen=True, slots=True)
class Sent:
    """The form as it was sent."""

    action: Action
    day: date | None
    failed: Sequence[str]
    typed: str
    case_id: str
    collector: Collector
    paper: str

    @property
    def content(self) -> str:
        """Return what tells it from another form; a typed code is not in it."""
        failed = " ".join(self.failed)
        return f"{self.action} {self.day} {failed} {self.case_id} {self.collector} {self.paper}"


async def sent_form(
    aksi: Annotated[Action, Form()],
    hari: Annotated[date | None, Form()] = None,
    gagal: Annotated[list[AggregateId], Form(max_length=100)] = [],  # noqa: B006 - FastAPI copies
    kode: Annotated[str, Form(max_length=_TYPED)] = "",
    permohonan: Annotated[AggregateId | None, Form()] = None,
    pengambil: Annotated[Collector, Form()] = Collector.APPLICANT,
    kuasa: Annotated[AggregateId | None, Form()] = None,
) -> Sent:
    """Read the fields of the page's forms."""
    return Sent(aksi, hari, gagal, kode.strip(), permohonan or "", pengambil, kuasa or "")


@router.get(BATCH)
async def show_batch(
    at: BatchDeskDep,
    batch_id: BatchPath,
    pilih: Annotated[AggregateId | None, Query()] = None,
    selesai: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show a batch, and whose document is being handed over where one is chosen."""
    batch = await at.one(batch_id)
    return await _page(at, batch, pilih or "", done=selesai if selesai in DONE else "")


@router.post(BATCH)
async def post_batch(
    at: BatchDeskDep, batch_id: BatchPath, sent: Annotated[Sent, Depends(sent_form)]
) -> Response:
    """Look for a document, mark the batch printed, note a hand-over, or take one back."""
    batch = await at.one(batch_id)
    try:
        if sent.action == "cari":
            return _to(at, *await _found(at, batch, sent.typed))
        await at.desk.form.run(at.commands, _use_case(at, batch, sent), sent.content, batch_id)
    except Refused as refused:
        return await _page(
            at, await at.one(batch_id), sent.case_id, sent.collector, refused=refused
        )
    undone = f"&pilih={sent.case_id}" if sent.action == "urung" else ""
    return _to(at, batch_id, f"?selesai={sent.action}{undone}")


def _to(at: BatchDesk, batch_id: str, query: str) -> Response:
    return RedirectResponse(at.desk.pages.at(f"{BATCHES}/{batch_id}{query}"), status_code=303)


def _use_case(at: BatchDesk, batch: Batch, sent: Sent) -> UseCase:
    caller, id_ = at.desk.caller, batch.id
    where, case = allowed_region(caller), allowed_case(caller)
    if sent.action == "cetak" and sent.day is None:
        raise Refused("day_missing", "hari: the day on which they are handed over")
    day = sent.day or date.max
    paper = sent.paper if sent.collector is Collector.PROXY else None
    uses: dict[str, UseCase] = {
        "cetak": lambda uow: mark_printed(id_, day, sent.failed, uow, allow=where),
        "serah": lambda uow: hand_over(id_, sent.case_id, sent.collector, paper, uow, allow=case),
        "urung": lambda uow: undo_hand_over(id_, sent.case_id, uow, allow=case),
    }
    return uses[sent.action]


async def _found(at: BatchDesk, batch: Batch, typed: str) -> tuple[str, str]:
    """Return the batch and the query that show the document of a number or a code."""
    number = typed.lower()
    if _NUMBER.fullmatch(number):
        fits = [one for one in batch.case_ids if one.endswith(number)]
        if len(fits) == 1:
            return batch.id, f"?pilih={fits[0]}"
    case = await at.reader.case_by_code(digest(typed))
    if case is None or case.batch_id is None or case.programme_id != batch.programme_id:
        raise Refused("code_unknown", "kode: no document of a batch has it")
    return case.batch_id, f"?pilih={case.id}"


async def named(at: BatchDesk, batch: Batch) -> dict[str, Any]:
    """Return what a batch's programme and service are called."""
    programme = await at.reader.get(Programme, batch.programme_id)
    if programme is None:
        raise NotFound("programme")
    service = programme.catalogue.get(batch.service)
    return {
        "programme": programme.name,
        "service": service.name if service else batch.service,
        "zone": programme.time_zone,
        "today": local_day(at.desk.clock(), programme.time_zone),
    }


async def _page(
    at: BatchDesk,
    batch: Batch,
    chosen_id: str,
    collector: Collector = Collector.APPLICANT,
    *,
    done: str = "",
    refused: Refused | None = None,
) -> Response:
    items = await at.items(batch)
    chosen = next((one for one in items if one.case.id == chosen_id), None)
    serves = chosen is not None and chosen.waits and batch.printed_at is not None
    return at.desk.pages.render(
        at.desk.request,
        "meja_tumpukan.html",
        status=409 if refused else 200,
        batch=batch,
        items=items,
        waiting=sum(one.waits for one in items),
        chosen=chosen,
        serves=serves,
        people=await at.people_of(chosen.case) if chosen and serves else [],
        powers=await _powers(at, chosen.case) if chosen and serves else [],
        collectors=list(Collector),
        collector=collector,
        done=done,
        wrong=_wrong(refused) if refused else None,
        new_key=new_id,
        **await named(at, batch),
    )


async def _powers(at: BatchDesk, case: Case) -> Sequence[Paper]:
    """Return the powers of attorney (F-1.07) that are bound to a case."""
    papers = await at.reader.get(CasePapers, case.id) or CasePapers(case.id)
    return [one for one in papers.papers if one.kind is PaperKind.POWER_OF_ATTORNEY]


def _wrong(refused: Refused) -> tuple[str, str]:
    """Return the field that a refusal is shown beside, and its words."""
    reason = refused.reason if refused.reason in REFUSALS else "other"
    return _AT.get(reason, "tumpukan"), reason
