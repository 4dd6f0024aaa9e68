"""Pengaduan masuk: the complaints that somebody may know of, by their last day, and one of them.

A list shows nobody's words. They stand on the page of one complaint, once the look is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, Final, Literal, Protocol, get_args

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from services.intake.domain import Holidays, Programme, Refused
from services.intake.domain.complaint import (
    OWED,
    TEXT_LIMIT,
    WAITS,
    Complaint,
    ComplaintState,
)
from services.intake.domain.complaint_sight import Onlooker, handles, is_open
from services.intake.pages.fresh import FreshFormDep
from services.intake.usecases import Reader, Vault
from services.intake.usecases.complaint_words import Words
from services.intake.usecases.complaints import (
    ComplaintStep,
    answer_complaint,
    known_complaints,
    name_accused,
    reopen_complaint,
    take_complaint_step,
)
from services.intake.usecases.ports import ComplaintFilter
from services.intake.usecases.reach import onlooker
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId, ProgrammeId
from shared.messaging.unit_of_work import UseCase
from shared.runtime import Commands, built, provided
from shared.web.guard import CallerDep
from shared.web.pages import Pages

LIST: Final = "/pengaduan-masuk"
ONE: Final = f"{LIST}/{{complaint_id}}"
_OFFICE: Final = Rule({Role.OPERATOR, Role.SUPERVISOR, Role.HEAD, Role.AUDITOR})
RULES: Final[RouteRules] = {f"GET {LIST}": _OFFICE, f"GET {ONE}": _OFFICE, f"POST {ONE}": _OFFICE}
PAGE: Final = 25
"""Complaints on one page."""
MOST_FLAGGED: Final = 50
"""Of those whose day is over, so many are counted at most."""
Action = Literal["periksa", "ambil", "serahkan", "jawab", "selesai", "buka", "sebut"]
REFUSALS: Final = frozenset(
    {
        "not_waiting",
        "not_in_work",
        "not_answered",
        "not_owed",
        "own_answer",
        "not_opened",
        "not_about_staff",
        "own_account",
        "account_unknown",
        "text_malformed",
        "reopened_too_often",
        "erased",
        "beyond_reach",
    }
)
"""What can be refused, below `complaints.wrong`; all else is `other`."""


class Pile(StrEnum):
    """What is looked at."""

    OWED = "menunggu"
    ANSWERED = "dijawab"
    CLOSED = "selesai"


_STATES: Final[Mapping[Pile, frozenset[ComplaintState]]] = {
    Pile.OWED: OWED,
    Pile.ANSWERED: frozenset({ComplaintState.ANSWERED}),
    Pile.CLOSED: frozenset({ComplaintState.CLOSED}),
}


class ShowsComplaints(Protocol):
    """Shows complaints to staff, and keeps the look first."""

    async def known(self, complaint_id: str, caller: Caller) -> Complaint:
        """Return one that the caller may know of. Raises NotFound and Forbidden."""
        ...

    async def shown_to(
        self, caller: Caller, request: Request, complaint: Complaint
    ) -> Words | None:
        """Return its words, as far as they are the caller's to read."""
        ...


@dataclass(frozen=True, slots=True)
class ComplaintDesk:
    """What the pages work with."""

    caller: CallerDep
    request: Request
    form: FreshFormDep
    reader: Annotated[Reader, Depends(provided(Reader))]
    pages: Annotated[Pages, Depends(provided(Pages))]
    shows: Annotated[ShowsComplaints, Depends(provided(ShowsComplaints))]
    commands: Annotated[Commands, Depends(provided(Commands))]
    vault: Annotated[Vault, Depends(provided(Vault))]
    holidays: Annotated[Holidays, Depends(provided(Holidays))]

    async def programmes(self) -> Sequence[Programme]:
        """Return the programmes within reach."""
        found = await self.reader.find(Programme)
        return [one for one in found if any(g.lies_in(one.id) for g in self.caller.scopes)]

    async def complaints(
        self, programme_id: str, pile: Pile, after: Complaint | None, limit: int, *, late: bool
    ) -> Sequence[Complaint]:
        """Return complaints of a programme that the caller may know of."""
        regions = self.caller.regions(programme_id)
        wanted = ComplaintFilter(programme_id, regions, _STATES[pile], late, after, limit)
        return await known_complaints(wanted, self.reader, onlooker(self.caller))


DeskDep = Annotated[ComplaintDesk, Depends(built(ComplaintDesk))]
ComplaintPath = Annotated[AggregateId, Path()]
router = APIRouter(include_in_schema=False)


