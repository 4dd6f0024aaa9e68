"""Persetujuan: what admins have asked for about accounts, approved or refused by another person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form
from starlette.responses import Response

from services.intake.domain import LOGIN, MAX_REASON, Account, AccountRequest, Refused, RequestKind
from services.intake.pages.accounts import Office, OfficeDep, wrong_by
from services.intake.pages.grants import Said, Wrong, programmes_of, said
from services.intake.usecases import administers, allowed_account, approve, refuse
from services.intake.usecases.reasons import says_why
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId

REQUESTS: Final = "/persetujuan"
_APPROVERS: Final = Rule({Role.ADMIN, Role.SUPERVISOR})
RULES: Final[RouteRules] = {f"GET {REQUESTS}": _APPROVERS, f"POST {REQUESTS}": _APPROVERS}
PAGE: Final = 50
"""Requests on one page, the oldest; those within reach are shown."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One request as the page lists it; `barred`: why whoever looks may not approve it, or empty.

    `before` is empty where there was nothing before.
    """

    request: AccountRequest
    login: str
    asker: str
    before: Sequence[Said]
    grants: Sequence[Said]
    barred: str


@router.get(REQUESTS)
async def show_requests(office: OfficeDep) -> Response:
    """Show what waits and lies within reach, oldest first."""
    return await _page(office, [])


async def _page(office: Office, wrong: Sequence[Wrong]) -> Response:
    names = await programmes_of(office.caller, office.reader)
    rows: list[Row] = []
    for one in await office.reader.account_requests(PAGE):
        account = await office.reader.get(Account, one.id)
        if account is None or not administers(office.caller, one.all_grants):
            continue
        row = Row(
            one,
            await office.sign_in.opened(account, LOGIN),
            await office.name_of(one.asked_by),
            [] if one.kind is RequestKind.INVITE else said(one.before, names),
            said(one.grants, names),
            _barred(one, office.caller.subject),
        )
        rows.append(row)
    page = office.pages.render(
        office.request,
        "persetujuan.html",
        status=422 if wrong else 200,
        rows=rows,
        wrong=wrong,
        new_key=new_id,
    )
    return office.form.done(page)


def _barred(request: AccountRequest, subject: str) -> str:
    """Return why this one may not approve it, below `requests.barred`; empty: he may."""
    if request.id == subject:
        return "about"
    return "own" if request.asked_by == subject else ""


@router.post(REQUESTS)
async def post_request(
    office: OfficeDep,
    akun: Annotated[AggregateId, Form()],
    versi: Annotated[int, Form(ge=1, le=2**31 - 1)],
    aksi: Annotated[Literal["setuju", "tolak"], Form()],
    alasan: Annotated[str, Form(max_length=MAX_REASON * 2)] = "",
) -> Response:
    """Approve or refuse what somebody else has asked for, after a fresh sign-in."""
    field, reason = f"alasan-{akun}", " ".join(alasan.split())
    if aksi == "tolak" and not says_why(reason):
        return await _page(office, [(field, "reason_malformed")])
    if (asking := await office.form.asks(aksi)) is not None:
        return asking
    try:
        if aksi == "setuju":
            return await _approved(office, akun, versi)
        allow = allowed_account(office.caller)
        await office.run(
            lambda uow: refuse(akun, versi, reason, uow, allow=allow), f"tolak {akun} {versi}", akun
        )
    except Refused as refused:
        return await _page(office, [wrong_by(refused, field)])
    return office.result("refused", None, REQUESTS)


async def _approved(office: Office, account_id: str, version: int) -> Response:
    allow = allowed_account(office.caller)
    made = await office.run(
        lambda uow: approve(account_id, version, uow, allow=allow),
        f"setuju {account_id} {version}",
        account_id,
    )
    allow(made["grants"])
    return office.result("approved", made["invitation_id"], REQUESTS)
