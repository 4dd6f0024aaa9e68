"""Ed25519 keys: a private one that signs, several public ones that are valid at once.

Public keys are kept as a JWK set (RFC 7517) of OKP keys (RFC 8037); a key's id is made from its
RFC 7638 thumbprint, so that it never has to be written down beside the private key.
"""

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any, ClassVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.sealing.private import is_private

MAX_PUBLIC_KEYS = 16
"""Public keys in one set; retire old ones before adding more."""

PublicKeys = Mapping[str, Ed25519PublicKey]
"""Public keys by key id."""


class InvalidKey(Exception):  # noqa: N818 - reads as the finding it is
    """A key file that cannot be used; the message holds no key material."""

    safe_to_log: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private key that signs tokens, and its id."""

    kid: str
    private: Ed25519PrivateKey

    @classmethod
    def of(cls, private: Ed25519PrivateKey) -> "SigningKey":
        """This private key under the id of its public half."""
        return cls(key_id(private.public_key()), private)

    @classmethod
    def generate(cls) -> "SigningKey":
        """A new key."""
        return cls.of(Ed25519PrivateKey.generate())

    @property
    def public(self) -> Ed25519PublicKey:
        """The half that verifies."""
        return self.private.public_key()


def key_id(key: Ed25519PublicKey) -> str:
    """The first half of the key's RFC 7638 thumbprint, in hexadecimal digits."""
    canonical = json.dumps(_jwk(key), separators=(",", ":"), sort_keys=True)
    return sha256(canonical.encode()).hexdigest()[:32]


def write_private(path: Path, key: SigningKey) -> None:
    """Write the key as PKCS 8 for its owner alone; FileExistsError rather than overwrite."""
    pem = key.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)


def replace_private(path: Path, key: SigningKey) -> None:
    """Put the key in the place of another, in one step."""
    fresh = _beside(path)
    write_private(fresh, key)
    fresh.replace(path)


def load_private(path: Path) -> SigningKey:
    """Read a private key; InvalidKey when others can read the file or it is no Ed25519 key."""
    if not is_private(path):
        raise InvalidKey(f"{path.name}: others can read it; chmod 600")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise InvalidKey(f"{path.name}: no unencrypted private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidKey(f"{path.name}: not an Ed25519 key")
    return SigningKey.of(key)


def write_public(path: Path, keys: PublicKeys) -> None:
    """Write the JWK set in one step; InvalidKey when it is empty or over MAX_PUBLIC_KEYS."""
    if not 0 < len(keys) <= MAX_PUBLIC_KEYS:
        raise InvalidKey(f"a key set holds 1 to {MAX_PUBLIC_KEYS} public keys")
    entries = [{**_jwk(key), "kid": kid, "alg": "EdDSA", "use": "sig"} for kid, key in keys.items()]
    fresh = _beside(path)
    fresh.write_text(json.dumps({"keys": entries}, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)


def load_public(path: Path) -> PublicKeys:
    """Read a JWK set; InvalidKey names what is wrong with it."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["keys"]
        keys = dict(_public(entry) for entry in entries)
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidKey(f"{path.name}: not a JWK set of Ed25519 keys") from error
    if not 0 < len(entries) <= MAX_PUBLIC_KEYS:
        raise InvalidKey(f"{path.name}: a key set holds 1 to {MAX_PUBLIC_KEYS} public keys")
    if len(keys) != len(entries):
        raise InvalidKey(f"{path.name}: two keys share an id")
    return keys


def _public(entry: Mapping[str, Any]) -> tuple[str, Ed25519PublicKey]:
    if "d" in entry:
        raise InvalidKey("a private key stands in the public set; treat it as stolen")
    if (entry["kty"], entry["crv"]) != ("OKP", "Ed25519"):
        raise ValueError("not an Ed25519 key")
    kid = entry["kid"]
    if not isinstance(kid, str):
        raise TypeError("a key id is text")
    return kid, Ed25519PublicKey.from_public_bytes(_decode(entry["x"]))


def _jwk(key: Ed25519PublicKey) -> dict[str, str]:
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": _encode(raw)}


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{token_hex(4)}")