@router.get(LIST)
async def show_list(
    at: DeskDep,
    program: Annotated[ProgrammeId | None, Query()] = None,
    keadaan: Annotated[Pile, Query()] = Pile.OWED,
    lewat: Annotated[str, Query(max_length=2)] = "",
    mulai: Annotated[AggregateId | None, Query()] = None,
) -> Response:
    """Show complaints by their last day, and how many of them are late."""
    programmes = await at.programmes()
    chosen = program or (programmes[0].id if programmes else "")
    if not chosen:
        return at.pages.render(at.request, "meja_kosong.html")
    at.caller.within(chosen)
    late = lewat == "ya"
    after = await at.shows.known(mulai, at.caller) if mulai else None
    found = await at.complaints(chosen, keadaan, after, PAGE + 1, late=late)
    flagged = await at.complaints(chosen, Pile.OWED, None, MOST_FLAGGED, late=True)
    return at.pages.render(
        at.request,
        "pengaduan_masuk.html",
        programmes=programmes,
        chosen=chosen,
        pile=keadaan,
        piles=list(Pile),
        late=late,
        flagged=len(flagged),
        rows=found[:PAGE],
        more=found[PAGE - 1].id if len(found) > PAGE else "",
    )


@router.get(ONE)
async def show_one(
    at: DeskDep,
    complaint_id: ComplaintPath,
    selesai: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show a complaint, its words once the look is kept, and what can be done."""
    complaint = await at.shows.known(complaint_id, at.caller)
    return await _page(at, complaint, done=selesai if selesai in get_args(Action) else "")


@router.post(ONE)
async def work(
    at: DeskDep,
    complaint_id: ComplaintPath,
    aksi: Annotated[Action, Form()],
    uraian: Annotated[str, Form(max_length=2 * TEXT_LIMIT)] = "",
    akun: Annotated[str, Form(max_length=120)] = "",
) -> Response:
    """Do something about a complaint. A form sent twice does it once."""
    complaint = await at.shows.known(complaint_id, at.caller)
    use = _use_of(aksi, complaint_id, at, uraian.replace("\r\n", "\n"), akun.strip())
    try:
        await at.form.run(at.commands, use, f"{aksi} {uraian} {akun}", complaint_id)
    except Refused as refused:
        return await _page(at, complaint, refused=refused, uraian=uraian)
    # Whoever hands it up may see it no more.
    gone = aksi == "serahkan"
    to = LIST if gone else f"{LIST}/{complaint_id}?selesai={aksi}"
    return RedirectResponse(at.pages.at(to), status_code=303)


_STEPS: Final[Mapping[str, ComplaintStep]] = {
    "periksa": ComplaintStep.OPEN,
    "ambil": ComplaintStep.TAKE,
    "serahkan": ComplaintStep.HAND_UP,
    "selesai": ComplaintStep.CLOSE,
}


def _use_of(aksi: str, id_: str, at: ComplaintDesk, text: str, account: str) -> UseCase:
    looks = onlooker(at.caller)
    if (step := _STEPS.get(aksi)) is not None:
        return partial(take_complaint_step, id_, step, looks=looks)
    if aksi == "jawab":
        return partial(answer_complaint, id_, text, looks=looks, vault=at.vault)
    if aksi == "sebut":
        return partial(name_accused, id_, account, looks=looks)
    return partial(reopen_complaint, id_, text, holidays=at.holidays, vault=at.vault, looks=looks)


async def _page(
    at: ComplaintDesk,
    complaint: Complaint,
    *,
    refused: Refused | None = None,
    done: str = "",
    uraian: str = "",
) -> Response:
    who = onlooker(at.caller)(complaint.programme_id, complaint.region)
    reason = refused.reason if refused else ""
    return at.pages.render(
        at.request,
        "pengaduan_satu.html",
        status=422 if refused else 200,
        complaint=complaint,
        words=await at.shows.shown_to(at.caller, at.request, complaint),
        open=is_open(complaint),
        asked=who.subject in complaint.opened_by,
        can=_can(complaint, who),
        wrong=(reason if reason in REFUSALS else "other") if refused else "",
        done=done,
        uraian=uraian,
        most=TEXT_LIMIT,
        new_key=new_id,
    )


def _can(complaint: Complaint, who: Onlooker) -> frozenset[str]:
    """Return what somebody can do about it now, as the page names it."""
    if not is_open(complaint):
        return frozenset({"periksa"} if who.subject not in complaint.opened_by else ())
    if not handles(complaint, who):
        return frozenset()
    can = {"sebut"} if complaint.about is not None else set()
    if complaint.state in WAITS:
        can.add("ambil")
    if complaint.state is ComplaintState.IN_WORK:
        can.add("jawab")
    if complaint.state in OWED and not complaint.supervised:
        can.add("serahkan")
    own = complaint.about is not None and complaint.answered_by == who.subject
    if complaint.state is ComplaintState.ANSWERED and not own:
        can.add("selesai")
    if complaint.state not in OWED:
        can.add("buka")
    return frozenset(can)
