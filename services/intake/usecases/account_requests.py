"""Asked for by one admin, approved by another person: powerful rights, and accounts that hold them.

A request that nobody decides expires by a timer. Whoever is refused or invited in vain leaves
nothing: the account that was made for him goes, and his login name is free again.
"""

from typing import Any, Final

from services.intake.domain import (
    Account,
    AccountRequest,
    Deed,
    NoticeKind,
    Refused,
    RequestKind,
    RequestState,
    ResidentKey,
)
from services.intake.usecases.account_changes import (
    AllowAccount,
    give_grants,
    hand_back,
    welcome,
)
from services.intake.usecases.notices import tell
from shared.audit.trail import note
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork

APPROVAL: Final = "account_approval"
"""The timer at whose end a request expires."""


async def ask_for(
    kind: RequestKind, account: Account, grants: tuple[str, ...], uow: UnitOfWork
) -> None:
    """Have something about an account wait for a second person. Raises Refused: request_open."""
    before = await none_open(account.id, uow)
    request = AccountRequest(
        id=account.id,
        version=before.version + 1 if before else 1,
        kind=kind,
        before=account.grants,
        grants=grants,
        asked_by=uow.actor,
        asked_at=uow.now(),
    )
    uow.add(request)
    note(Deed.ASKED, account.id, uow, kind.value, *grants)
    await uow.set_timer(APPROVAL, account.id, request.until)


async def none_open(of: str, uow: UnitOfWork) -> AccountRequest | None:
    """Return the last request about an account. Raises Refused where it waits: request_open."""
    found = await uow.get(AccountRequest, of)
    if found is not None and found.is_open(uow.now()):
        raise Refused("request_open", "a request about this account waits to be approved")
    return found


async def overtake(of: str, uow: UnitOfWork) -> None:
    """Close the request about an account that is disabled meanwhile, where one waits."""
    found = await uow.get(AccountRequest, of)
    if found is not None and found.state is RequestState.OPEN:
        await _close(found.overtaken(uow.actor, uow.now()), Deed.REFUSED, uow)


async def approve(of: str, version: int, uow: UnitOfWork, *, allow: AllowAccount) -> dict[str, Any]:
    """Do what was asked for; `invitation_id` is the link's where there is one, else None.

    `grants` are all that it was about, so that a repeat passes the same check.

    `version` is that of the request which the approver has looked at. Raises Missing, and Refused:
    request_closed, request_changed, own_request, own_rights, account_changed.
    """
    request = await uow.require(AccountRequest, of)
    allow(request.all_grants)
    after = request.approved(version, uow.actor, uow.now())
    account = await uow.require(Account, of)
    if account.grants != request.before:
        raise Refused("account_changed", "the account has other grants by now: ask again")
    await _close(after, Deed.APPROVED, uow)
    invitation = await _carry_out(request, account, uow)
    return {"invitation_id": invitation, "grants": list(request.all_grants)}


async def _carry_out(request: AccountRequest, account: Account, uow: UnitOfWork) -> str | None:
    match request.kind:
        case RequestKind.INVITE:
            return welcome(account, uow)
        case RequestKind.GRANTS:
            await give_grants(account, request.grants, uow)
            return None
        case RequestKind.RECOVERY:
            return await hand_back(account, uow)


async def refuse(
    of: str, version: int, reason: str, uow: UnitOfWork, *, allow: AllowAccount
) -> dict[str, Any]:
    """Refuse what was asked for, or take it back.

    Raises Missing, and Refused: request_closed, request_changed, own_rights, reason_malformed.
    """
    request = await uow.require(AccountRequest, of)
    allow(request.all_grants)
    await _close(request.refused(version, uow.actor, reason, uow.now()), Deed.REFUSED, uow)
    return {"account_id": of}


async def expire(timer: Timer, uow: UnitOfWork) -> None:
    """Close a request that nobody has decided; nothing where somebody did."""
    request = await uow.get(AccountRequest, timer.key)
    if request is not None and request.state is RequestState.OPEN:
        await _close(request.expired(uow.now()), Deed.EXPIRED, uow)


_TOLD: Final = {
    Deed.APPROVED: NoticeKind.REQUEST_APPROVED,
    Deed.REFUSED: NoticeKind.REQUEST_REFUSED,
    Deed.EXPIRED: NoticeKind.REQUEST_EXPIRED,
}


async def _close(after: AccountRequest, deed: Deed, uow: UnitOfWork) -> None:
    uow.add(after)
    note(deed, after.id, uow, after.kind.value)
    await uow.clear_timer(APPROVAL, after.id)
    if uow.actor != after.asked_by:
        await tell(after.asked_by, _TOLD[deed], uow, after.id, after.reason)
    if after.kind is RequestKind.INVITE and deed is not Deed.APPROVED:
        # Nobody has agreed to keep anything about him.
        uow.delete(await uow.require(Account, after.id), await uow.require(ResidentKey, after.id))
