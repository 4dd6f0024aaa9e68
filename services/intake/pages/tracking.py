"""Lacak permohonan: how a request stands, for whoever has its code and no account.

The code comes in the body and stands in no address. Wrong codes count as those of the API do. From
there its papers are sent: the page gives a pass for an hour, so that the code travels once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Protocol

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from services.intake.domain import OWN_LIMIT, Case, Secrets, State
from services.intake.usecases import (
    PAPER,
    Catalogues,
    Clock,
    KnownProgrammes,
    Limiter,
    Reader,
    Tracked,
    track,
    tracked,
)
from services.intake.usecases.tracking import is_recipient
from shared.auth.rules import PUBLIC, RouteRules
from shared.runtime import gathered
from shared.web.pages import Pages
from shared.web.problems import Conflict, TooManyRequests
from shared.worker.jobs import MIB

TRACK: Final = "/lacak"
PAPERS: Final = f"{TRACK}/berkas"
RECEIVED: Final = f"{TRACK}/terima"
RULES: Final[RouteRules] = {
    f"GET {TRACK}": PUBLIC,
    f"POST {TRACK}": PUBLIC,
    f"POST {PAPERS}": PUBLIC,
    f"GET {RECEIVED}": PUBLIC,
    f"POST {RECEIVED}": PUBLIC,
}
MAX_CODE: Final = 200
"""Characters that are looked at; a code and a pass have fewer."""
PASS_FOR: Final = timedelta(hours=1)
"""How long papers may be sent before the code is asked for again."""

router = APIRouter(include_in_schema=False)
Typed = Annotated[str, Form()]


class TakesReceipts(Protocol):
    """Takes the recipient's word as the API does."""

    async def take(self, case_id: str) -> State:
        """Return where the case stands now. Raises Conflict where it is not ready for it."""
        ...


@dataclass(frozen=True, slots=True)
class Tracking:
    """What the pages work with."""

    pages: Pages
    reader: Reader
    limiter: Limiter
    catalogues: Catalogues
    programmes: KnownProgrammes
    secrets: Secrets
    clock: Clock
    receipts: TakesReceipts

    async def found(self, request: Request, code: str, shown: str) -> Tracked | None:
        """Return the request of a code, or of a pass. Raises TooManyRequests."""
        client = request.client.host if request.client else ""
        if (seconds := await self.limiter.client_waits(client)) is not None:
            raise TooManyRequests("too many wrong codes", retry_after=seconds)
        one = await self.of_pass(shown) if shown else await self._of_code(code)
        if one is None and (shown or code):
            await self.limiter.count_client(client)
        return one

    async def _of_code(self, code: str) -> Tracked | None:
        if not code:
            return None
        return await track(code, self.reader, self.catalogues, self.programmes)

    async def of_pass(self, shown: str) -> Tracked | None:
        """Return the request of a pass that counts, as it stands now."""
        case_id = self.secrets.passed(shown, int(self.clock().timestamp()))
        case = await self.reader.get(Case, case_id) if case_id else None
        if case is None:
            return None
        return await tracked(case, self.reader, self.catalogues, self.programmes)

    async def recipient(self, request: Request, case: Case, typed: str) -> bool:
        """Return whether a receipt code is right. Raises TooManyRequests after too many."""
        if (seconds := await self.limiter.case_waits(case.id)) is not None:
            raise TooManyRequests("too many wrong codes", retry_after=seconds)
        client = request.client.host if request.client else ""
        return await is_recipient(case, typed, client, self.secrets, self.limiter)

    def passes(self, case: Case, now: datetime) -> str:
        """Return a pass for a case from now on."""
        return self.secrets.send_pass(case.id, int((now + PASS_FOR).timestamp()))


TrackingDep = Annotated[Tracking, Depends(gathered(Tracking))]


@router.get(TRACK)
async def show_form(request: Request, parts: TrackingDep) -> Response:
    """Ask for the code."""
    return _asked(request, parts, "", 200)


