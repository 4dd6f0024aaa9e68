"""Lacak pengaduan: what became of a complaint, for whoever has its code, and what he says to it."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from services.intake.domain import Holidays, Programme, Secrets, digest
from services.intake.domain.complaint import (
    BEST,
    OVER,
    REOPENINGS,
    TEXT_LIMIT,
    Complaint,
    ComplaintState,
    coded,
)
from services.intake.pages.complain import COMPLAIN
from services.intake.pages.resident_form import resident_sent
from services.intake.usecases import Clock, KeyMissing, KnownProgrammes, Limiter, Reader, Vault
from services.intake.usecases.complaint_words import Words, words_of
from services.intake.usecases.complaints import (
    accept_answer,
    forget_complaint,
    rate_answer,
    reopen_complaint,
)
from shared.auth.rules import PUBLIC, RouteRules
from shared.contracts.envelope import new_id
from shared.messaging.unit_of_work import UseCase
from shared.runtime import Commands, FingerprintKey, gathered
from shared.sealing.masterkeys import UnknownMasterKey
from shared.web.pages import Pages
from shared.web.problems import Conflict, TooManyRequests, Unavailable

STATUS: Final = f"{COMPLAIN}/lacak"
RULES: Final[RouteRules] = {f"GET {STATUS}": PUBLIC, f"POST {STATUS}": PUBLIC}
PASS_FOR: Final = timedelta(hours=1)
"""How long something may be said to it before the code is asked for again."""
MAX_CODE: Final = 200
"""Characters that are looked at."""
Action = Literal["lihat", "terima", "buka", "nilai", "hapus"]
_KNOWN: Final = frozenset(
    {
        "not_answered",
        "reopened_too_often",
        "text_malformed",
        "rated_already",
        "rating_malformed",
        "open_complaint",
        "erased",
    }
)
"""What can be refused, below `complain.refused`; all else is `other`."""
_PREFIX: Final = coded("")


@dataclass(frozen=True, slots=True)
class Following:
    """What the page works with."""

    pages: Pages
    reader: Reader
    known: KnownProgrammes
    limiter: Limiter
    holidays: Holidays
    secrets: Secrets
    vault: Vault
    commands: Commands
    fingerprints: FingerprintKey
    clock: Clock

    async def found(self, request: Request, code: str, shown: str) -> Complaint | None:
        """Return the complaint of a code, or of a pass. Raises TooManyRequests."""
        client = request.client.host if request.client else ""
        if (seconds := await self.limiter.client_waits(client)) is not None:
            raise TooManyRequests("too many wrong codes", retry_after=seconds)
        one = await self._of_pass(shown) if shown else await self._of_code(code)
        if one is None and (shown or code):
            await self.limiter.count_client(client)
        return one

    async def _of_code(self, code: str) -> Complaint | None:
        return await self.reader.complaint_by_code(digest(code)) if code else None

    async def _of_pass(self, shown: str) -> Complaint | None:
        passed = self.secrets.passed(shown, int(self.clock().timestamp()))
        if passed is None:
            return None
        # That of a request names a request: no complaint has its id.
        return await self.reader.get(Complaint, passed.removeprefix(_PREFIX))

    def passes(self, complaint: Complaint) -> str:
        """Return a pass for a complaint from now on."""
        until = int((self.clock() + PASS_FOR).timestamp())
        return self.secrets.send_pass(coded(complaint.id), until)

    async def words(self, complaint: Complaint) -> Words | None:
        """Return what was written. Raises Unavailable while a key is not here."""
        try:
            return await words_of(complaint, self.reader, self.vault)
        except (UnknownMasterKey, KeyMissing) as missing:
            raise Unavailable("a key is not here", retry_after=30) from missing


FollowingDep = Annotated[Following, Depends(gathered(Following))]
router = APIRouter(include_in_schema=False)
Typed = Annotated[str, Form()]


@router.get(STATUS)
async def ask_for_code(request: Request, parts: FollowingDep) -> Response:
    """Ask for the code."""
    return _asked(request, parts, "", 200)


@router.post(STATUS)
async def show_complaint(
    request: Request,
    parts: FollowingDep,
    kode: Typed = "",
    tanda: Typed = "",
    aksi: Annotated[Action, Form()] = "lihat",
    kunci: Typed = "",
    uraian: Annotated[str, Form(max_length=2 * TEXT_LIMIT)] = "",
    nilai: Typed = "",
) -> Response:
    """Show what became of it, after what was said to it was taken. Raises TooManyRequests."""
    code, shown = kode.strip()[:MAX_CODE], tanda.strip()[:MAX_CODE]
    one = await parts.found(request, code, shown)
    if one is None:
        empty = not code and not shown
        return _asked(request, parts, "empty" if empty else "pass" if shown else "unknown", 422)
    if aksi == "lihat":
        return await _standing(request, parts, one)
    use = _use_of(aksi, one, parts, uraian.replace("\r\n", "\n"), nilai)
    typed = (one.id, aksi, uraian, nilai)
    sent = resident_sent("follow", f"POST {STATUS}", kunci, typed, parts.fingerprints)
    try:
        await parts.commands.run(use, sent=sent, key=one.id)
    except Conflict as conflict:
        return await _standing(request, parts, one, wrong=str(conflict.members.get("reason")))
    after = await parts.reader.get(Complaint, one.id) or one
    return await _standing(request, parts, after, done=aksi)


def _use_of(aksi: str, one: Complaint, parts: Following, text: str, rating: str) -> UseCase:
    """Return what is done at the word of whoever complained."""
    match aksi:
        case "terima":
            return partial(accept_answer, one.id)
        case "nilai":
            return partial(rate_answer, one.id, int(rating) if rating in "1234" and rating else 0)
        case "hapus":
            return partial(forget_complaint, one.id)
        case _:
            return partial(
                reopen_complaint,
                one.id,
                text,
                holidays=parts.holidays,
                vault=parts.vault,
                looks=None,
            )


async def _standing(
    request: Request, parts: Following, one: Complaint, *, wrong: str = "", done: str = ""
) -> Response:
    programme = await parts.known.published(one.programme_id)
    known = wrong if wrong in _KNOWN else "other"
    return parts.pages.render(
        request,
        "pengaduan_lacak.html",
        status=422 if wrong else 200,
        complaint=one,
        programme=programme,
        owner=_owner(programme),
        words=await parts.words(one),
        tanda=parts.passes(one),
        error="",
        wrong=known if wrong else "",
        done=done,
        over=one.state in OVER,
        closed=one.state is ComplaintState.CLOSED,
        again=one.state in OVER and one.reopened < REOPENINGS,
        ratings=range(1, BEST + 1),
        new_key=new_id,
    )


def _owner(programme: Programme | None) -> str:
    return programme.owner if programme else ""


def _asked(request: Request, parts: Following, error: str, status: int) -> Response:
    return parts.pages.render(
        request, "pengaduan_lacak.html", status=status, complaint=None, error=error
    )
