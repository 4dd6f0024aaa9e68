"""A case's issued document over HTTP: sent, bound, confirmed by a second person, shown, fetched."""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.intake.api.fields import KkNumber
from services.intake.api.papers import (
    CasePath,
    FilePath,
    FilesDep,
    KeptFilesDep,
    Look,
    ReaderDep,
    VaultDep,
    case_of_path,
    incoming_file,
    not_erased,
)
from services.intake.api.person_reads import AccessReason
from services.intake.api.rights import allowed
from services.intake.api.sealed import openable
from services.intake.domain import (
    CaseDocument,
    Compared,
    Comparison,
    Confirmation,
    Document,
    Signature,
    WhyRight,
)
from services.intake.usecases import (
    ISSUED,
    Reader,
    against,
    bind_document,
    confirm_document,
    keep_document,
    require_right,
)
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import PublicText
from shared.files.jobs import CHECK
from shared.files.web import RAW_BODY, FileAnswer
from shared.runtime import CommandsDep, SentDep, provided, sent_with
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.idempotency import IdempotencyKey
from shared.web.problems import NotFound
from shared.web.texts import Texts

_PATH: Final = "/api/requests/{case_id}/document"
_LOOKING: Final = {Role.OPERATOR, Role.SUPERVISOR}
RULES: Final[RouteRules] = {
    f"POST {_PATH}": Rule({Role.OPERATOR}, upload=ISSUED.limit),
    f"POST {_PATH}/{{file_id}}": Rule({Role.OPERATOR}),
    f"POST {_PATH}/{{file_id}}/confirmation": Rule(_LOOKING, fresh=True),
    f"GET {_PATH}": Rule(_LOOKING),
    f"GET {_PATH}/content": Rule(_LOOKING),
}

router = APIRouter(prefix=_PATH)
TextsDep = Annotated[Texts, Depends(provided(Texts))]
FamilyCardNumber = Annotated[
    KkNumber | None,
    Header(
        alias="Family-Card-Number",
        description="Its number, where the document has to bear it; it is kept nowhere.",
    ),
]
"""A header, not a part of the address: addresses are kept in the logs of every proxy."""


class CheckAnswer(FileAnswer):
    """A file that was taken, and what was found of it. It is not the case's document yet."""

    comparison: Comparison
    compared: list[Compared]
    """What was looked for."""
    differs: list[Compared]
    """What of it is not there as the request says it; never what stands there instead."""
    signature: Signature


class ConfirmationBody(Body):
    """Why the document is right all the same; the explanation names nobody and no number."""

    reason: WhyRight
    explanation: PublicText


class ConfirmationAnswer(BaseModel):
    """A second person's word that it is right."""

    reason: WhyRight
    reason_text: str
    explanation: str
    by: str
    at: datetime


class DocumentAnswer(CheckAnswer):
    """The case's document: which file, sent and bound by whom, and what was found of it."""

    at: datetime
    by: str
    checked_at: datetime
    sent_by: str
    comparison_text: str
    signature_text: str
    signature_trust: Literal["not_checked"] = "not_checked"
    """Only integrity is looked at: nobody is asked whether the certificate is to be believed."""
    confirmation: ConfirmationAnswer | None
    passes: bool
    """Whether `issue` takes it, unless what the request says is corrected after the check."""
    issued: bool


class CaseDocumentAnswer(BaseModel):
    """The document that a case has; null where none was bound."""

    case_id: str
    document: DocumentAnswer | None


@router.post("", status_code=201, openapi_extra=RAW_BODY)
async def post_document(
    case_id: CasePath,
    request: Request,
    caller: CallerDep,
    key: IdempotencyKey,
    commands: CommandsDep,
    reader: ReaderDep,
    vault: VaultDep,
    files: FilesDep,
    kk_number: FamilyCardNumber = None,
) -> CheckAnswer:
    """Take the document of a case, a PDF as the body, and hold its text against the request.

    Within a day it is to be bound, else it is removed. A file that is not taken is a problem
    `file-refused` whose `reason` is stable and whose `text_key` names the page's words.
    """
    case = await case_of_path(case_id, reader)
    require_right(case, allowed(caller), backdated=False)
    incoming = await incoming_file(ISSUED, case, request, caller.subject, reader, vault)
    with openable(), not_erased():
        held = await against(case, kk_number, reader, vault)
    async with files.received(incoming) as received:
        wanted = {"wanted": dict(held.wanted)}
        found = await files.examined(incoming, received.content, CHECK, wanted)
        outcome = await commands.run(
            lambda uow: keep_document(received, found, held, case_id, uow, allow=allowed(caller)),
            sent=sent_with(request, caller, key, received.came),
            key=case_id,
        )
    if outcome.duplicate:
        await files.remove_unbound(received.id)
    return CheckAnswer(**outcome.answer)


