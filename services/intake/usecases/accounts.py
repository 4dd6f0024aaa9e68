"""Accounts: invited, made usable by their owner, given other rights, handed back, shut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.intake.domain import (
    LOGIN,
    TOTP,
    Account,
    Deed,
    Ended,
    Invitation,
    LoginName,
    NoticeKind,
    Refused,
    RequestKind,
    ResidentKey,
    Standing,
    account_id,
    needs_approval,
)
from services.intake.usecases.account_changes import (
    PLACE,
    AllowAccount,
    end_sessions,
    give_grants,
    hand_back,
    publish_ended,
    welcome,
)
from services.intake.usecases.account_requests import ask_for, none_open, overtake
from services.intake.usecases.notices import tell
from services.intake.usecases.ports import Vault
from shared.audit.trail import note
from shared.contracts.intake import AccessKind
from shared.messaging.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Invited:
    """Who shall have an account: his login name with its keys, and his grants."""

    login: str
    login_keys: Sequence[str]
    grants: tuple[str, ...]


async def invite(
    wanted: Invited, uow: UnitOfWork, vault: Vault, *, allow: AllowAccount
) -> dict[str, Any]:
    """Make an account that waits for its owner, and the link for him; return both ids.

    With a powerful grant it waits for a second person first: `invitation_id` is None until then.
    Raises Refused: login_taken.
    """
    allow(wanted.grants)
    account = await _made(wanted, uow, vault)
    if needs_approval((), account.grants):
        uow.add(account)
        await ask_for(RequestKind.INVITE, account, account.grants, uow)
        return {"account_id": account.id, "invitation_id": None}
    return _welcomed(account, uow)


async def invite_first(wanted: Invited, uow: UnitOfWork, vault: Vault) -> dict[str, Any]:
    """Invite an admin at the shell, where nobody is there yet who could approve it."""
    return _welcomed(await _made(wanted, uow, vault), uow)


async def _made(wanted: Invited, uow: UnitOfWork, vault: Vault) -> Account:
    name = await _free(wanted, uow)
    key = vault.new_key(name.account_id)
    uow.add(key, name)
    return Account(
        id=key.id,
        version=0,
        login=name.id,
        sealed=vault.seal(key, PLACE, {LOGIN: wanted.login}),
        grants=(),
        standing=Standing.REQUESTED,
        invited_by=uow.actor,
        created_at=uow.now(),
    ).granted(wanted.grants)


async def _free(wanted: Invited, uow: UnitOfWork) -> LoginName:
    """Return the login name for a new account. Raises Refused: login_taken."""
    version = 0
    for login in wanted.login_keys:
        name = await uow.get(LoginName, login)
        if name is not None and await uow.get(Account, name.account_id) is not None:
            raise Refused("login_taken", "login: there is an account with this name")
        if name is not None and login == wanted.login_keys[0]:
            version = name.version
    return LoginName(wanted.login_keys[0], account_id(), version + 1)


def _welcomed(account: Account, uow: UnitOfWork) -> dict[str, Any]:
    return {"account_id": account.id, "invitation_id": welcome(account, uow)}


async def redeem(
    invitation_id: str, password: str, totp: str, uow: UnitOfWork, vault: Vault
) -> dict[str, Any]:
    """Set the password of a link's account; `waits` for a first code where a role asks for one.

    `password` is hashed; `totp` is a new second factor's secret. Until a code of it was right the
    link stays good. All sessions of before end. Raises Missing, and Refused:
    link_spent, account_disabled.
    """
    invitation = await uow.require(Invitation, invitation_id)
    invitation.require_open(uow.now())
    account = await uow.require(Account, invitation.account_id)
    key = await uow.require(ResidentKey, account.id)
    account = account.redeemed(password, vault.seal(key, PLACE, {TOTP: totp}), uow.now())
    if account.standing is Standing.ACTIVE:
        uow.add(invitation.use(uow.now()))
    uow.add(account)
    note(Deed.PASSWORD_SET, account.id, uow)
    await tell(account.id, NoticeKind.PASSWORD_SET, uow)
    await end_sessions(account.id, uow, Ended.ACCOUNT)
    return {"account_id": account.id, "waits": account.standing is not Standing.ACTIVE}


async def confirm(invitation_id: str, step: int, uow: UnitOfWork) -> dict[str, Any]:
    """Make an account usable after a first right code of its second factor, and spend the link.

    Raises Missing, and Refused: link_spent, code_used, no_password.
    """
    invitation = await uow.require(Invitation, invitation_id)
    account = await uow.require(Account, invitation.account_id)
    if account.password is None or TOTP not in account.sealed:
        raise Refused("no_password", "code: set a password first")
    uow.add(account.confirm(step), invitation.use(uow.now()))
    note(Deed.SECOND_FACTOR_SET, account.id, uow)
    await tell(account.id, NoticeKind.SECOND_FACTOR_SET, uow)
    return {"account_id": account.id}


async def change_grants(
    of: str, grants: Sequence[str], uow: UnitOfWork, *, allow: AllowAccount
) -> dict[str, Any]:
    """Give an account other grants; `waits` where a powerful one is added, until it is approved.

    Raises Missing, and Refused: own_rights, no_grant, too_many_grants, request_open.
    """
    account = await _of_another(of, uow, allow)
    allow(grants)
    await none_open(of, uow)
    wanted = account.granted(grants).grants
    if needs_approval(account.grants, wanted):
        await ask_for(RequestKind.GRANTS, account, wanted, uow)
        return {"version": account.version, "waits": True}
    changed = await give_grants(account, wanted, uow)
    return {"version": changed.version, "waits": False}


async def disable(of: str, uow: UnitOfWork, *, allow: AllowAccount) -> dict[str, Any]:
    """Shut an account, at once: its password, sessions and devices count no more.

    A request about it is closed. Raises Missing, and Refused: own_rights; request_open where the
    account itself is only asked for.
    """
    account = await _of_another(of, uow, allow)
    if account.standing is Standing.REQUESTED:
        raise Refused("request_open", "the account is only asked for: refuse the request")
    await overtake(of, uow)
    account = account.disabled()
    uow.add(account)
    note(Deed.DISABLED, of, uow)
    await tell(of, NoticeKind.DISABLED, uow)
    await publish_ended(of, AccessKind.ACCOUNT, account.version, uow)
    await end_sessions(of, uow, Ended.ACCOUNT, revoke=True)
    return {"version": account.version}


async def recover(of: str, uow: UnitOfWork, *, allow: AllowAccount) -> dict[str, Any]:
    """Hand an account back to its owner by a link, as a second person; also a disabled one.

    One that holds a powerful grant waits for a third person: `invitation_id` is None until then.
    Raises Missing, and Refused: own_rights, request_open.
    """
    account = await _of_another(of, uow, allow)
    await none_open(of, uow)
    if account.needs_second_factor:
        await ask_for(RequestKind.RECOVERY, account, account.grants, uow)
        return {"account_id": of, "invitation_id": None}
    return {"account_id": of, "invitation_id": await hand_back(account, uow)}


async def _of_another(of: str, uow: UnitOfWork, allow: AllowAccount) -> Account:
    account = await uow.require(Account, of)
    allow(account.grants)
    if uow.actor == of:
        raise Refused("own_rights", "nobody changes his own rights: ask another admin")
    return account
