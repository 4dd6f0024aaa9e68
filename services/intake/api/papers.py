"""A case's papers over HTTP: sent as they are, bound by a second command, listed, and fetched."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.intake.api.person_reads import AccessReason, log_read
from services.intake.api.rights import allowed
from services.intake.api.sealed import openable
from services.intake.domain import Case, CasePapers, Paper, PaperKind, Party
from services.intake.usecases import (
    PAPER,
    Reader,
    ResidentErased,
    Vault,
    applicants_key,
    bind_paper,
    keep_upload,
    opened_key,
    papers_of_visit,
    require_right,
    sealed_key,
)
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.files.purpose import Purpose
from shared.files.stored import StoredFile
from shared.files.upload import Files, Incoming
from shared.files.web import RAW_BODY, FileAnswer, attachment, incoming
from shared.runtime import Commands, CommandsDep, SentDep, gathered, provided, sent_with
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.idempotency import IdempotencyKey
from shared.web.problems import Conflict, NotFound, Problem

_SENDERS: Final = {Role.OPERATOR, Role.AGENT}
RULES: Final[RouteRules] = {
    "POST /api/requests/{case_id}/papers": Rule(_SENDERS, upload=PAPER.limit),
    "POST /api/requests/{case_id}/papers/{file_id}": Rule(_SENDERS),
    "GET /api/requests/{case_id}/papers": Rule({Role.OPERATOR}),
    "GET /api/requests/{case_id}/papers/{file_id}/content": Rule({Role.OPERATOR}),
}

router = APIRouter(prefix="/api/requests/{case_id}/papers")
CasePath = Annotated[AggregateId, Path()]
FilePath = Annotated[AggregateId, Path()]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
VaultDep = Annotated[Vault, Depends(provided(Vault))]
FilesDep = Annotated[Files, Depends(provided(Files))]


@dataclass(frozen=True, slots=True)
class Look:
    """Who fetches a file, and why."""

    request: Request
    caller: Caller
    reason: str | None


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """The files of cases, for saving."""

    commands: Commands
    reader: Reader
    vault: Vault
    files: Files

    async def saved(self, file_id: str, name: str, case: Case, look: Look) -> StreamingResponse:
        """Return a case's file, opened with the applicant's key; the look is logged before.

        Raises NotFound, and Problem (410) where the applicant has been erased.
        """
        stored = await self.reader.get(StoredFile, file_id)
        if stored is None:
            raise NotFound("file")
        await log_read(look.request, look.caller, case.id, look.reason, self.commands)
        with openable(), not_erased():
            key = opened_key(stored, await applicants_key(case, self.reader), self.vault)
            content = self.files.content(stored, key)
            return await attachment(f"{name}-{stored.id}", stored.type, stored.size, content)


KeptFilesDep = Annotated[KeptFiles, Depends(gathered(KeptFiles))]


class PaperBody(Body):
    """What the file is. `for_visit`: it serves all requests of the visit that need it.

    `of` is then whose paper it is among the request's people.
    """

    kind: PaperKind
    for_visit: bool = False
    of: Party = Party.APPLICANT


class PaperAnswer(FileAnswer):
    """A paper of a case."""

    kind: PaperKind
    at: datetime
    case_id: str
    """The request that it is bound to, where its content is fetched."""
    for_visit: bool


class PapersAnswer(BaseModel):
    """A case's papers, in the order in which they were bound, then those of its visit.

    Of the visit it has those that are of somebody of this case; which of them it needs says the
    checklist.
    """

    items: list[PaperAnswer]


@router.post("", status_code=201, openapi_extra=RAW_BODY)
async def post_file(
    case_id: CasePath,
    request: Request,
    caller: CallerDep,
    key: IdempotencyKey,
    commands: CommandsDep,
    reader: ReaderDep,
    vault: VaultDep,
    files: FilesDep,
) -> FileAnswer:
    """Take a file for a case: the body is the file itself, JPEG, PNG, WebP or PDF.

    Within a day it is to be bound, else it is removed. A file that is not taken is a problem
    `file-refused` whose `reason` is stable and whose `text_key` names the page's words.
    """
    case = await case_of_path(case_id, reader)
    require_right(case, allowed(caller), backdated=False)
    incoming = await incoming_file(PAPER, case, request, caller.subject, reader, vault)
    async with files.received(incoming) as received:
        outcome = await commands.run(
            lambda uow: keep_upload(received, case_id, uow, allow=allowed(caller)),
            sent=sent_with(request, caller, key, received.came),
            key=received.id,
        )
    if outcome.duplicate:
        await files.remove_unbound(received.id)
    return FileAnswer(**outcome.answer)


@router.post("/{file_id}")
async def post_paper(
    case_id: CasePath,
    file_id: FilePath,
    body: PaperBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> PaperAnswer:
    """Bind a file to its case as a paper."""
    require_right(await case_of_path(case_id, reader), allowed(caller), backdated=False)
    await commands.run(
        lambda uow: bind_paper(
            case_id,
            file_id,
            body.kind,
            uow,
            allow=allowed(caller),
            visit_as=body.of if body.for_visit else None,
        ),
        sent=sent,
        key=case_id,
    )
    return _answer(await _paper(case_id, file_id, reader), case_id)


@router.get("")
async def list_papers(case_id: CasePath, caller: CallerDep, reader: ReaderDep) -> PapersAnswer:
    """Return a case's papers, without their content."""
    case = await case_of_path(case_id, reader)
    caller.require(programme=case.programme_id, region=case.office_region)
    papers = await reader.get(CasePapers, case_id) or CasePapers(case_id)
    items = [_answer(paper, case_id) for paper in papers.papers]
    people = set(case.parties.values())
    for id_, shared in (await papers_of_visit(case, reader)).items():
        items += [_answer(paper, id_) for paper in shared.of_people(people)]
    return PapersAnswer(items=items)