@router.post("/{file_id}")
async def post_bound(
    case_id: CasePath,
    file_id: FilePath,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    texts: TextsDep,
    sent: SentDep,
) -> CaseDocumentAnswer:
    """Make a file the document of its case, in the place of the one before."""
    require_right(await case_of_path(case_id, reader), allowed(caller), backdated=False)
    await commands.run(
        lambda uow: bind_document(case_id, file_id, uow, allow=allowed(caller)),
        sent=sent,
        key=case_id,
    )
    return await _state(case_id, reader, texts)


@router.post("/{file_id}/confirmation")
async def post_confirmation(
    case_id: CasePath,
    file_id: FilePath,
    body: ConfirmationBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    texts: TextsDep,
    sent: SentDep,
) -> CaseDocumentAnswer:
    """Let a document pass that is not plainly right; another account than sent and bound it."""
    require_right(await case_of_path(case_id, reader), allowed(caller), backdated=False)
    await commands.run(
        lambda uow: confirm_document(
            case_id, file_id, body.reason, body.explanation, uow, allow=allowed(caller)
        ),
        sent=sent,
        key=case_id,
    )
    return await _state(case_id, reader, texts)


@router.get("")
async def get_document(
    case_id: CasePath, caller: CallerDep, reader: ReaderDep, texts: TextsDep
) -> CaseDocumentAnswer:
    """Return a case's document without its content: by whom, when, and what was found of it."""
    case = await case_of_path(case_id, reader)
    caller.require(programme=case.programme_id, region=case.office_region)
    return await _state(case_id, reader, texts)


@router.get("/content", response_class=StreamingResponse)
async def get_content(
    case_id: CasePath,
    request: Request,
    caller: CallerDep,
    kept: KeptFilesDep,
    reason: AccessReason = None,
) -> StreamingResponse:
    """Return the document, for saving. The look is in the access log before it leaves."""
    case = await case_of_path(case_id, kept.reader)
    caller.require(programme=case.programme_id, region=case.office_region)
    own = await kept.reader.get(CaseDocument, case_id)
    if own is None or own.document is None:
        raise NotFound("document")
    return await kept.saved(own.document.id, "document", case, Look(request, caller, reason))


async def _state(case_id: str, reader: Reader, texts: Texts) -> CaseDocumentAnswer:
    kept = await reader.get(CaseDocument, case_id)
    document = kept.document if kept else None
    shown = _shown(document, texts, issued=kept.issued) if kept and document else None
    return CaseDocumentAnswer(case_id=case_id, document=shown)


def _shown(document: Document, texts: Texts, *, issued: bool) -> DocumentAnswer:
    check = document.check
    return DocumentAnswer(
        file_id=document.id,
        type="application/pdf",
        bytes=document.size,
        sha256=document.sha256,
        at=document.at,
        by=document.by,
        comparison=check.comparison,
        compared=list(check.compared),
        differs=list(check.differs),
        signature=check.signature,
        checked_at=check.at,
        sent_by=check.by,
        comparison_text=texts(f"document.comparison.{check.comparison}"),
        signature_text=texts(f"document.signature.{check.signature}"),
        confirmation=_confirmed(document.confirmation, texts),
        passes=document.passes,
        issued=issued,
    )


def _confirmed(said: Confirmation | None, texts: Texts) -> ConfirmationAnswer | None:
    if said is None:
        return None
    return ConfirmationAnswer(
        reason=said.reason,
        reason_text=texts(f"document.reason.{said.reason}"),
        explanation=said.explanation,
        by=said.by,
        at=said.at,
    )
