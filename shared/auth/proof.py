"""Proof that a request comes from the device that a right was given to (after RFC 9449, DPoP).

The device signs method, address, time and an id of its own with a key that its browser does not
give away (ECDSA P-256, ES256). The key stands in the proof; its RFC 7638 thumbprint names it. Where
a token is shown with the proof, the proof holds the token's digest.
"""

import json
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import jwt
from jwt.algorithms import ECAlgorithm
from jwt.types import Options

HEADER: Final = "DPoP"
MAX_PROOF: Final = 2048
"""Characters."""
AGE: Final = timedelta(seconds=60)
"""How far a proof's time may lie from ours: phones' clocks are off, and answers are slow."""
_TYPE: Final = "dpop+jwt"
_ALGORITHM: Final = "ES256"
_ID: Final = range(8, 65)
"""Characters of a proof's id."""
_CHECKS: Final[Options] = {
    "require": ["htm", "htu", "iat", "jti"],
    "verify_aud": False,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class InvalidProof(Exception):  # noqa: N818 - reads as the finding it is
    """A proof that is not believed; `reason` repeats nothing of it."""

    safe_to_log: ClassVar[bool] = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven: by which key, under which id. Whoever asks remembers the id."""

    key: str
    id: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that a proof has to fit. `host` and `path` are as the browser sees them."""

    method: str
    host: str
    path: str


def token_hash(token: str) -> str:
    """Return a token's digest as a proof holds it: SHA-256, base 64 for URLs, no padding."""
    return _encode(sha256(token.encode()).digest())


def verified(text: str, asked: Asked, now: datetime, token: str | None = None) -> Proof:
    """Return what a proof proves of this request, and of this token. Raises InvalidProof."""
    if len(text) > MAX_PROOF:
        raise InvalidProof("proof too long")
    jwk = _key(text)
    claims = _claims(text, jwk)
    if claims["htm"] != asked.method or not _same_place(claims["htu"], asked):
        raise InvalidProof("proof of another request")
    if not isinstance(claims["iat"], int) or isinstance(claims["iat"], bool):
        raise InvalidProof("malformed proof")
    if abs(claims["iat"] - now.timestamp()) > AGE.total_seconds():
        raise InvalidProof("proof too old, or a clock is wrong")
    if token is not None and claims.get("ath") != token_hash(token):
        raise InvalidProof("proof of another token")
    if not isinstance(claims["jti"], str) or len(claims["jti"]) not in _ID:
        raise InvalidProof("malformed proof")
    return Proof(_thumbprint(jwk), sha256(claims["jti"].encode()).hexdigest()[:32])


def _key(text: str) -> Mapping[str, str]:
    try:
        header = jwt.get_unverified_header(text)
    except (jwt.InvalidTokenError, UnicodeError):
        raise InvalidProof("malformed proof") from None
    jwk = header.get("jwk")
    if header.get("typ") != _TYPE or header.get("alg") != _ALGORITHM or not isinstance(jwk, dict):
        raise InvalidProof("malformed proof")
    fits = (jwk.get("kty"), jwk.get("crv")) == ("EC", "P-256") and "d" not in jwk
    if not fits or not all(isinstance(jwk.get(name), str) for name in ("x", "y")):
        raise InvalidProof("malformed key")
    return {name: jwk[name] for name in ("crv", "kty", "x", "y")}


def _claims(text: str, jwk: Mapping[str, str]) -> dict[str, Any]:
    try:
        key = ECAlgorithm.from_jwk(dict(jwk))
        return jwt.decode(text, key, algorithms=[_ALGORITHM], options=_CHECKS)  # type: ignore[arg-type]
    except (jwt.InvalidTokenError, jwt.InvalidKeyError, ValueError):
        raise InvalidProof("wrong signature") from None


def _same_place(htu: object, asked: Asked) -> bool:
    if not isinstance(htu, str):
        return False
    try:
        parts = urlsplit(htu)
    except ValueError:
        return False
    return (parts.netloc.lower(), parts.path) == (asked.host.lower(), asked.path)


def _thumbprint(jwk: Mapping[str, str]) -> str:
    """Return it in lower-case base 32: in base 64 it may begin with - or _, as no id does."""
    canonical = json.dumps(jwk, separators=(",", ":"), sort_keys=True)
    return b32encode(sha256(canonical.encode()).digest()).rstrip(b"=").decode().lower()


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
