"""Signed statements of who somebody is and what they may do (JWT, RFC 7519, EdDSA only)."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from secrets import token_urlsafe
from typing import Any, ClassVar, NamedTuple, Protocol

import jwt
from jwt.types import Options

from shared.auth.keys import PublicKeys, SigningKey
from shared.auth.revocations import Revocations
from shared.auth.roles import Caller, Grant
from shared.contracts.text import identifier

ISSUER = "jemput"
AUDIENCE = "jemput"
ALGORITHM = "EdDSA"
MAX_TOKEN_BYTES = 4096
"""A cookie holds no more; about fifty grants."""
MAX_LIFETIME = timedelta(days=366)
"""What a token is issued for at most; a stolen one ends some day without hands."""
LEEWAY = timedelta(seconds=30)
"""How far two clocks may stand apart."""
ENDED_FOR = MAX_LIFETIME + 2 * LEEWAY
"""How long the end of all that somebody has is remembered: no token lives longer, on any clock."""
REMEMBERED = 1024
"""Tokens whose signature need not be checked again."""

Clock = Callable[[], datetime]

_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OPAQUE = re.compile(identifier("._-"))
_CHECKS: Options = {
    "require": ["iss", "aud", "sub", "iat", "exp", "jti"],
    "strict_aud": True,
    # PyJWT reads the machine's clock; times are checked here, against the injected one.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
_REASONS: Sequence[tuple[type[jwt.InvalidTokenError], str]] = (
    (jwt.InvalidSignatureError, "wrong signature"),
    (jwt.InvalidAudienceError, "wrong audience"),
    (jwt.InvalidIssuerError, "wrong issuer"),
    (jwt.MissingRequiredClaimError, "a claim is missing"),
)


class InvalidToken(Exception):  # noqa: N818 - reads as the finding it is
    """A token that is not believed; `reason` never repeats any of it."""

    safe_to_log: ClassVar[bool] = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotKnownYet(Exception):  # noqa: N818 - reads as the finding it is
    """A token that may have been ended: what was revoked has not been read since the start."""

    safe_to_log: ClassVar[bool] = True


class KeySource(Protocol):
    """Public keys that may change while the process runs, such as `Watched`."""

    def current(self) -> PublicKeys:
        """Return the keys as they were found lately; the same object while nothing changed."""
        ...

    def refreshed(self) -> PublicKeys:
        """Return the keys as they are this moment."""
        ...


class _Statement(NamedTuple):
    caller: Caller
    starts: datetime
    expires: datetime


class Issuer:
    """Signs tokens with one private key."""

    def __init__(self, key: SigningKey, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def issue(
        self,
        subject: str,
        grants: Sequence[Grant],
        lifetime: timedelta,
        *,
        session: str | None = None,
        signed_in_at: datetime | None = None,
        token_id: str | None = None,
    ) -> str:
        """A token for this subject, valid from now for `lifetime`; ValueError when it cannot be.

        `session` is what can be revoked, and of a machine `token_id`; `signed_in_at` is when the
        person proved who he is.
        """
        if not _fits(subject):
            raise ValueError(
                "a subject is an account id: 1 to 64 letters, digits and . _ -, without nine "
                "digits in a row unless it begins with a UUID"
            )
        if not grants:
            raise ValueError("a token has a grant at least")
        if not timedelta(0) < lifetime <= MAX_LIFETIME:
            raise ValueError(f"a token lives above 0 and up to {MAX_LIFETIME.days} days")
        now = int(self._clock().timestamp())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": now + int(lifetime.total_seconds()),
            "jti": token_id or token_urlsafe(12),
            "grants": [str(grant) for grant in grants],
        }
        if session is not None:
            claims["sid"] = session
        if signed_in_at is not None:
            claims["auth_time"] = int(signed_in_at.timestamp())
        token = jwt.encode(claims, self._key.private, ALGORITHM, headers={"kid": self._key.kid})
        if len(token) > MAX_TOKEN_BYTES:
            raise ValueError(f"too many grants: a token holds at most {MAX_TOKEN_BYTES} bytes")
        return token


class Verifier:
    """Believes tokens that one of the public keys has signed.

    A signature is checked once; the newest REMEMBERED tokens need only their times looked at. A
    token of a key that is not known has the keys looked at again, so that none is refused because
    its key is new.
    """

    def __init__(
        self,
        keys: PublicKeys | KeySource,
        clock: Clock,
        revocations: Revocations | None = None,
    ) -> None:
        self._revocations = revocations or Revocations()
        self._source = _Fixed(keys) if isinstance(keys, Mapping) else keys
        self._keys = self._source.current()
        self._clock = clock
        self._remembered = lru_cache(REMEMBERED)(self._believed)

    def verify(self, token: str) -> Caller:
        """Whom the token names; InvalidToken with the reason when it is not believed.

        Raises NotKnownYet where it may have been ended.
        """
        if len(token) > MAX_TOKEN_BYTES:
            raise InvalidToken(f"longer than {MAX_TOKEN_BYTES} bytes")
        self._take(self._source.current())
        statement = self._remembered(token)
        now = self._clock()
        if statement.starts > now + LEEWAY:
            raise InvalidToken("not valid yet")
        if statement.expires <= now - LEEWAY:
            raise InvalidToken("expired")
        if not self._revocations.known:
            raise NotKnownYet
        if self._revocations.ended(statement.caller):
            raise InvalidToken("revoked")
        return statement.caller

    def fresh(self, caller: Caller) -> bool:
        """Whether the caller proved who he is a short while ago."""
        return caller.fresh(self._clock())

    def _take(self, keys: PublicKeys) -> None:
        if keys is not self._keys:
            # What was believed for the sake of a retired key is believed no more.
            self._keys = keys
            self._remembered.cache_clear()

    def _believed(self, token: str) -> _Statement:
        claims = self._claims(token)
        starts = max(_instant(claims, name) for name in ("iat", "nbf") if name in claims)
        expires = _instant(claims, "exp")
        if not _fits(claims["sub"]):
            raise InvalidToken("malformed subject")
        caller = Caller(
            claims["sub"],
            _grants(claims),
            expires,
            session=_session(claims),
            token_id=str(claims["jti"]),
            issued_at=_instant(claims, "iat"),
            signed_in_at=_instant(claims, "auth_time") if "auth_time" in claims else None,
        )
        return _Statement(caller, starts, expires)

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, UnicodeError):
            raise InvalidToken("malformed") from None
        if header.get("alg") != ALGORITHM:
            raise InvalidToken("algorithm not allowed")
        kid = header.get("kid", "")
        key = self._keys.get(kid)
        if key is None:
            self._take(self._source.refreshed())
            key = self._keys.get(kid)
        if key is None:
            raise InvalidToken("unknown key")
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options=_CHECKS,
            )
        except jwt.InvalidTokenError as error:
            raise InvalidToken(_reason(error)) from None


class _Fixed:
    def __init__(self, keys: PublicKeys) -> None:
        self._keys = dict(keys)

    def current(self) -> PublicKeys:
        return self._keys

    def refreshed(self) -> PublicKeys:
        return self._keys


def _fits(subject: str) -> bool:
    # Events and logs carry the subject as a pseudonym: it must not be a NIK or a phone number, and
    # what ends its tokens names it.
    return all(pattern.fullmatch(subject) for pattern in (_SUBJECT, _OPAQUE))


def _reason(error: jwt.InvalidTokenError) -> str:
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "malformed")


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidToken(f"malformed {name}")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidToken(f"malformed {name}") from None


def _session(claims: Mapping[str, Any]) -> str | None:
    session = claims.get("sid")
    if session is not None and (not isinstance(session, str) or not _fits(session)):
        raise InvalidToken("malformed sid")
    return session


def _grants(claims: Mapping[str, Any]) -> tuple[Grant, ...]:
    texts = claims.get("grants")
    if not isinstance(texts, list) or not texts:
        raise InvalidToken("malformed grants")
    try:
        return tuple(Grant.parse(text) for text in texts)
    except (ValueError, AttributeError):
        raise InvalidToken("malformed grants") from None
