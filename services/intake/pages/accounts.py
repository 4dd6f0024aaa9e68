"""Akun: for admins, who has an account here, and what is done about one.

Whatever changes a right asks for a fresh sign-in on the spot, and what needs a second person says
so. A link is shown once, with its QR code, to whoever may hand it over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Form, Path, Request
from starlette.responses import Response

from services.intake.domain import (
    LOGIN,
    Account,
    AccountCodes,
    AccountRequest,
    Devices,
    Refused,
    checked_login,
)
from services.intake.pages.fresh import FreshFormDep
from services.intake.pages.grants import (
    ROLES,
    GrantFields,
    Wrong,
    grant_fields,
    programmes_of,
    said,
)
from services.intake.pages.signin import INVITATION
from services.intake.usecases import (
    Clock,
    Invited,
    Reader,
    SignIn,
    Vault,
    administers,
    allowed_account,
    change_grants,
    disable,
    invite,
    recover,
)
from shared.auth.roles import EVERYWHERE, Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId
from shared.messaging.unit_of_work import UseCase
from shared.runtime import Commands, built, provided
from shared.web.guard import CallerDep
from shared.web.pages import Pages
from shared.web.problems import NotFound
from shared.web.qr import qr_image

ACCOUNTS: Final = "/akun"
NEW: Final = f"{ACCOUNTS}/baru"
ADMINS: Final = Rule({Role.ADMIN})
RULES: Final[RouteRules] = {
    f"GET {NEW}": ADMINS,
    f"POST {NEW}": ADMINS,
    f"GET {ACCOUNTS}/{{account_id}}": ADMINS,
    f"POST {ACCOUNTS}/{{account_id}}": ADMINS,
}
REFUSALS: Final = frozenset(
    {
        "login_taken",
        "own_rights",
        "no_grant",
        "too_many_grants",
        "request_open",
        "account_disabled",
        "own_request",
        "request_closed",
        "request_changed",
        "account_changed",
        "beyond_reach",
    }
)
"""What the use cases can refuse, below `accounts.wrong` in the catalogue; all else is `other`."""
_FIELDS: Final = {"login_taken": "login"}

router = APIRouter(include_in_schema=False)
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
FieldsDep = Annotated[GrantFields, Depends(grant_fields)]
AccountPath = Annotated[AggregateId, Path()]


@dataclass(frozen=True, slots=True)
class Office:
    """What these pages work with."""

    caller: CallerDep
    request: Request
    form: FreshFormDep
    reader: ReaderDep
    pages: Annotated[Pages, Depends(provided(Pages))]
    sign_in: Annotated[SignIn, Depends(provided(SignIn))]
    codes: Annotated[AccountCodes, Depends(provided(AccountCodes))]
    vault: Annotated[Vault, Depends(provided(Vault))]
    commands: Annotated[Commands, Depends(provided(Commands))]
    clock: Annotated[Clock, Depends(provided(Clock))]

    async def one(self, account_id: str) -> Account:
        """Return an account within reach. Raises NotFound."""
        account = await self.reader.get(Account, account_id)
        if account is None or not administers(self.caller, account.grants):
            raise NotFound("account")
        return account

    async def name_of(self, account_id: str) -> str:
        """Return an account's login name where it is within reach, else its id."""
        account = await self.reader.get(Account, account_id)
        if account is None or not administers(self.caller, account.grants):
            return account_id
        return await self.sign_in.opened(account, LOGIN)

    async def run(self, use_case: UseCase, content: str, key: str) -> dict[str, Any]:
        """Run a command. Raises Refused with a reason that the pages have words for."""
        answer: dict[str, Any] = await self.form.run(self.commands, use_case, content, key)
        return answer

    def _link(self, invitation_id: str | None) -> str:
        if invitation_id is None:
            return ""
        url, code = self.request.url, self.codes.link_code(invitation_id)
        return f"{url.scheme}://{url.netloc}{INVITATION}#{code}"

    def result(self, what: str, invitation_id: str | None, back: str) -> Response:
        """Return the page that says what was done; `what` is below `accounts.result`.

        `invitation_id` is that of a link to be handed over, `back` the page to go on to.
        """
        link = self._link(invitation_id)
        page = self.pages.render(
            self.request,
            "akun_hasil.html",
            what=what,
            link=link,
            qr=qr_image(link) if link else "",
            back=back,
        )
        return self.form.done(page)


OfficeDep = Annotated[Office, Depends(built(Office))]


def wrong_by(refused: Refused, field: str) -> Wrong:
    """Return a refusal as the field that it is shown beside, and its words."""
    reason = refused.reason if refused.reason in REFUSALS else "other"
    return _FIELDS.get(reason, field), reason


