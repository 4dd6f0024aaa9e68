"""What staff do about complaints over HTTP, and how many of a year's are resolved."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from services.intake.api.complaint_reads import ComplaintReads
from services.intake.api.complaints import LOOKS
from services.intake.api.rights import programme_of
from services.intake.api.sealed import openable
from services.intake.domain import Holidays
from services.intake.domain.complaint import TEXT_LIMIT, ComplaintKind, ComplaintState
from services.intake.domain.complaint_tally import Tally, together
from services.intake.usecases import Reader, Vault
from services.intake.usecases.complaints import (
    ComplaintStep,
    Looks,
    answer_complaint,
    name_accused,
    reopen_complaint,
    take_complaint_step,
)
from services.intake.usecases.reach import onlooker
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId, ProgrammeId
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime import CommandsDep, SentDep, built, provided
from shared.web.body import Body
from shared.web.guard import CallerDep

ANSWERS: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.HEAD})
ONE: Final = "/api/complaints/{complaint_id}"
RULES: Final[RouteRules] = {
    f"POST {ONE}/steps": Rule(LOOKS),
    f"POST {ONE}/answer": Rule(ANSWERS),
    f"POST {ONE}/accused": Rule({Role.SUPERVISOR, Role.HEAD}),
    f"POST {ONE}/reopening": Rule(ANSWERS),
    "GET /api/complaint-figures": Rule({Role.SUPERVISOR, Role.HEAD}),
}

Text = Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT)]
Act = Callable[[str, UnitOfWork, Looks], Awaitable[dict[str, Any]]]
"""What is done about a complaint of this id; its answer names the state as `state`."""


class StepBody(Body):
    """What is done about it. `open`: two people ask to read what is about staff."""

    step: ComplaintStep


class TextBody(Body):
    """An answer, or why it is opened again."""

    text: Text


class AccusedBody(Body):
    """Which account a complaint about staff is about."""

    account_id: AggregateId


class StepAnswer(BaseModel):
    """The state that it is in now."""

    state: ComplaintState


class TallyAnswer(BaseModel):
    """How many came, and of these how many are resolved. `ratio`: in percent, null for none."""

    received: int
    resolved: int
    within_deadline: int
    ratio: float | None


class FiguresAnswer(TallyAnswer):
    """The complaints of a year, by the month in which they came; together and by kind."""

    programme_id: str
    year: int
    kinds: dict[ComplaintKind, TallyAnswer]


router = APIRouter()
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
VaultDep = Annotated[Vault, Depends(provided(Vault))]
HolidaysDep = Annotated[Holidays, Depends(provided(Holidays))]


@dataclass(frozen=True, slots=True)
class ComplaintCommand:
    """One command of one caller about the complaint that the path names."""

    complaint_id: Annotated[AggregateId, Path()]
    caller: CallerDep
    commands: CommandsDep
    reads: Annotated[ComplaintReads, Depends(provided(ComplaintReads))]
    sent: SentDep

    async def run(self, act: Act) -> StepAnswer:
        """Return the state after it. A replay is held to the rights of the first sending."""
        looks = onlooker(self.caller)
        with openable():
            outcome = await self.commands.run(
                lambda uow: act(self.complaint_id, uow, looks),
                sent=self.sent,
                key=self.complaint_id,
            )
        if outcome.duplicate:
            await self.reads.known(self.complaint_id, self.caller)
        return StepAnswer(state=outcome.answer["state"])


CommandDep = Annotated[ComplaintCommand, Depends(built(ComplaintCommand))]


@router.post(f"{ONE}/steps")
async def post_step(body: StepBody, command: CommandDep) -> StepAnswer:
    """Open, take, hand up or close a complaint. An auditor opens, and does nothing else."""
    return await command.run(
        lambda id_, uow, looks: take_complaint_step(id_, body.step, uow, looks=looks)
    )


@router.post(f"{ONE}/answer")
async def post_answer(body: TextBody, command: CommandDep, vault: VaultDep) -> StepAnswer:
    """Answer a complaint that is in work."""
    return await command.run(
        lambda id_, uow, looks: answer_complaint(id_, body.text, uow, looks=looks, vault=vault)
    )


@router.post(f"{ONE}/accused")
async def post_accused(body: AccusedBody, command: CommandDep) -> StepAnswer:
    """Note whom a complaint about staff is about: that account sees nothing of it any more."""
    return await command.run(
        lambda id_, uow, looks: name_accused(id_, body.account_id, uow, looks=looks)
    )


@router.post(f"{ONE}/reopening")
async def post_reopening(
    body: TextBody, command: CommandDep, vault: VaultDep, holidays: HolidaysDep
) -> StepAnswer:
    """Open a complaint again at the word of whoever complained; its days begin anew."""
    return await command.run(
        lambda id_, uow, looks: reopen_complaint(
            id_, body.text, uow, holidays=holidays, vault=vault, looks=looks
        )
    )


@router.get("/api/complaint-figures")
async def get_figures(
    caller: CallerDep,
    reader: ReaderDep,
    programme_id: Annotated[ProgrammeId, Query()],
    year: Annotated[int, Query(ge=2000, le=2099)],
) -> FiguresAnswer:
    """Return how many complaints of a year are resolved, for who leads the whole programme."""
    programme = await programme_of(programme_id, caller, reader)
    caller.require(programme=programme.id, region=programme.region_code)
    kinds = {
        kind: await reader.complaint_tally(programme.id, kind, f"{year}-01", f"{year}-12")
        for kind in ComplaintKind
    }
    return FiguresAnswer(
        programme_id=programme.id,
        year=year,
        kinds={kind: TallyAnswer(**_said(one)) for kind, one in kinds.items()},
        **_said(together(kinds.values())),
    )


def _said(tally: Tally) -> dict[str, Any]:
    return {
        "received": tally.received,
        "resolved": tally.resolved,
        "within_deadline": tally.within_deadline,
        "ratio": tally.ratio,
    }