@router.post(TRACK)
async def show_request(
    request: Request, parts: TrackingDep, kode: Typed = "", tanda: Typed = ""
) -> Response:
    """Show how the request stands. Raises TooManyRequests after too many wrong codes."""
    code, shown = cut(kode), cut(tanda)
    one = await parts.found(request, code, shown)
    return standing(request, parts, one) if one else unknown(request, parts, code, shown)


@router.post(PAPERS)
async def show_papers(
    request: Request, parts: TrackingDep, kode: Typed = "", tanda: Typed = ""
) -> Response:
    """Show which papers can be sent; how it stands, where none can. Raises TooManyRequests."""
    code, shown = cut(kode), cut(tanda)
    one = await parts.found(request, code, shown)
    if one is None:
        return unknown(request, parts, code, shown)
    if not one.takes_papers or one.checked is None:
        return standing(request, parts, one)
    return parts.pages.render(
        request,
        "kirim_berkas.html",
        tracked=one,
        lines=one.checked.lines,
        bring=one.checked.catalogue.bring(one.case.channel),
        tanda=parts.passes(one.case, parts.clock()),
        mib=PAPER.limit // MIB,
        limit=PAPER.limit,
        many=OWN_LIMIT,
    )


@router.get(RECEIVED)
async def back_to_form(parts: TrackingDep) -> Response:
    """Go to the form: the page that a confirmation brought has no address of its own."""
    return RedirectResponse(parts.pages.at(TRACK), status_code=303)


@router.post(RECEIVED)
async def take_receipt(
    request: Request,
    parts: TrackingDep,
    kode: Typed = "",
    tanda: Typed = "",
    kode_terima: Typed = "",
) -> Response:
    """Take the recipient's word, by the code that no agent has, and show how it stands."""
    code, shown, receipt = cut(kode), cut(tanda), cut(kode_terima)
    one = await parts.found(request, code, shown)
    if one is None:
        return unknown(request, parts, code, shown)
    if not receipt:
        return standing(request, parts, one, wrong="tracking.receipt_empty")
    if not await parts.recipient(request, one.case, receipt):
        return standing(request, parts, one, wrong="tracking.receipt_wrong")
    try:
        await parts.receipts.take(one.case.id)
    except Conflict as refused:
        words = f"receipt.{refused.members.get('reason')}"
        if words not in parts.pages.texts:
            raise
        return standing(request, parts, one, wrong=words)
    after = await parts.of_pass(parts.passes(one.case, parts.clock()))
    return standing(request, parts, after or one, noted="track.receipt_noted")


def cut(typed: str) -> str:
    """Return what is looked at of a code or a pass."""
    return typed.strip()[:MAX_CODE]


def standing(
    request: Request, parts: Tracking, one: Tracked, *, wrong: str = "", noted: str = ""
) -> Response:
    """Return how a request stands; `wrong` and `noted` are keys of what is said above it."""
    now = parts.clock()
    goes_on = one.takes_papers or one.case.awaits_receipt or one.takes_survey
    return parts.pages.render(
        request,
        "lacak.html",
        status=422 if wrong else 200,
        tracked=one,
        error="",
        wrong=wrong,
        noted=noted,
        tanda=parts.passes(one.case, now) if goes_on else "",
        late=one.case.is_late(now),
    )


def unknown(request: Request, parts: Tracking, code: str, shown: str) -> Response:
    """Return the form again, for what no request has."""
    words = "papers.pass" if shown else "track.unknown" if code else "tracking.empty"
    return _asked(request, parts, words, 422)


def _asked(request: Request, parts: Tracking, error: str, status: int) -> Response:
    return parts.pages.render(
        request,
        "lacak.html",
        status=status,
        tracked=None,
        error=error,
        wrong="",
        noted="",
        tanda="",
        late=False,
    )
