"""Ajukan: a resident asks for a service on his phone, where a programme takes requests by page.

One thing a page; what was typed travels with the form and stands in no address. What is sent twice
is done once. The answer shows codes, days and papers, and nothing of the person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from services.intake.domain import (
    ONLINE,
    Case,
    ChannelCannot,
    Fact,
    Holidays,
    LookupKeys,
    Programme,
    Secrets,
    digest,
    local_day,
    mask_nik,
)
from services.intake.pages.ask_form import (
    BASES,
    CHECK,
    FIELDS,
    FOR_WHOM,
    Asked,
    AskForm,
    Checks,
    Wrong,
    new_request,
)
from services.intake.pages.resident_form import resident_sent
from services.intake.usecases import (
    Catalogues,
    Clock,
    KeyMissing,
    KnownProgrammes,
    Reader,
    Regions,
    ResidentLimits,
    Vault,
    ask,
    current_catalogue,
)
from shared.auth.rules import PUBLIC, RouteRules
from shared.contracts.envelope import new_id
from shared.messaging.task import Outcome
from shared.runtime import Commands, FingerprintKey, Sent, gathered
from shared.sealing.masterkeys import UnknownMasterKey
from shared.web.idempotency import usable_key
from shared.web.pages import Pages
from shared.web.problems import Conflict, TooManyRequests, Unavailable

ASK: Final = "/ajukan"
RULES: Final[RouteRules] = {f"GET {ASK}": PUBLIC, f"POST {ASK}": PUBLIC}
_REFUSALS: Final = frozenset({"no_day_left", "channel_cannot"})
"""Reasons that a stranger is told; all others are answered alike: they may be about a person."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asking:
    """What asking by page works with."""

    pages: Pages
    reader: Reader
    catalogues: Catalogues
    known: KnownProgrammes
    regions: Regions
    holidays: Holidays
    secrets: Secrets
    lookups: LookupKeys
    vault: Vault
    commands: Commands
    limits: ResidentLimits
    fingerprints: FingerprintKey
    clock: Clock

    async def offers(self) -> Sequence[Asked]:
        """Return what residents may ask for by page."""
        programmes = sorted((await self.known.all()).values(), key=lambda one: one.name)
        return [one for programme in programmes for one in await self._of(programme)]

    async def _of(self, programme: Programme) -> Sequence[Asked]:
        if ONLINE not in programme.channels:
            return ()
        catalogue = await current_catalogue(programme, self.catalogues)
        entries = catalogue.entries if catalogue else ()
        return [Asked(programme, one) for one in entries if one.taken_in(ONLINE)]


def _masked(typed: str) -> str:
    """Return a NIK as the last page shows it: who stands behind the resident reads no number."""
    nik = typed.replace(" ", "").replace(".", "")
    return mask_nik(nik) if nik else ""


AskingDep = Annotated[Asking, Depends(gathered(Asking))]


@router.get(ASK)
async def show_ask(request: Request, parts: AskingDep) -> Response:
    """Ask what is wanted; where no programme takes requests by page, say what there is instead."""
    offers = await parts.offers()
    checks = Checks(offers, parts.regions, parts.clock().date())
    return _page(request, parts, checks, AskForm(kunci=new_id()), "layanan")


@router.post(ASK)
async def take_ask(
    request: Request, parts: AskingDep, form: Annotated[AskForm, Form()]
) -> Response:
    """Take one page of the form, and show the next, or send all of it.

    Raises TooManyRequests and Unavailable.
    """
    offers = await parts.offers()
    chosen = next((one for one in offers if one.id == form.layanan), None)
    zone = chosen.programme.time_zone if chosen else "Asia/Jakarta"
    checks = Checks(offers, parts.regions, local_day(parts.clock(), zone))
    if form.langkah not in form.steps:
        return _page(request, parts, checks, form, "layanan")
    if form.aksi == "kembali":
        before = form.steps[max(0, form.steps.index(form.langkah) - 1)]
        return _page(request, parts, checks, form, before)
    if form.aksi in form.steps:
        return _page(request, parts, checks, form, form.aksi)
    if wrong := checks.wrong(form.langkah, form):
        return _page(request, parts, checks, form, form.langkah, wrong)
    if form.aksi == "kirim":
        return await _send(request, parts, checks, form)
    after = form.steps[min(form.steps.index(form.langkah) + 1, len(form.steps) - 1)]
    step = checks.first_wrong(form) if form.sudah else after
    return _page(request, parts, checks, form, step)


