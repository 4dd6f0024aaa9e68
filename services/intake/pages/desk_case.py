"""One case at the desk: its papers, its people with their numbers masked, and what can be done.

Whoever opens it has looked at its people, which the access log keeps; a supervisor sees none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import RedirectResponse, Response

from services.intake.domain import (
    MAX_REASON,
    Basis,
    Case,
    CasePapers,
    Fact,
    Fault,
    PaperKind,
    Party,
    Programme,
    Refused,
    ReturnedItem,
    Step,
    WhyRight,
)
from services.intake.domain.desk_work import possible_steps
from services.intake.domain.outside import Errand
from services.intake.domain.survey import Survey
from services.intake.domain.visit import Visit
from services.intake.pages.desk import DESK, DeskDep, held_by
from services.intake.pages.issued import issued_of, takes_document
from services.intake.pages.other_cases import OtherCases, other_cases
from services.intake.pages.people import ShowsPeople, shown_person
from services.intake.usecases import (
    Catalogues,
    Checked,
    Reader,
    allowed_as,
    allowed_case,
    checklist_of,
    claim_case,
    paused,
    release_claim,
    require_right,
    resubmit,
    return_case,
    take_step,
    waive,
)
from services.intake.usecases.checklists import see_paper
from services.intake.usecases.outside import OutsideSystems
from services.intake.usecases.reasons import says_why
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId
from shared.messaging.unit_of_work import UseCase
from shared.runtime import Commands, built, provided
from shared.web.problems import NotFound

CASE: Final = f"{DESK}/{{case_id}}"
_OFFICE: Final = Rule({Role.OPERATOR, Role.SUPERVISOR})
RULES: Final[RouteRules] = {f"GET {CASE}": _OFFICE, f"POST {CASE}": _OFFICE}
FIELDS: Final = ("sebagai", "nama", "nik", "hp", "lahir", "dasar", "yakin")
"""Of the form that names somebody; what is wrong with one is called as it is."""
REFUSALS: Final = frozenset(
    {
        "claimed",
        "closed",
        "already_issued",
        "not_issued",
        "to_be_delivered",
        "not_delivered_yet",
        "nothing_to_deliver",
        "own_delivery",
        "returned_already",
        "not_returned",
        "nothing_returned",
        "not_waivable",
        "requirement_unknown",
        "no_catalogue",
        "restricted",
        "document_mismatch",
        "document_unreadable",
        "document_outdated",
        "beyond_reach",
        "reason_malformed",
        "explanation_malformed",
        "other_document",
        "nothing_to_confirm",
        "own_document",
        "not_connected",
        "errand_open",
        "not_timed_out",
        "sent_too_often",
        "party_named",
        "own_guardian",
        *FIELDS,
    }
)
"""What can be refused, below `case.wrong` in the texts; all else is `other`."""
_AT: Final = {
    "reason_malformed": "alasan",
    "nothing_returned": "kembalikan",
    "explanation_malformed": "penjelasan",
    "party_named": "sebagai",
    "own_guardian": "nama",
    **{name: name for name in FIELDS},
}
Action = Literal["ambil", "lepas", "langkah", "lihat", "tanpa", "kembalikan", "ajukan", "tampilkan"]
DONE: Final = frozenset(
    {
        *("ambil", "lepas", "langkah", "lihat", "tanpa", "kembalikan", "ajukan"),
        *("berkas", "dokumen", "pastikan", "luar", "orang", "survei"),
    }
)
"""What was done, below `case.done` in the texts."""
_FAULT_LIMIT: Final = 80
"""Characters of one requirement and its fault, as a form sends them."""

router = APIRouter(include_in_schema=False)
CasePath = Annotated[AggregateId, Path()]


@dataclass(frozen=True, slots=True)
class CaseDesk:
    """What the page of one case works with."""

    desk: DeskDep
    catalogues: Annotated[Catalogues, Depends(provided(Catalogues))]
    people: Annotated[ShowsPeople, Depends(provided(ShowsPeople))]
    commands: Annotated[Commands, Depends(provided(Commands))]
    systems: Annotated[OutsideSystems, Depends(provided(OutsideSystems))]

    @property
    def reader(self) -> Reader:
        """Return what is read from."""
        return self.desk.reader

    async def one(self, case_id: str) -> Case:
        """Return a case within reach. Raises NotFound and Forbidden."""
        case = await self.reader.get(Case, case_id)
        if case is None:
            raise NotFound("request")
        require_right(case, allowed_case(self.desk.caller), backdated=False)
        return case

    def works_on(self, case: Case) -> bool:
        """Return whether whoever looks may work on this case, and so see its people."""
        return self.desk.caller.may(
            self.desk.caller.acting & {Role.OPERATOR},
            programme=case.programme_id,
            region=case.office_region,
        )


CaseDeskDep = Annotated[CaseDesk, Depends(built(CaseDesk))]


@router.get(CASE)
async def show_case(
    at: CaseDeskDep, case_id: CasePath, selesai: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Show one case."""
    case = await at.one(case_id)
    return await case_page(at, case, done=selesai if selesai in DONE else "")


