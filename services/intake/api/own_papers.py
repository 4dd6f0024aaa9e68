"""Papers that residents send themselves: a pass from the tracking page, then the file as a body."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel

from services.intake.api.papers import incoming_file
from services.intake.api.track import require_no_wait
from services.intake.domain import Case, CasePapers, PaperKind, Refused, Secrets
from services.intake.usecases import (
    PAPER,
    RESIDENT,
    Catalogues,
    Clock,
    Limiter,
    Reader,
    ResidentFiles,
    ResidentLimits,
    Vault,
    checklist_of,
    keep_own_paper,
    require_wanted,
)
from shared.auth.rules import RouteRules, Rule
from shared.files.purpose import FileRefused
from shared.files.web import RAW_BODY
from shared.messaging.task import fingerprint_of
from shared.runtime import Commands, FingerprintKey, Sent, gathered, provided
from shared.web.guard import admit_file
from shared.web.problems import Conflict, Problem, TooManyRequests, Unavailable
from shared.web.texts import Texts
from shared.worker.jobs import MIB

_PATH: Final = "/api/track/papers/{kind}"
RULES: Final[RouteRules] = {f"POST {_PATH}": Rule((), public=True, upload=PAPER.limit)}
_REFUSALS: Final = frozenset(
    {"closed", "already_issued", "not_wanted", "erased", "too_many_papers", "restricted"}
)

router = APIRouter()
PassHeader = Annotated[
    str,
    Header(
        alias="Send-Pass",
        max_length=200,
        description="From the tracking page, for an hour: it takes the code in a form's body.",
    ),
]


class OwnPaperAnswer(BaseModel):
    """That a paper was taken, and what is still missing, in Bahasa Indonesia."""

    kind: PaperKind
    text: str
    lacking: list[str]


@dataclass(frozen=True, slots=True)
class Sending:
    """What taking a resident's paper works with."""

    reader: Reader
    catalogues: Catalogues
    secrets: Secrets
    vault: Vault
    files: ResidentFiles
    commands: Commands
    limits: ResidentLimits
    fingerprints: FingerprintKey
    clock: Clock
    texts: Texts


SendingDep = Annotated[Sending, Depends(gathered(Sending))]
LimiterDep = Annotated[Limiter, Depends(provided(Limiter))]


@router.post(_PATH, status_code=201, openapi_extra=RAW_BODY)
async def post_own_paper(
    kind: PaperKind,
    shown: PassHeader,
    request: Request,
    parts: SendingDep,
    wrong: LimiterDep,
) -> OwnPaperAnswer:
    """Take a file for the request of a pass, bound at once: JPEG, PNG, WebP or PDF.

    Wrong passes count as wrong codes do. The same file again for the same paper is done once. A
    problem's `detail` is in Bahasa Indonesia and for residents to read.
    """
    client = request.client.host if request.client else ""
    require_no_wait(await wrong.client_waits(client), parts.texts)
    case = await _case(shown, parts)
    if case is None:
        await wrong.count_client(client)
        raise Problem(404, "unknown-pass", "No request has this pass", parts.texts("papers.pass"))
    with _in_residents_words(parts.texts):
        await _admit(case, kind, client, parts)
        admit_file(request, PAPER.limit)
        sender = f"{RESIDENT}/{case.id}"
        incoming = await incoming_file(PAPER, case, request, sender, parts.reader, parts.vault)
        async with parts.files.received(incoming) as received:
            outcome = await parts.commands.run(
                lambda uow: keep_own_paper(received, case.id, kind, uow),
                sent=_sent(case, kind, received.came, parts.fingerprints),
                key=case.id,
            )
        if outcome.duplicate:
            await parts.files.remove_unbound(received.id)
    checked = await checklist_of(case, parts.reader, parts.catalogues)
    lacking = [line.requirement.missing for line in checked.lacking] if checked else []
    return OwnPaperAnswer(kind=kind, text=parts.texts("papers.taken"), lacking=lacking)


async def _case(shown: str, parts: Sending) -> Case | None:
    case_id = parts.secrets.passed(shown, int(parts.clock().timestamp()))
    return await parts.reader.get(Case, case_id) if case_id else None


async def _admit(case: Case, kind: PaperKind, client: str, parts: Sending) -> None:
    """Hold a file against limits and the checklist before a byte of it is read."""
    limits = parts.limits.send
    require_no_wait(await limits.client_waits(client), parts.texts)
    require_no_wait(await limits.case_waits(case.id), parts.texts)
    await limits.count_client(client)
    await limits.count_case(case.id)
    checked = await checklist_of(case, parts.reader, parts.catalogues)
    papers = await parts.reader.get(CasePapers, case.id) or CasePapers(case.id)
    try:
        require_wanted(case, kind, papers, checked.entry if checked else None)
    except Refused as refused:
        raise Conflict(refused.detail, reason=refused.reason) from None


def _sent(case: Case, kind: PaperKind, came: str, key: FingerprintKey) -> Sent:
    content = fingerprint_of(key.secret, "own-paper", case.id, kind, came)
    return Sent(content, content, actor=RESIDENT, action=f"POST {_PATH}")


@contextmanager
def _in_residents_words(texts: Texts) -> Iterator[None]:
    """Say in Bahasa Indonesia why a file is not taken; the reason stays as it is."""
    try:
        yield
    except FileRefused as refused:
        refused.detail = texts(
            f"file.{refused.reason}",
            mib=PAPER.limit // MIB,
            pages=PAPER.pages,
            megapixels=PAPER.pixels // 1_000_000,
        )
        raise
    except (TooManyRequests, Unavailable) as busy:
        busy.detail = texts("papers.busy")
        raise
    except Problem as refused:
        reason = refused.members.get("reason", refused.kind)
        known = reason if reason in _REFUSALS else "other"
        refused.detail = texts(f"papers.refused.{known}")
        raise
