"""Pengaduan dan aspirasi: a resident complains without an account, and follows it by its code.

Whoever wants to stays anonymous. The code comes in a body and stands in no address; the page that
it opens shows what was answered, and nothing of the person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.intake.domain import (
    Holidays,
    Programme,
    Refused,
    Secrets,
    checked_name,
    digest,
)
from services.intake.domain.complaint import (
    TEXT_LIMIT,
    WORKING_DAYS,
    Complaint,
    ComplaintKind,
    NewComplaint,
    Secrecy,
    StaffRole,
    coded,
)
from services.intake.pages.resident_form import resident_sent
from services.intake.usecases import (
    Clock,
    KnownProgrammes,
    Reader,
    ResidentLimits,
    Vault,
    checked_phone,
)
from services.intake.usecases.complaints import record_complaint
from shared.auth.rules import PUBLIC, RouteRules
from shared.contracts.envelope import new_id
from shared.messaging.task import Outcome
from shared.runtime import Commands, FingerprintKey, gathered
from shared.sealing.masterkeys import UnknownMasterKey
from shared.web.formats import angka
from shared.web.pages import Pages
from shared.web.problems import TooManyRequests, Unavailable

COMPLAIN: Final = "/pengaduan"
RULES: Final[RouteRules] = {f"GET {COMPLAIN}": PUBLIC, f"POST {COMPLAIN}": PUBLIC}
PAGE_CHANNEL: Final = "online"
"""The channel of what residents write on this page."""
STAFF: Final = (StaffRole.OPERATOR, StaffRole.AGENT, StaffRole.SUPERVISOR, StaffRole.HEAD)
"""Whom a resident can name by what he does."""
Typed = Annotated[str, Field(max_length=100)]
Wrong = tuple[str, str]
"""A field's name, and the key of what is wrong with it, below `complain.wrong`."""


class ComplainForm(BaseModel):
    """The form as it is sent."""

    model_config = ConfigDict(frozen=True)

    kunci: Typed = ""
    program: Typed = ""
    jenis: Typed = ""
    tentang: Typed = ""
    """The role of the member of staff whom it is about."""
    uraian: Annotated[str, Field(max_length=2 * TEXT_LIMIT)] = ""
    identitas: Typed = ""
    nama: Typed = ""
    hp: Typed = ""


@dataclass(frozen=True, slots=True)
class Complaining:
    """What the page works with."""

    pages: Pages
    reader: Reader
    known: KnownProgrammes
    holidays: Holidays
    secrets: Secrets
    vault: Vault
    commands: Commands
    limits: ResidentLimits
    fingerprints: FingerprintKey
    clock: Clock

    async def programmes(self) -> Sequence[Programme]:
        """Return what residents can complain of."""
        return sorted((await self.known.all()).values(), key=lambda one: one.name)


ComplainingDep = Annotated[Complaining, Depends(gathered(Complaining))]
router = APIRouter(include_in_schema=False)


@router.get(COMPLAIN)
async def show_form(request: Request, parts: ComplainingDep) -> Response:
    """Show the form."""
    return await _form(request, parts, ComplainForm(kunci=new_id()))


@router.post(COMPLAIN)
async def take_complaint(
    request: Request, parts: ComplainingDep, form: Annotated[ComplainForm, Form()]
) -> Response:
    """Record a complaint and show its code; sent twice it is one. Raises TooManyRequests."""
    programme = next((one for one in await parts.programmes() if one.id == form.program), None)
    if programme is None or (wrong := wrong_with(form)):
        wrong = wrong_with(form)
        chosen = [] if programme else [("program", "program")]
        return await _form(request, parts, form, [*chosen, *wrong])
    client = request.client.host if request.client else ""
    if (seconds := await parts.limits.ask.client_waits(client)) is not None:
        raise TooManyRequests("too many forms of one address", retry_after=seconds)
    await parts.limits.ask.count_client(client)
    try:
        outcome = await _record(parts, form)
    except UnknownMasterKey as missing:
        raise Unavailable("a key is not here", retry_after=30) from missing
    return await _thanks(request, parts, programme, outcome)


