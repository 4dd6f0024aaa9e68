"""Accounts: invited, made usable by their owner, given other rights, handed back, shut."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.intake.domain import (
    INVITED_FOR,
    LOGIN,
    TOTP,
    Account,
    Deed,
    Device,
    Devices,
    Ended,
    Invitation,
    LoginName,
    Refused,
    ResidentKey,
    Standing,
    account_id,
)
from services.intake.usecases.audit import note
from services.intake.usecases.ports import Vault
from shared.contracts.envelope import new_id
from shared.contracts.intake import AccessKind, AccessRevoked
from shared.messaging.revocations import note_revocation
from shared.messaging.unit_of_work import UnitOfWork

PLACE: Final = "account"
"""Where an account's name and second factor are sealed, beside its id."""

AllowAccount = Callable[[Sequence[str]], None]
"""Raises where the caller may not give, change or take these grants."""


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

    Raises Refused: login_taken.
    """
    allow(wanted.grants)
    for login in wanted.login_keys:
        if await uow.get(LoginName, login) is not None:
            raise Refused("login_taken", "login: there is an account with this name")
    key = vault.new_key(account_id())
    account = Account(
        id=key.id,
        version=0,
        login=wanted.login_keys[0],
        sealed=vault.seal(key, PLACE, {LOGIN: wanted.login}),
        grants=(),
        standing=Standing.INVITED,
        invited_by=uow.actor,
        created_at=uow.now(),
    ).granted(wanted.grants)
    invitation = _invitation(account.id, uow)
    uow.add(key, account, LoginName(account.login, account.id), invitation)
    note(Deed.INVITED, account.id, uow, *account.grants)
    return {"account_id": account.id, "invitation_id": invitation.id}


def _invitation(of: str, uow: UnitOfWork) -> Invitation:
    return Invitation(new_id(), 1, of, uow.now() + INVITED_FOR, uow.actor)


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
    return {"account_id": account.id}


async def change_grants(
    of: str, grants: Sequence[str], uow: UnitOfWork, *, allow: AllowAccount
) -> dict[str, Any]:
    """Give an account other grants; tokens that hold those of before count no more.

    Raises Missing, and Refused: own_rights, no_grant, too_many_grants.
    """
    account = await _of_another(of, uow, allow)
    allow(grants)
    changed = account.granted(grants)
    if changed.grants == account.grants:
        return {"version": account.version}
    uow.add(changed)
    note(Deed.GRANTED, of, uow, *changed.grants)
    await _publish(of, AccessKind.ACCOUNT, changed.version, uow)
    if not changed.confirmed and changed.needs_second_factor:
        # A role that asks for a second factor: none can be given but by a new link.
        await end_sessions(of, uow, Ended.ACCOUNT)
    return {"version": changed.version}


async def disable(of: str, uow: UnitOfWork, *, allow: AllowAccount) -> dict[str, Any]:
    """Shut an account: its password, sessions and devices count no more.

    Raises Missing, and Refused: own_rights.
    """
    account = (await _of_another(of, uow, allow)).disabled()
    uow.add(account)
    note(Deed.DISABLED, of, uow)
    await _publish(of, AccessKind.ACCOUNT, account.version, uow)
    await end_sessions(of, uow, Ended.ACCOUNT, revoke=True)
    return {"version": account.version}


async def recover(of: str, uow: UnitOfWork, *, allow: AllowAccount) -> dict[str, Any]:
    """Hand an account back to its owner by a link, as a second person; also a disabled one.

    Until he has set a new password nobody gets in. Raises Missing, and Refused: own_rights.
    """
    account = (await _of_another(of, uow, allow)).recovering()
    invitation = _invitation(of, uow)
    uow.add(account, invitation)
    note(Deed.RECOVERED, of, uow)
    await _publish(of, AccessKind.ACCOUNT, account.version, uow)
    await end_sessions(of, uow, Ended.ACCOUNT)
    return {"account_id": of, "invitation_id": invitation.id}


async def _of_another(of: str, uow: UnitOfWork, allow: AllowAccount) -> Account:
    account = await uow.require(Account, of)
    allow(account.grants)
    if uow.actor == of:
        raise Refused("own_rights", "nobody changes his own rights: ask another admin")
    return account


async def end_sessions(
    of: str,
    uow: UnitOfWork,
    why: Ended,
    which: Callable[[Device], bool] = lambda _: True,
    *,
    revoke: bool = False,
) -> tuple[str, ...]:
    """End sessions of an account, on all its devices or some; return the ids of those sessions."""
    devices = await uow.get(Devices, of)
    if devices is None:
        return ()
    after, ended = devices.ended(why, which, revoke=revoke)
    if after is not devices:
        uow.add(after)
    await revoke_sessions(ended, uow)
    return ended


async def revoke_sessions(sessions: Sequence[str], uow: UnitOfWork) -> None:
    """Tell every service that tokens of these sessions count no more."""
    for session in sessions:
        await _publish(session, AccessKind.SESSION, 1, uow)


async def _publish(access_id: str, kind: AccessKind, version: int, uow: UnitOfWork) -> None:
    await note_revocation(access_id, uow.now(), uow)
    event = AccessRevoked(access_id=access_id, kind=kind, revoked_at=uow.now())
    uow.publish(event, version=version)