@router.get(NEW)
async def show_new(office: OfficeDep) -> Response:
    """Ask who is to be invited."""
    return await _new(office, "", GrantFields(region=_region(office.caller)), [])


def _region(caller: Caller) -> str:
    """Return the region that a form begins with: everywhere is never given by a slip."""
    region = caller.scopes[0].region
    return "" if region == EVERYWHERE else region


async def _new(office: Office, login: str, fields: GrantFields, wrong: Sequence[Wrong]) -> Response:
    page = office.pages.render(
        office.request,
        "akun_baru.html",
        status=422 if wrong else 200,
        login=login,
        fields=fields,
        roles=ROLES,
        programmes=await programmes_of(office.caller, office.reader),
        wrong=wrong,
        new_key=new_id,
    )
    return office.form.done(page)


@router.post(NEW)
async def post_new(
    office: OfficeDep,
    fields: FieldsDep,
    login: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Invite somebody, after a fresh sign-in."""
    grants, wrong = fields.grants(), list(fields.wrong)
    try:
        name = checked_login(login)
    except Refused:
        name = ""
        wrong.insert(0, ("login", "login_malformed"))
    if wrong:
        return await _new(office, login, fields, wrong)
    if (asking := await office.form.asks("invite")) is not None:
        return asking
    wanted = Invited(name, office.codes.login_keys(name), grants)
    allow = allowed_account(office.caller)
    try:
        made = await office.run(
            lambda uow: invite(wanted, uow, office.vault, allow=allow),
            f"{name} {' '.join(grants)}",
            wanted.login_keys[0],
        )
    except Refused as refused:
        return await _new(office, login, fields, [wrong_by(refused, "peran")])
    allow(grants)  # a form sent twice too
    what = "invited" if made["invitation_id"] else "waits"
    return office.result(what, made["invitation_id"], ACCOUNTS)


@router.get(f"{ACCOUNTS}/{{account_id}}")
async def show_account(office: OfficeDep, account_id: AccountPath) -> Response:
    """Show one account, and what can be done about it."""
    return await _account(office, account_id, GrantFields(region=_region(office.caller)), [])


async def _account(
    office: Office, account_id: str, fields: GrantFields, wrong: Sequence[Wrong]
) -> Response:
    account = await office.one(account_id)
    names = await programmes_of(office.caller, office.reader)
    request = await office.reader.get(AccountRequest, account_id)
    devices = await office.reader.get(Devices, account_id)
    page = office.pages.render(
        office.request,
        "akun_satu.html",
        status=422 if wrong else 200,
        account=account,
        login=await office.sign_in.opened(account, LOGIN),
        grants=said(account.grants, names),
        waiting=request if request and request.is_open(office.clock()) else None,
        asked=said(request.grants, names) if request else [],
        devices=devices.devices if devices else (),
        mine=account_id == office.caller.subject,
        fields=fields,
        roles=ROLES,
        programmes=names,
        wrong=wrong,
        new_key=new_id,
    )
    return office.form.done(page)


@router.post(f"{ACCOUNTS}/{{account_id}}")
async def post_account(
    office: OfficeDep,
    account_id: AccountPath,
    fields: FieldsDep,
    aksi: Annotated[Literal["hak", "nonaktif", "pulihkan"], Form()],
) -> Response:
    """Change grants, disable or hand back, after a fresh sign-in."""
    account = await office.one(account_id)
    fields = replace(fields, kept=[one for one in fields.kept if one in account.grants])
    grants = fields.grants() if aksi == "hak" else ()
    if aksi == "hak" and fields.wrong:
        return await _account(office, account_id, fields, fields.wrong)
    if (asking := await office.form.asks(aksi)) is not None:
        return asking
    try:
        what, invitation = await _done(office, account_id, aksi, grants)
    except Refused as refused:
        return await _account(office, account_id, fields, [wrong_by(refused, "peran")])
    return office.result(what, invitation, f"{ACCOUNTS}/{account_id}")


async def _done(
    office: Office, account_id: str, action: str, grants: Sequence[str]
) -> tuple[str, str | None]:
    """Return what was done, below `accounts.result`, and the id of a link."""
    allow = allowed_account(office.caller)
    uses: dict[str, UseCase] = {
        "hak": lambda uow: change_grants(account_id, grants, uow, allow=allow),
        "nonaktif": lambda uow: disable(account_id, uow, allow=allow),
        "pulihkan": lambda uow: recover(account_id, uow, allow=allow),
    }
    made = await office.run(uses[action], f"{action} {' '.join(grants)}", account_id)
    if action == "pulihkan":
        return ("recovered" if made["invitation_id"] else "waits"), made["invitation_id"]
    if action == "hak":
        return ("waits" if made["waits"] else "granted"), None
    return "disabled", None