@router.get("/{file_id}/content", response_class=StreamingResponse)
async def get_content(
    case_id: CasePath,
    file_id: FilePath,
    request: Request,
    caller: CallerDep,
    kept: KeptFilesDep,
    reason: AccessReason = None,
) -> StreamingResponse:
    """Return a paper's content, for saving. The look is in the access log before it leaves."""
    case = await case_of_path(case_id, kept.reader)
    caller.require(programme=case.programme_id, region=case.office_region)
    paper = await _paper(case_id, file_id, kept.reader)
    look = Look(request, caller, reason)
    return await kept.saved(file_id, str(paper.kind), case, look)


async def incoming_file(
    purpose: Purpose, case: Case, request: Request, sender: str, reader: Reader, vault: Vault
) -> Incoming:
    """Return a case's file as it begins to come in, with a key that goes with the applicant."""
    if Party.APPLICANT not in case.parties:
        raise Conflict("case_id: a history named nobody whose paper it is", reason="nobody_named")
    with openable(), not_erased():
        owner = await applicants_key(case, reader)
        seal = partial(sealed_key, owner=owner, vault=vault)
        return incoming(request, purpose, case.id, sender, seal)


@contextmanager
def not_erased() -> Iterator[None]:
    """Say that there is nobody any more whose paper this would be (410)."""
    try:
        yield
    except ResidentErased:
        raise Problem(410, "erased", "The resident has been erased") from None


async def case_of_path(case_id: str, reader: Reader) -> Case:
    """Return the case that the path names. Raises NotFound."""
    case = await reader.get(Case, case_id)
    if case is None:
        raise NotFound("request")
    return case


async def _paper(case_id: str, file_id: str, reader: Reader) -> Paper:
    papers = await reader.get(CasePapers, case_id)
    paper = papers.paper(file_id) if papers else None
    if paper is None:
        raise NotFound("paper")
    return paper


def _answer(paper: Paper, case_id: str) -> PaperAnswer:
    return PaperAnswer(
        file_id=paper.id,
        kind=paper.kind,
        type=paper.type,
        bytes=paper.size,
        sha256=paper.sha256,
        at=paper.at,
        case_id=case_id,
        for_visit=paper.of is not None,
    )
