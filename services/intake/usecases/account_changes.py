"""What happens to an account once it may: given grants, handed back by a link, its sessions ended.

Who may have it done, and who has to approve it, is decided before (`accounts`, `account_requests`).
"""

from collections.abc import Callable, Sequence
from typing import Final

from services.intake.domain import (
    INVITED_FOR,
    Account,
    Deed,
    Device,
    Devices,
    Ended,
    Invitation,
    NoticeKind,
)
from services.intake.usecases.notices import tell
from shared.audit.trail import note
from shared.auth.tokens import ENDED_FOR
from shared.contracts.envelope import new_id
from shared.contracts.intake import AccessKind, AccessRevoked
from shared.messaging.revocations import note_revocation
from shared.messaging.unit_of_work import UnitOfWork

PLACE: Final = "account"
"""Where an account's name and second factor are sealed, beside its id."""

AllowAccount = Callable[[Sequence[str]], None]
"""Raises where the caller may not give, change or take these grants."""


def new_link(of: str, uow: UnitOfWork) -> str:
    """Make a link for the owner of an account; return its id."""
    invitation = Invitation(new_id(), 1, of, uow.now() + INVITED_FOR, uow.actor)
    uow.add(invitation)
    return invitation.id


def welcome(account: Account, uow: UnitOfWork) -> str:
    """Have the link for a new account go out; return the link's id."""
    uow.add(account.invited())
    note(Deed.INVITED, account.id, uow, *account.grants)
    return new_link(account.id, uow)


async def give_grants(account: Account, grants: Sequence[str], uow: UnitOfWork) -> Account:
    """Give an account other grants; tokens that hold those of before count no more.

    Raises Refused: no_grant, too_many_grants.
    """
    changed = account.granted(grants)
    if changed.grants == account.grants:
        return account
    uow.add(changed)
    note(Deed.GRANTED, account.id, uow, *changed.grants)
    await tell(account.id, NoticeKind.GRANTED, uow)
    await publish_ended(account.id, AccessKind.ACCOUNT, changed.version, uow)
    if not changed.confirmed and changed.needs_second_factor:
        # A role that asks for a second factor: none can be given but by a new link.
        await end_sessions(account.id, uow, Ended.ACCOUNT)
    return changed


async def hand_back(account: Account, uow: UnitOfWork) -> str:
    """Hand an account back to its owner; until he has set a new password nobody gets in.

    Return the id of his link.
    """
    after = account.recovering()
    uow.add(after)
    note(Deed.RECOVERED, account.id, uow)
    await tell(account.id, NoticeKind.RECOVERED, uow)
    await publish_ended(account.id, AccessKind.ACCOUNT, after.version, uow)
    await end_sessions(account.id, uow, Ended.ACCOUNT)
    return new_link(account.id, uow)


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
        await publish_ended(session, AccessKind.SESSION, 1, uow)


async def publish_ended(access_id: str, kind: AccessKind, version: int, uow: UnitOfWork) -> None:
    """Tell every service that tokens of an account or session from before now count no more.

    An account's end is remembered as long as a token without a session may live.
    """
    until = uow.now() + ENDED_FOR if kind is AccessKind.ACCOUNT else None
    event = AccessRevoked(access_id=access_id, kind=kind, revoked_at=uow.now(), until=until)
    await note_revocation(event, uow)
    uow.publish(event, version=version)
