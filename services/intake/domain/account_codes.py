"""What of an account is made with a secret: the key of a login name, links, refresh tokens.

Of several versions of the secret the newest makes and all recognise, so that it can be changed. A
login name is looked up under each of them.
"""

import hmac
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_bytes
from typing import Final

_ID_BYTES: Final = 10
_MAC: Final = 32
"""Hexadecimal digits of a code's keyed hash: 128 bits."""


def account_id() -> str:
    """Return a new account id, a pseudonym: `a-` and 80 random bits."""
    return f"a-{_random()}"


def session_id() -> str:
    """Return a new session id."""
    return f"s-{_random()}"


def token_digest(token: str) -> str:
    """Return what is stored of a refresh token, which is random enough for a plain hash."""
    return sha256(token.encode()).hexdigest()


def _random() -> str:
    return b32encode(token_bytes(_ID_BYTES)).decode().lower()


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token that we issued: whose, and of which session."""

    account_id: str
    session_id: str
    text: str


class AccountCodes:
    """Makes and recognises, with the versions of one secret, the newest first."""

    def __init__(self, *versions: bytes) -> None:
        self._versions = versions

    def login_keys(self, login: str) -> Sequence[str]:
        """Return the keys of a login name, the one to store first."""
        return [self._mac(version, "login", login) for version in self._versions]

    def link_code(self, invitation_id: str) -> str:
        """Return the code of an invitation's link."""
        return f"{invitation_id}.{self._mac(self._versions[0], 'link', invitation_id)[:_MAC]}"

    def invitation_of(self, code: str) -> str | None:
        """Return the invitation of a link's code; None for one that is not ours."""
        return self._signed("link", code)

    def refresh_token(self, account: str, session: str) -> str:
        """Return a new refresh token."""
        said = f"{account}.{session}.{_random()}"
        return f"{said}.{self._mac(self._versions[0], 'refresh', said)[:_MAC]}"

    def refresh_of(self, token: str) -> Refresh | None:
        """Return what a refresh token says; None for one that is not ours."""
        said = self._signed("refresh", token)
        if said is None:
            return None
        account, session, _ = said.split(".")
        return Refresh(account, session, token)

    def _signed(self, what: str, text: str) -> str | None:
        said, _, mac = text.rpartition(".")
        if not text.isascii():
            return None
        made = [self._mac(version, what, said)[:_MAC] for version in self._versions]
        return said if any(hmac.compare_digest(one, mac) for one in made) else None

    @staticmethod
    def _mac(version: bytes, what: str, text: str) -> str:
        return hmac.new(version, f"{what}\0{text}".encode(), sha256).hexdigest()
