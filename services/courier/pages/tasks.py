"""Tugas: an agent's jobs of today, each with its next step as one button.

Courier knows no person. Who is to be visited is asked of intake by the page's script when the agent
wants it, and goes from there to his browser.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from services.courier.domain import Job, Place, Programme, Step
from services.courier.usecases import Reader, allowed, report_step
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.courier import FailureReason
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime import Commands, built, form_sent, provided
from shared.web.guard import CallerDep
from shared.web.neighbours import Neighbours
from shared.web.pages import Pages
from shared.web.problems import Conflict

TASKS: Final = "/tugas"
AGENTS: Final = Rule({Role.AGENT})
RULES: Final[RouteRules] = {f"GET {TASKS}": AGENTS, f"POST {TASKS}/{{job_id}}": AGENTS}
SHOWN: Final = 200
"""Jobs on the page at most, those that have waited longest; an agent carries a few dozen."""
REFUSALS: Final = frozenset({"not_yours", "out_of_order", "ended", "not_issued"})
"""What the use cases refuse here, below `tasks.wrong` in the catalogue; all else is `other`."""
STEPS: Final = frozenset(Step)
"""What can have been done, below `tasks.done`."""
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Jobs stored before times were kept have waited longest."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Card:
    """A job as the page shows it. `address` is where intake tells whom to visit."""

    job: Job
    service: str
    zone: str
    address: str


@dataclass(frozen=True, slots=True)
class Round:
    """The jobs of one neighbourhood: one walk."""

    place: Place
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Bag:
    """What an agent carries, and what his page works with."""

    caller: CallerDep
    request: Request
    pages: Annotated[Pages, Depends(provided(Pages))]
    reader: Annotated[Reader, Depends(provided(Reader))]
    commands: Annotated[Commands, Depends(provided(Commands))]
    neighbours: Annotated[Neighbours, Depends(provided(Neighbours))]

    async def jobs(self) -> list[Job]:
        """Return the caller's own jobs that have not ended, those that have waited longest first.

        Those of a programme or region in which he is an agent no more are left out.
        """
        found = await self.reader.carried(self.caller.subject, SHOWN)
        here = [job for job in found if self._may(job)]
        return sorted(here, key=lambda job: (job.opened_at or _FIRST, job.id))

    def _may(self, job: Job) -> bool:
        where = {"programme": job.programme_id, "region": job.place.village}
        return self.caller.may(self.caller.acting, **where)

    async def page(self, done: str = "", wrong: str = "") -> Response:
        """Return the page; `done` is below `tasks.done`, `wrong` below `tasks.wrong`."""
        jobs = await self.jobs()
        programmes = {one.id: one for one in await self.reader.find(Programme)}
        cards = [self._card(job, programmes.get(job.programme_id)) for job in jobs]
        return self.pages.render(
            self.request,
            "tugas.html",
            status=409 if wrong else 200,
            rounds=rounds([card for card in cards if card.job.next_step]),
            waiting=[card for card in cards if not card.job.next_step],
            reasons=list(FailureReason),
            done=done,
            wrong=wrong,
            new_key=new_id,
        )

    def _card(self, job: Job, programme: Programme | None) -> Card:
        names = programme.names if programme else {}
        zone = programme.time_zone if programme else "Asia/Jakarta"
        address = self.neighbours.at("intake", f"/api/requests/{job.id}/address")
        return Card(job, self.pages.texts.service(job.service, names), zone, address)

    async def report(self, job_id: str, step: Step, reason: FailureReason | None) -> str:
        """Report a step; return what is wrong with it, below `tasks.wrong`, or nothing."""
        sent = await form_sent(self.request, self.caller, f"{step} {reason}")

        async def use_case(uow: UnitOfWork) -> str:
            allow = allowed(self.caller)
            return await report_step(
                job_id, step, self.caller.subject, uow, allow=allow, reason=reason
            )

        try:
            await self.commands.run(use_case, sent=sent, key=job_id)
        except Conflict as conflict:
            said = str(conflict.members.get("reason"))
            return said if said in REFUSALS else "other"
        return ""


BagDep = Annotated[Bag, Depends(built(Bag))]


def rounds(cards: Sequence[Card]) -> list[Round]:
    """Return cards by neighbourhood: first where somebody has waited longest."""
    by_place: dict[Place, list[Card]] = {}
    for card in cards:
        by_place.setdefault(card.job.place, []).append(card)
    return [Round(place, tuple(found)) for place, found in by_place.items()]


@router.get(TASKS)
async def show_tasks(bag: BagDep, hasil: str = "") -> Response:
    """Show what is to be done today."""
    return await bag.page(done=hasil if hasil in STEPS else "")


@router.post(f"{TASKS}/{{job_id}}")
async def post_step(
    bag: BagDep,
    job_id: Annotated[AggregateId, Path()],
    langkah: Annotated[Step, Form()],
    alasan: Annotated[FailureReason | None, Form()] = None,
) -> Response:
    """Report the next step of one's own job, or that an attempt has failed and why."""
    if langkah is Step.FAIL and alasan is None:
        return await bag.page(wrong="reason_missing")
    reason = alasan if langkah is Step.FAIL else None
    if wrong := await bag.report(job_id, langkah, reason):
        return await bag.page(wrong=wrong)
    return RedirectResponse(bag.pages.at(f"{TASKS}?hasil={langkah}"), status_code=303)