def wrong_with(form: ComplainForm) -> list[Wrong]:
    """Return what is wrong with a form, field by field."""
    wrong = []
    if form.jenis not in list(ComplaintKind):
        wrong.append(("jenis", "jenis"))
    if form.tentang and form.tentang not in STAFF:
        wrong.append(("tentang", "tentang"))
    elif form.tentang and form.jenis in set(ComplaintKind) - {ComplaintKind.SUPERVISION}:
        wrong.append(("tentang", "tentang_jenis"))
    if not 0 < len(form.uraian.strip()) <= TEXT_LIMIT:
        wrong.append(("uraian", "uraian"))
    if form.identitas not in list(Secrecy):
        return [*wrong, ("identitas", "identitas")]
    return [*wrong, *_wrong_person(form)]


def _wrong_person(form: ComplainForm) -> list[Wrong]:
    """Return what is wrong with name and phone; who stays anonymous is asked for neither."""
    if form.identitas == Secrecy.ANONYMOUS:
        return []
    wrong = []
    for field, check, text in (("nama", checked_name, form.nama), ("hp", checked_phone, form.hp)):
        if field == "hp" and not text.strip():
            continue
        try:
            check(text)
        except Refused:
            wrong.append((field, field))
    return wrong


async def _record(parts: Complaining, form: ComplainForm) -> Outcome:
    id_ = new_id()
    anonymous = form.identitas == Secrecy.ANONYMOUS
    phone = form.hp.strip()
    new = NewComplaint(
        id=id_,
        tracking=digest(parts.secrets.code(coded(id_))),
        programme_id=form.program,
        kind=ComplaintKind(form.jenis),
        secrecy=Secrecy(form.identitas),
        channel=PAGE_CHANNEL,
        text=form.uraian.replace("\r\n", "\n"),
        # What was typed before he chose to stay anonymous is not taken.
        name=None if anonymous else checked_name(form.nama),
        phone=None if anonymous or not phone else checked_phone(phone),
        about=StaffRole(form.tentang) if form.tentang else None,
    )
    typed = [f"{name}={value}" for name, value in sorted(form.model_dump().items())]
    sent = resident_sent("complain", f"POST {COMPLAIN}", form.kunci, typed, parts.fingerprints)
    return await parts.commands.run(
        lambda uow: record_complaint(
            new, uow, holidays=parts.holidays, vault=parts.vault, allow=_anybody
        ),
        sent=sent,
        key=id_,
    )


def _anybody(programme_id: str, region: str) -> None:
    """Let everybody complain, wherever he lives."""
    del programme_id, region


async def _thanks(
    request: Request, parts: Complaining, programme: Programme, outcome: Outcome
) -> Response:
    """Show the code; a replay shows the same again."""
    id_ = str(outcome.answer["complaint_id"])
    known = await parts.reader.get(Complaint, id_)
    return parts.pages.render(
        request,
        "pengaduan_selesai.html",
        code=parts.secrets.code(coded(id_), known.tracking if known else None),
        programme=programme,
        complaint=known,
    )


async def _form(
    request: Request, parts: Complaining, form: ComplainForm, wrong: Sequence[Wrong] = ()
) -> Response:
    texts = parts.pages.texts
    most = angka(TEXT_LIMIT)
    said = [(field, texts(f"complain.wrong.{reason}", limit=most)) for field, reason in wrong]
    return parts.pages.render(
        request,
        "pengaduan.html",
        status=422 if wrong else 200,
        form=form if form.kunci else form.model_copy(update={"kunci": new_id()}),
        errors=said,
        wrong=dict(said),
        programmes=await parts.programmes(),
        kinds=list(ComplaintKind),
        days=WORKING_DAYS,
        staff=STAFF,
        ways=list(Secrecy),
        most=TEXT_LIMIT,
    )
