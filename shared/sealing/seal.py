"""AES-256-GCM with a key for each owner, bound to what is sealed.

What is sealed for one place opens in no other: the place stands in the additional data. Sealed
bytes are 1 byte of format, 12 of nonce, the ciphertext and 16 of tag. Nonces are random, so one
key seals 2^32 times at most (NIST SP 800-38D section 8.3): far more than a person or a file needs.
"""

import secrets
from base64 import b64decode, urlsafe_b64encode
from typing import ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
OVERHEAD: Final = 29
"""Bytes by which sealed is longer than plain."""

_FORMAT: Final = b"\x01"
_NONCE: Final = 12
_ALPHABET: Final = b"-_"


class Unsealable(Exception):  # noqa: N818 - reads as the finding it is
    """It does not open with this key in this place: altered, moved, or another's.

    The message names the place and repeats nothing of what is sealed.
    """

    safe_to_log: ClassVar[bool] = True

    def __init__(self, context: bytes, why: str) -> None:
        super().__init__(f"{context.decode()}: {why}")


def context(purpose: str, owner: str, field: str) -> bytes:
    """Return where something is sealed: `<purpose>/<owner>/<field>`.

    No two places are written alike: purpose and owner hold no `/`, else ValueError. They are ids
    and names of fields, never personal data, for errors repeat them.
    """
    if not (purpose and owner and field) or "/" in purpose or "/" in owner:
        raise ValueError("a context needs purpose and owner without /, and a field")
    return f"{purpose}/{owner}/{field}".encode()


class DataKey:
    """A key that seals what belongs to one owner. It shows itself to nobody but its wrapping."""

    __slots__ = ("_cipher", "secret")

    def __init__(self, secret: bytes) -> None:
        """Take a key of 32 bytes; ValueError for any other length."""
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self.secret = secret
        self._cipher = AESGCM(secret)

    @classmethod
    def generate(cls) -> "DataKey":
        """Return a new key."""
        return cls(secrets.token_bytes(KEY_BYTES))

    def __repr__(self) -> str:
        return "DataKey(...)"

    def seal(self, plain: bytes, place: bytes) -> bytes:
        """Return bytes sealed for this place, made by `context`."""
        nonce = secrets.token_bytes(_NONCE)
        return b"".join((_FORMAT, nonce, self._cipher.encrypt(nonce, plain, place)))

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """Return what was sealed for this place. Raises Unsealable."""
        if len(sealed) < OVERHEAD or sealed[:1] != _FORMAT:
            raise Unsealable(place, "not in a format that this version knows")
        nonce, hidden = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._cipher.decrypt(nonce, hidden, place)
        except InvalidTag:
            raise Unsealable(place, "altered, or sealed elsewhere") from None

    def seal_text(self, plain: str, place: bytes) -> str:
        """Return text sealed for this place, as text."""
        return to_text(self.seal(plain.encode(), place))

    def open_text(self, sealed: str, place: bytes) -> str:
        """Return text that was sealed for this place. Raises Unsealable."""
        return self.open(from_text(sealed, place), place).decode()


def to_text(raw: bytes) -> str:
    """Return bytes as text for a document: base 64 for URLs, without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_text(text: str, place: bytes) -> bytes:
    """Return the bytes of such text. Raises Unsealable, which names this place."""
    try:
        return b64decode(text + "=" * (-len(text) % 4), _ALPHABET, validate=True)
    except ValueError:
        raise Unsealable(place, "not base 64") from None
