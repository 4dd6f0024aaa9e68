"""Devices and sessions of an account: rights that last hours, each bound to one device.

A session is kept going by a refresh token that is changed at each use, and that only the device it
was given to can use: it signs every use with a key that its browser does not give away (RFC 9449
in spirit; the key is ECDSA P-256). So a stolen token is worth nothing without the device, and a
token that comes back after it was changed tells that somebody has a copy.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.intake.domain.refusal import Refused

MAX_DEVICES: Final = 20
"""Devices of one account; the one that was used longest ago makes room."""
IDLE: Final = timedelta(hours=3)
ABSOLUTE: Final = timedelta(hours=12)
"""How long a session lasts without and with use, unless the office sets less."""
PLAIN: Final = timedelta(minutes=30)
"""How long a session without JavaScript lasts: its cookie is bound to no device."""
ANSWER_LOST: Final = timedelta(seconds=30)
"""How long the token before may be shown again by the same device: an answer can get lost."""
PROOFS: Final = 32
"""Proofs of a device that are remembered; each is good for a minute and one use."""


class Reuse(Refused):
    """A refresh token came back that had been changed: somebody holds a copy."""


class Ended(StrEnum):
    """Why a session is over."""

    SIGNED_OUT = "signed_out"
    REPLACED = "replaced"
    """By a new sign-in on the same device."""
    REVOKED = "revoked"
    """By its owner, a supervisor or an admin."""
    REUSED = "reused"
    ACCOUNT = "account"
    """The account was disabled, or its password set anew."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long sessions last; an office may set less than IDLE and ABSOLUTE, not more."""

    idle: timedelta = IDLE
    absolute: timedelta = ABSOLUTE

    def __post_init__(self) -> None:
        if not timedelta(0) < self.idle <= IDLE or not timedelta(0) < self.absolute <= ABSOLUTE:
            raise ValueError("a session lasts 3 h idle and 12 h in all at most")

    def alive(self, session: "Session | None", now: datetime) -> bool:
        """Return whether there is a session whose time is not up."""
        return session is not None and not session.over(now, self)


@dataclass(frozen=True, slots=True)
class Session:
    """What one sign-in opened. `token` is the digest of the refresh token that counts.

    `proved_at` is when the person last gave his password and code.
    """

    id: str
    began_at: datetime
    used_at: datetime
    proved_at: datetime
    token: str | None = None
    before: str | None = None
    """Digest of the token that was changed last."""

    def over(self, now: datetime, limits: Limits) -> bool:
        """Return whether its time is up."""
        return now - self.used_at >= limits.idle or now - self.began_at >= limits.absolute


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that somebody signed in with, named by its key (RFC 7638 thumbprint).

    Without a key (`plain`): a browser without JavaScript, one for each sign-in.
    """

    id: str
    label: str
    first_at: datetime
    last_at: datetime
    session: Session | None = None
    ended: Ended | None = None
    """Why its last session is over."""
    revoked: bool = False
    """Its key is not taken again."""
    plain: bool = False
    proofs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of one account, under its id: all that is decided about them meets here."""

    id: str
    version: int = 0
    devices: tuple[Device, ...] = ()

    def device(self, device_id: str) -> Device | None:
        """Return a device."""
        return next((device for device in self.devices if device.id == device_id), None)

    def holding(self, session_id: str) -> Device | None:
        """Return the device of an open session."""
        return next((d for d in self.devices if d.session and d.session.id == session_id), None)

    def session_of(self, device_id: str) -> Session:
        """Return the open session of a device. Raises Refused: session_over."""
        device = self.device(device_id)
        if device is None or device.session is None:
            raise Refused("session_over", "the session is over: sign in again")
        return device.session

    def opened(self, device: Device) -> tuple["Devices", tuple[str, ...]]:
        """Return these with a device that has just signed in, and the sessions that end by it.

        Raises Refused: device_revoked.
        """
        known = self.device(device.id)
        if known is not None and known.revoked:
            raise Refused("device_revoked", "this device was revoked: sign in with a new key")
        if known is not None:
            device = replace(device, first_at=known.first_at, proofs=known.proofs)
        others = sorted(
            (one for one in self.devices if one.id != device.id), key=lambda one: one.last_at
        )
        room = others[max(0, len(others) - MAX_DEVICES + 1) :]
        gone = [one for one in others if one not in room] + ([known] if known else [])
        ended = tuple(one.session.id for one in gone if one.session)
        return replace(self, version=self.version + 1, devices=(*room, device)), ended

    def refreshed(
        self, device: Device, shown: str, proof: str, fresh: str, now: datetime, limits: Limits
    ) -> "Devices":
        """Return these after a device has shown its refresh token and gets a fresh one.

        `shown` and `fresh` are digests, `proof` the id of the device's signed statement. Raises
        Reuse, and Refused: session_over, proof_used.
        """
        session = device.session
        if session is None or session.over(now, limits):
            raise Refused("session_over", "the session is over: sign in again")
        if proof in device.proofs:
            raise Refused("proof_used", "a proof counts once")
        lost = shown == session.before and now - session.used_at <= ANSWER_LOST
        if shown != session.token and not lost:
            raise Reuse("refresh_reused", "a refresh token came back that had been changed")
        after = replace(session, used_at=now, token=fresh, before=shown)
        proofs = (*device.proofs, proof)[-PROOFS:]
        return self.put(replace(device, session=after, last_at=now, proofs=proofs))

    def ended(
        self, why: Ended, which: Callable[[Device], bool], *, revoke: bool = False
    ) -> tuple["Devices", tuple[str, ...]]:
        """Return these with the sessions of some devices ended, and the ids of those sessions."""
        chosen = [one for one in self.devices if which(one) and (one.session or revoke)]
        if not chosen:
            return self, ()
        shut = {
            one.id: replace(one, session=None, ended=why, revoked=one.revoked or revoke)
            for one in chosen
        }
        after = tuple(shut.get(one.id, one) for one in self.devices)
        ids = tuple(one.session.id for one in chosen if one.session)
        return replace(self, version=self.version + 1, devices=after), ids

    def put(self, device: Device) -> "Devices":
        """Return these with a device in the place of what it was."""
        after = tuple(device if one.id == device.id else one for one in self.devices)
        return replace(self, version=self.version + 1, devices=after)