@dataclass(frozen=True, slots=True)
class Sent:
    """The form as it was sent."""

    action: Action
    step: Step | None
    requirement: str
    reason: str
    faults: Sequence[str]

    @property
    def content(self) -> str:
        """Return what tells it from another form."""
        return f"{self.action} {self.step} {self.requirement} {self.reason} {' '.join(self.faults)}"

    @property
    def items(self) -> Sequence[ReturnedItem]:
        """Return what is to be brought anew, of the fields `requirement:fault`."""
        pairs = [one.partition(":") for one in self.faults if one]
        known = {fault.value for fault in Fault}
        return [ReturnedItem(name, Fault(fault)) for name, _, fault in pairs if fault in known]


async def sent_form(
    aksi: Annotated[Action, Form()],
    langkah: Annotated[Step | None, Form()] = None,
    syarat: Annotated[str, Form(max_length=40)] = "",
    alasan: Annotated[str, Form(max_length=MAX_REASON * 2)] = "",
    salah: Annotated[list[str], Form(max_length=20)] = [],  # noqa: B006 - FastAPI copies
) -> Sent:
    """Read the fields of the page's forms."""
    return Sent(
        aksi, langkah, syarat, " ".join(alasan.split()), [one[:_FAULT_LIMIT] for one in salah]
    )


@router.post(CASE)
async def post_case(
    at: CaseDeskDep, case_id: CasePath, sent: Annotated[Sent, Depends(sent_form)]
) -> Response:
    """Do one thing with a case, or show the numbers of its people after a fresh sign-in."""
    case = await at.one(case_id)
    if sent.action == "tampilkan":
        return await _unmasked(at, case, sent.reason)
    try:
        await at.desk.form.run(at.commands, _use_case(at, case_id, sent), sent.content, case_id)
    except Refused as refused:
        return await case_page(at, await at.one(case_id), refused=refused)
    to = f"{DESK}/{case_id}?selesai={sent.action}"
    return RedirectResponse(at.desk.pages.at(to), status_code=303)


def _use_case(at: CaseDesk, case_id: str, sent: Sent) -> UseCase:
    operator = allowed_as(at.desk.caller, {Role.OPERATOR})
    either = allowed_case(at.desk.caller)
    supervisor = allowed_as(at.desk.caller, {Role.SUPERVISOR})
    step = sent.step or Step.VERIFY
    uses: dict[str, UseCase] = {
        "ambil": lambda uow: claim_case(case_id, uow, allow=operator),
        "lepas": lambda uow: release_claim(case_id, uow, allow=either, allow_others=supervisor),
        "langkah": lambda uow: take_step(case_id, step, uow, allow=operator),
        "lihat": lambda uow: see_paper(case_id, sent.requirement, uow, allow=operator),
        "tanpa": lambda uow: waive(case_id, sent.requirement, sent.reason, uow, allow=operator),
        "kembalikan": lambda uow: return_case(case_id, sent.items, uow, allow=operator),
        "ajukan": lambda uow: resubmit(case_id, uow, allow=operator),
    }
    return uses[sent.action]


