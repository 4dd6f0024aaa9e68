"""Accounts of staff: who may sign in, with what, and how often a second factor counts.

An account's id is a pseudonym, and the only name that leaves intake. The login name is personal
data: it is found by a keyed hash and kept sealed. Nobody has an account without an invitation, and
nobody shares one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from unicodedata import normalize

from services.intake.domain.refusal import Refused

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 128
"""Characters of a password (OWASP ASVS 5.0, 6.2); no other rule of composition."""
INVITED_FOR: Final = timedelta(days=3)
"""How long a link is good for; a recovery link as long as an invitation."""
MAX_GRANTS: Final = 20
"""Grants of one account: a token holds about fifty."""
MAX_LOGIN: Final = 100
LOGIN: Final = "login"
TOTP: Final = "totp"
"""What is sealed of an account."""
SECOND_FACTOR: Final = frozenset({"supervisor", "admin", "auditor"})
"""Roles whose people sign in with a second factor."""


def powerful(grants: Iterable[str]) -> bool:
    """Return whether one of these grants is of a role that asks for a second factor."""
    return any(grant.partition(":")[0] in SECOND_FACTOR for grant in grants)


class Standing(StrEnum):
    """Whether an account can be used."""

    REQUESTED = "requested"
    """An admin has asked for it; nobody has approved it yet."""
    INVITED = "invited"
    """A link is out: nobody can sign in before its owner has set a password."""
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Account:
    """One person's account. `grants` are written as tokens hold them.

    `login` is the keyed hash of the login name; `sealed` holds the name itself and the secret of
    the second factor; `password` is an argon2id hash; `totp_step` is the last time step (RFC 6238)
    whose code was taken, so that none is taken twice.
    """

    id: str
    version: int
    login: str
    sealed: Mapping[str, str]
    grants: tuple[str, ...]
    standing: Standing
    invited_by: str
    created_at: datetime
    password: str | None = None
    password_at: datetime | None = None
    totp_step: int = 0
    confirmed: bool = False
    """Whether the second factor has been shown to work once."""

    @property
    def needs_second_factor(self) -> bool:
        """Return whether a role of this account asks for one."""
        return powerful(self.grants)

    @property
    def can_sign_in(self) -> bool:
        """Return whether the right password, and code, would let somebody in."""
        ready = self.confirmed or not self.needs_second_factor
        return self.standing is Standing.ACTIVE and self.password is not None and ready

    def granted(self, grants: Iterable[str]) -> "Account":
        """Return the account with other grants. Raises Refused: no_grant, too_many_grants."""
        wanted = tuple(dict.fromkeys(grants))
        if not wanted:
            raise Refused("no_grant", "grants: an account has one at least; or disable it")
        if len(wanted) > MAX_GRANTS:
            raise Refused("too_many_grants", f"grants: at most {MAX_GRANTS}")
        return self._changed(grants=wanted)

    def redeemed(self, password: str, totp: Mapping[str, str], now: datetime) -> "Account":
        """Return the account after its link was used: with a password, and maybe a second factor.

        `totp` is the second factor's secret, sealed under TOTP. Where one is needed the account
        waits for `confirm`. Raises Refused: account_disabled.
        """
        if self.standing is Standing.DISABLED:
            raise Refused("account_disabled", "code: the account is disabled")
        waits = self.needs_second_factor
        return self._changed(
            password=password,
            password_at=now,
            sealed={**self.sealed, **totp} if waits else self._without_totp(),
            totp_step=0,
            confirmed=False,
            standing=Standing.INVITED if waits else Standing.ACTIVE,
        )

    def invited(self) -> "Account":
        """Return the account as its link goes out, after a second person has approved it."""
        return self._changed(standing=Standing.INVITED)

    def confirm(self, step: int) -> "Account":
        """Return the account after a first right code of the second factor."""
        shown = self.used_code(step)
        return replace(shown, confirmed=True, standing=Standing.ACTIVE)

    def used_code(self, step: int) -> "Account":
        """Return the account after a right code. Raises Refused: code_used for one of before."""
        if step <= self.totp_step:
            raise Refused("code_used", "code: it was used already; wait for the next one")
        return self._changed(totp_step=step)

    def disabled(self) -> "Account":
        """Return the account shut: it keeps neither password nor second factor."""
        return self._changed(
            standing=Standing.DISABLED,
            password=None,
            sealed=self._without_totp(),
            confirmed=False,
        )

    def recovering(self) -> "Account":
        """Return the account as a second person hands it back: a new link sets everything anew."""
        return replace(self.disabled(), standing=Standing.INVITED)

    def _without_totp(self) -> Mapping[str, str]:
        return {name: value for name, value in self.sealed.items() if name != TOTP}

    def _changed(self, **changes: object) -> "Account":
        return replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class LoginName:
    """Which account a login name belongs to. `id` is the name's keyed hash.

    The account may be gone, where nobody approved it: then the name is free.
    """

    id: str
    account_id: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that its holder may use once to set the password of one account.

    The link is made of the id with a keyed hash, and stored nowhere.
    """

    id: str
    version: int
    account_id: str
    until: datetime
    made_by: str
    used_at: datetime | None = None

    def use(self, now: datetime) -> "Invitation":
        """Return the link spent. Raises Refused: link_spent."""
        self.require_open(now)
        return replace(self, version=self.version + 1, used_at=now)

    def require_open(self, now: datetime) -> None:
        """Refuse a link that was used or is too old."""
        if self.used_at is not None or now >= self.until:
            raise Refused("link_spent", "code: it was used already or is too old; ask for another")


def checked_login(text: str) -> str:
    """Return a login name as it is compared: NFKC, without case or blanks around it.

    Raises Refused: login_malformed.
    """
    login = normalize("NFKC", text).strip().casefold()
    if not 0 < len(login) <= MAX_LOGIN or not login.isprintable() or " " in login:
        raise Refused("login_malformed", f"login: 1 to {MAX_LOGIN} characters without blanks")
    return login


def written_password(text: str) -> str:
    """Return a password as it is hashed, in NFKC: keyboards write one letter in several ways."""
    return normalize("NFKC", text)


def checked_password(text: str, login: str | None = None) -> str:
    """Return a new password as it is hashed (NIST SP 800-63B-4, 3.1.1.2).

    Raises Refused: password_length, password_is_login.
    """
    password = written_password(text)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Refused(
            "password_length", f"password: {MIN_PASSWORD} to {MAX_PASSWORD} characters are needed"
        )
    if login is not None and login in password.casefold():
        raise Refused("password_is_login", "password: it must not hold the login name")
    return password
