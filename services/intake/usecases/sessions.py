"""Sessions: opened by a password, kept going by a device, ended by anybody who has the right."""

from dataclasses import dataclass, replace
from typing import TypedDict

from services.intake.domain import (
    PLAIN,
    Account,
    Deed,
    Device,
    Devices,
    Ended,
    Limits,
    NoticeKind,
    Refused,
    Reuse,
    SecurityRecord,
    Session,
    Sign,
    Standing,
)
from services.intake.usecases.account_changes import end_sessions, revoke_sessions
from services.intake.usecases.notices import tell
from shared.audit.trail import note
from shared.contracts.envelope import new_id
from shared.messaging.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Proven:
    """Whose password, and code, was right just now: what the account was like then."""

    account_id: str
    password: str
    step: int | None


class Opened(TypedDict):
    """What a token of a session is made of, as plain data: answers are kept."""

    account_id: str
    session_id: str
    grants: list[str]
    proved_at: str
    ends_at: str
    """When the session is over, however much it is used."""
    plain: bool
    """Bound to no device: it cannot be kept going."""


class Stolen(TypedDict):
    """A refresh token that somebody else has shown; `refused` is the sign that was recorded."""

    refused: str


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in: the thumbprint of its key, or None, and what to call it."""

    key: str | None
    label: str


async def open_session(
    proven: Proven,
    browser: Browser,
    refresh: str | None,
    id_: str,
    limits: Limits,
    uow: UnitOfWork,
) -> Opened:
    """Open a session on a device; one that was open there ends.

    `refresh` is the digest of its first refresh token, None for a browser without a key. Raises
    Refused: not_recognised where the account has changed meanwhile, device_revoked, code_used.
    """
    account = await _still(proven, uow)
    now = uow.now()
    session = Session(id_, began_at=now, used_at=now, proved_at=now, token=refresh)
    device = Device(
        id=browser.key or id_,
        label=browser.label,
        first_at=now,
        last_at=now,
        session=session,
        plain=browser.key is None,
    )
    devices = await uow.get(Devices, account.id) or Devices(account.id)
    known = devices.device(device.id) is not None
    devices, ended = devices.opened(device)
    uow.add(devices)
    note(Deed.SIGNED_IN, account.id, uow, id_)
    if not known:
        await tell(account.id, NoticeKind.DEVICE_ADDED, uow, device.label)
    await revoke_sessions(ended, uow)
    return _opened(account, device, session, limits)


def _opened(account: Account, device: Device, session: Session, limits: Limits) -> Opened:
    lasts = PLAIN if device.plain else limits.absolute
    return {
        "account_id": account.id,
        "session_id": session.id,
        "grants": list(account.grants),
        "proved_at": session.proved_at.isoformat(),
        "ends_at": (session.began_at + lasts).isoformat(),
        "plain": device.plain,
    }


async def _still(proven: Proven, uow: UnitOfWork) -> Account:
    account = await uow.get(Account, proven.account_id)
    if account is None or not account.can_sign_in or account.password != proven.password:
        raise Refused("not_recognised", "the account has changed meanwhile")
    if proven.step is not None:
        account = account.used_code(proven.step)
        uow.add(account)
    return account


async def prove_again(proven: Proven, session: str, limits: Limits, uow: UnitOfWork) -> Opened:
    """Note that a person has given his password and code once more. Raises Refused."""
    account = await _still(proven, uow)
    devices = await uow.get(Devices, account.id) or Devices(account.id)
    device = devices.holding(session)
    if device is None or device.session is None:
        raise Refused("session_over", "the session is over: sign in again")
    again = replace(device.session, proved_at=uow.now())
    uow.add(devices.put(replace(device, session=again)))
    note(Deed.PROVED, account.id, uow, session)
    return _opened(account, device, again, limits)


@dataclass(frozen=True, slots=True)
class Shown:
    """A refresh token as it was shown: digests, the device's key and its proof's id."""

    account_id: str
    session_id: str
    digest: str
    key: str
    proof: str


async def refresh_session(
    shown: Shown, fresh: str, limits: Limits, uow: UnitOfWork
) -> Opened | Stolen:
    """Give a device a fresh refresh token for the one that it shows.

    What is stolen is answered, not refused by raising: the record of it and the end of the device
    are kept. Raises Refused: session_over, device_revoked, account_disabled, proof_used.
    """
    account = await uow.get(Account, shown.account_id)
    devices = await uow.get(Devices, shown.account_id)
    device = devices.holding(shown.session_id) if devices else None
    if account is None or not account.can_sign_in or devices is None or device is None:
        raise _over(account, devices, shown.key)
    if device.plain or device.id != shown.key:
        await _record(Sign.REFRESH_ELSEWHERE, account, device, uow)
        return {"refused": Sign.REFRESH_ELSEWHERE.value}
    try:
        after = devices.refreshed(device, shown.digest, shown.proof, fresh, uow.now(), limits)
    except Reuse:
        await _record(Sign.REFRESH_REUSED, account, device, uow)
        await end_sessions(
            account.id, uow, Ended.REUSED, lambda one: one.id == device.id, revoke=True
        )
        return {"refused": Sign.REFRESH_REUSED.value}
    uow.add(after)
    return _opened(account, device, after.session_of(device.id), limits)


def _over(account: Account | None, devices: Devices | None, key: str) -> Refused:
    """Return why nothing is refreshed; only who holds a device's key is told that it was ended."""
    known = devices.device(key) if devices else None
    if account is not None and known is not None:
        if account.standing is Standing.DISABLED:
            return Refused("account_disabled", "the account was disabled")
        if known.revoked:
            return Refused("device_revoked", "this device was revoked")
    return Refused("session_over", "the session is over: sign in again")


async def _record(sign: Sign, account: Account, device: Device, uow: UnitOfWork) -> None:
    uow.add(SecurityRecord(new_id(), sign, account.id, device.label, uow.now(), account.grants))
    note(Deed(sign.value), account.id, uow, device.id)
    await tell(account.id, NoticeKind(sign.value), uow, device.label)


async def sign_out(of: str, session: str, uow: UnitOfWork) -> None:
    """End one session, here and in every service."""
    note(Deed.SIGNED_OUT, of, uow, session)
    await end_sessions(
        of, uow, Ended.SIGNED_OUT, lambda one: one.session is not None and one.session.id == session
    )


async def sign_out_everywhere(of: str, uow: UnitOfWork) -> None:
    """End every session of an account, this one included; its devices may sign in again."""
    note(Deed.SIGNED_OUT, of, uow, "all")
    await end_sessions(of, uow, Ended.SIGNED_OUT)


async def revoke_device(of: str, device_id: str, uow: UnitOfWork) -> None:
    """End a device for good: its session, and its key. Raises Refused: unknown_device."""
    devices = await uow.get(Devices, of)
    device = devices.device(device_id) if devices else None
    if device is None:
        raise Refused("unknown_device", "device_id: this account has no such device")
    note(Deed.DEVICE_REVOKED, of, uow, device_id)
    await tell(of, NoticeKind.DEVICE_REVOKED, uow, device.label)
    await end_sessions(of, uow, Ended.REVOKED, lambda one: one.id == device_id, revoke=True)