async def _unmasked(at: CaseDesk, case: Case, reason: str) -> Response:
    if not at.works_on(case):
        return await case_page(at, case, refused=Refused("beyond_reach", "not an operator there"))
    if not says_why(reason):
        return await case_page(at, case, refused=Refused("reason_malformed", "alasan: why"))
    if (asking := await at.desk.form.asks("tampilkan")) is not None:
        return asking
    return await case_page(at, case, reason=reason)


async def case_page(
    at: CaseDesk,
    case: Case,
    *,
    done: str = "",
    refused: Refused | None = None,
    reason: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    """Return the page of a case; `reason`: its people's numbers are shown whole, this once.

    `typed`: of somebody who could not be named.
    """
    works = at.works_on(case)
    said = (
        await at.people.shown_to(at.desk.caller, at.desk.request, case, reason or None)
        if works
        else {}
    )
    page = at.desk.pages.render(
        at.desk.request,
        "meja_satu.html",
        status=409 if refused else 200,
        case=case,
        works=works,
        people=[shown_person(party, one, case, whole=bool(reason)) for party, one in said.items()],
        unmasked=bool(reason),
        done=done,
        wrong=_wrong(refused) if refused else None,
        typed=typed or {},
        namable=[one for one in Party if one not in case.parties and one is not Party.APPLICANT],
        bases=list(Basis),
        **await _values(at, case, works=works),
    )
    return at.desk.form.done(page)


async def _values(at: CaseDesk, case: Case, *, works: bool) -> dict[str, Any]:
    visit = await at.reader.get(Visit, case.visit_id) if case.visit_id else None
    programme = await at.reader.get(Programme, case.programme_id)
    service = programme.catalogue.get(case.service) if programme else None
    papers = await at.reader.get(CasePapers, case.id) or CasePapers(case.id)
    checked = await checklist_of(case, at.reader, at.catalogues)
    reasons = checked.catalogue.waiver_reasons if checked else ()
    now = max(at.desk.clock(), case.facts[Fact.RECEIVED])
    return {
        "programme": programme.name if programme else case.programme_id,
        "service": service.name if service else case.service,
        "entry": checked.entry.name if checked else "",
        "lines": checked.lines if checked else (),
        "waivers": {one.code: one.text for one in reasons},
        "papers": papers.papers,
        "kinds": _kinds(checked),
        "held": held_by(case, at.desk),
        "steps": possible_steps(case, at.desk.caller.subject, now),
        "paused": await paused(case, at.reader),
        "faults": list(Fault),
        "takes_document": takes_document(case, service),
        "document": await issued_of(case, at.desk.caller.subject, at.reader),
        "reasons": list(WhyRight),
        "visit": visit,
        "others": await other_cases(case, programme, visit, at.desk) if works else OtherCases(),
        "errand": await at.reader.get(Errand, case.id),
        "survey": await at.reader.get(Survey, case.id),
        "comment": await at.people.comment_on(case) if works else "",
        "systems": at.systems.connected,
        "returnable": case.outcome is None and Fact.ISSUED not in case.facts and not case.returned,
        "supervises": Role.SUPERVISOR in at.desk.caller.acting,
        "new_key": new_id,
    }


def _kinds(checked: Checked | None) -> Mapping[PaperKind, str]:
    """Return the kinds of papers that the case needs, in the catalogue's words; without, none."""
    needed = [line.requirement for line in checked.lines] if checked else []
    return {one.kind: one.text for requirement in needed for one in requirement.any_of}


def _wrong(refused: Refused) -> tuple[str, str]:
    """Return the field that a refusal is shown beside, and its words."""
    reason = refused.reason if refused.reason in REFUSALS else "other"
    return _AT.get(reason, "isi"), reason