def _page(
    request: Request,
    parts: Asking,
    checks: Checks,
    form: AskForm,
    step: str,
    wrong: Sequence[Wrong] = (),
    refused: str = "",
) -> Response:
    """Return one page of the form; the last only where all before it are right."""
    texts = parts.pages.texts
    step = checks.first_wrong(form) if step == CHECK else step
    key = usable_key(form.kunci) or new_id()
    seen = "1" if step == CHECK else form.sudah
    shown = form.model_copy(update={"kunci": key, "sudah": seen})
    said = [(field, texts(f"ask.wrong.{reason}")) for field, reason in wrong]
    return parts.pages.render(
        request,
        "ajukan.html",
        status=422 if wrong or refused else 200,
        step=step,
        number=form.steps.index(step) + 1,
        many=len(form.steps),
        form=shown,
        hidden=[(name, text) for name, text in shown.kept.items() if name not in FIELDS[step]],
        errors=said,
        wrong=dict(said),
        refused=refused,
        offers=checks.offers,
        chosen=checks.chosen(form),
        subdistricts=checks.subdistricts(form),
        for_whom=FOR_WHOM,
        bases=BASES,
        masked=_masked,
    )


async def _send(request: Request, parts: Asking, checks: Checks, form: AskForm) -> Response:
    asked = checks.chosen(form)
    step = checks.first_wrong(form)
    if asked is None or step != CHECK:
        return _page(request, parts, checks, form, step, checks.wrong(step, form))
    client = request.client.host if request.client else ""
    if (seconds := await parts.limits.ask.client_waits(client)) is not None:
        raise TooManyRequests("too many requests of one address", retry_after=seconds)
    await parts.limits.ask.count_client(client)
    try:
        outcome = await _record(parts, form, asked)
    except ChannelCannot as cannot:
        return _page(request, parts, checks, form, step, refused=cannot.instead)
    except Conflict as conflict:
        reason = conflict.members.get("reason")
        words = reason if reason in _REFUSALS else "other"
        text = parts.pages.texts(f"ask.refused.{words}")
        return _page(request, parts, checks, form, step, refused=text)
    except (UnknownMasterKey, KeyMissing) as missing:
        raise Unavailable("a key is not here", retry_after=30) from missing
    return await _answer(request, parts, asked, outcome)


async def _record(parts: Asking, form: AskForm, asked: Asked) -> Outcome:
    case_id = new_id()
    new = new_request(form, asked, case_id, digest(parts.secrets.code(case_id)))
    return await parts.commands.run(
        lambda uow: ask(
            new,
            uow,
            holidays=parts.holidays,
            lookups=parts.lookups,
            vault=parts.vault,
            catalogues=parts.catalogues,
        ),
        sent=_sent(form, parts.fingerprints),
        key=case_id,
    )


def _sent(form: AskForm, key: FingerprintKey) -> Sent:
    """Return the form as a command: sent again it is the same, changed it is another."""
    typed = [f"{name}={value}" for name, value in sorted(form.kept.items()) if name != "sudah"]
    return resident_sent("ask", f"POST {ASK}", form.kunci, typed, key)


async def _answer(request: Request, parts: Asking, asked: Asked, outcome: Outcome) -> Response:
    """Show the code, what is to come and when; a replay shows the same code again."""
    said: Mapping[str, Any] = outcome.answer
    case_id = str(said["case_id"])
    case = await parts.reader.get(Case, case_id) if outcome.duplicate else None
    catalogue = await current_catalogue(asked.programme, parts.catalogues)
    return parts.pages.render(
        request,
        "ajukan_selesai.html",
        code=parts.secrets.code(case_id, case.tracking if case else None),
        asked=asked,
        received_at=case.facts[Fact.RECEIVED] if case else parts.clock(),
        due_on=_date(said["due_on"]),
        taken_up_on=_date(said.get("taken_up_on")),
        bring=catalogue.bring(ONLINE) if catalogue and asked.entry.requirements else None,
        complaints=catalogue.complaints if catalogue else "",
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
