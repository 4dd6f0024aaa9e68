"""Accounts over HTTP: invited and kept by admins, made usable by their owners with a link.

No change of rights without a fresh sign-in, and none of one's own.
"""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AfterValidator, BaseModel, Field

from services.intake.api.fields import invalid
from services.intake.domain import LOGIN, Account, AccountCodes, Refused, Standing, checked_login
from services.intake.usecases import (
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
from shared.auth.roles import Grant, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body, Unfit
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

_ADMINS: Final = Rule({Role.ADMIN})
_ADMINS_NOW: Final = Rule({Role.ADMIN}, fresh=True)
RULES: Final[RouteRules] = {
    "GET /api/accounts": _ADMINS,
    "GET /api/accounts/{account_id}": _ADMINS,
    "POST /api/accounts": _ADMINS_NOW,
    "PUT /api/accounts/{account_id}/grants": _ADMINS_NOW,
    "POST /api/accounts/{account_id}/disable": _ADMINS_NOW,
    "POST /api/accounts/{account_id}/recovery": _ADMINS_NOW,
}
PAGE: Final = 200
"""Accounts in one answer at most."""


def _grant(text: str) -> str:
    try:
        return str(Grant.parse(text))
    except ValueError:
        raise Unfit("a grant is written role:programme:region[:agency]") from None


Grants = Annotated[
    tuple[Annotated[str, Field(max_length=120), AfterValidator(_grant)], ...],
    Field(min_length=1, max_length=20),
]


class AccountBody(Body):
    """Who shall have an account, and with which grants."""

    login: Annotated[str, Field(max_length=400)]
    grants: Grants


class GrantsBody(Body):
    """The grants as they shall be from now on."""

    grants: Grants


class LinkAnswer(BaseModel):
    """The code of a link that its receiver may use once, at the page of first passwords.

    `waits`: another person has to approve it first, and there is no code yet.
    """

    account_id: str
    code: str | None
    waits: bool


class VersionAnswer(BaseModel):
    """An account's version after a change; `waits`: it changes when somebody has approved it."""

    account_id: str
    version: int
    waits: bool = False


class AccountAnswer(BaseModel):
    """An account, for those who administer it; the login name where one account is looked at."""

    account_id: str
    version: int
    grants: tuple[str, ...]
    standing: Standing
    created_at: datetime
    invited_by: str
    login: str | None = None


class AccountPage(BaseModel):
    """One page; `next_cursor` leads to the next, and is null on the last."""

    items: list[AccountAnswer]
    next_cursor: str | None


router = APIRouter(prefix="/api/accounts")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
SignInDep = Annotated[SignIn, Depends(provided(SignIn))]
CodesDep = Annotated[AccountCodes, Depends(provided(AccountCodes))]
VaultDep = Annotated[Vault, Depends(provided(Vault))]
AccountPath = Annotated[AggregateId, Path()]


@router.get("")
async def list_accounts(
    caller: CallerDep,
    reader: ReaderDep,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
    cursor: Annotated[AggregateId, Query()] = "a",
) -> AccountPage:
    """Return the accounts that the caller administers, without names; a page may hold few."""
    found = await reader.accounts(cursor, limit)
    items = [_answer(one) for one in found if administers(caller, one.grants)]
    return AccountPage(items=items, next_cursor=found[-1].id if len(found) == limit else None)


@router.get("/{account_id}")
async def get_account(
    account_id: AccountPath, caller: CallerDep, reader: ReaderDep, sign_in: SignInDep
) -> AccountAnswer:
    """Return one account with its login name."""
    account = await reader.get(Account, account_id)
    if account is None or not administers(caller, account.grants):
        raise NotFound("account")
    login = await sign_in.opened(account, LOGIN)
    return _answer(account).model_copy(update={"login": login})


@router.post("", status_code=201)
async def post_account(
    body: AccountBody,
    caller: CallerDep,
    codes: CodesDep,
    vault: VaultDep,
    commands: CommandsDep,
    sent: SentDep,
) -> LinkAnswer:
    """Invite somebody: an account that waits, and the code of its link."""
    try:
        login = checked_login(body.login)
    except Refused as refused:
        raise invalid(refused) from None
    wanted = Invited(login, codes.login_keys(login), body.grants)
    allow = allowed_account(caller)
    outcome = await commands.run(
        lambda uow: invite(wanted, uow, vault, allow=allow),
        sent=sent,
        key=wanted.login_keys[0],
    )
    allow(body.grants)  # a replay too: the token may be another one by now
    return _link(outcome.answer, codes)


@router.put("/{account_id}/grants")
async def put_grants(
    account_id: AccountPath,
    body: GrantsBody,
    caller: CallerDep,
    commands: CommandsDep,
    sent: SentDep,
) -> VersionAnswer:
    """Give an account other grants."""
    outcome = await commands.run(
        lambda uow: change_grants(account_id, body.grants, uow, allow=allowed_account(caller)),
        sent=sent,
        key=account_id,
    )
    return VersionAnswer(account_id=account_id, **outcome.answer)


@router.post("/{account_id}/disable")
async def post_disable(
    account_id: AccountPath, caller: CallerDep, commands: CommandsDep, sent: SentDep
) -> VersionAnswer:
    """Shut an account, its devices included."""
    outcome = await commands.run(
        lambda uow: disable(account_id, uow, allow=allowed_account(caller)),
        sent=sent,
        key=account_id,
    )
    return VersionAnswer(account_id=account_id, **outcome.answer)


@router.post("/{account_id}/recovery")
async def post_recovery(
    account_id: AccountPath,
    caller: CallerDep,
    codes: CodesDep,
    commands: CommandsDep,
    sent: SentDep,
) -> LinkAnswer:
    """Hand an account back to its owner, who has lost his password or his second factor."""
    outcome = await commands.run(
        lambda uow: recover(account_id, uow, allow=allowed_account(caller)),
        sent=sent,
        key=account_id,
    )
    return _link(outcome.answer, codes)


def _link(made: dict[str, str | None], codes: AccountCodes) -> LinkAnswer:
    invitation = made["invitation_id"]
    code = codes.link_code(invitation) if invitation else None
    return LinkAnswer(account_id=str(made["account_id"]), code=code, waits=code is None)


def _answer(account: Account) -> AccountAnswer:
    return AccountAnswer(
        account_id=account.id,
        version=account.version,
        grants=account.grants,
        standing=account.standing,
        created_at=account.created_at,
        invited_by=account.invited_by,
    )
