"""Finding the same person again by a keyed hash, in one programme and in no other.

HMAC-SHA-256 under a key of each programme, which is derived from the secret by HKDF (RFC 5869): a
NIK has so few possible values that a plain hash of it is as good as the number itself, and two
programmes' hashes of one NIK have nothing in common.
"""

import hmac
from typing import Final

_SALT: Final = b"jemput lookup"
_HASH: Final = "sha256"


class LookupKeys:
    """Versions of the look-up secret: the newest makes hashes, all find."""

    def __init__(self, *versions: bytes) -> None:
        """Take the versions, the newest first."""
        if not versions:
            raise ValueError("at least one secret is needed")
        self._extracted = tuple(hmac.digest(_SALT, version, _HASH) for version in versions)

    @property
    def fingerprint_key(self) -> str:
        """Return a key of the newest version that makes no hash of a person; in hexadecimal."""
        return _expanded(self._extracted[0], "/fingerprints").hex()

    @property
    def counting_key(self) -> bytes:
        """Return a key of the newest version by which wrong tries are counted."""
        return _expanded(self._extracted[0], "/tries")

    def hashes(self, programme_id: str, purpose: str, *parts: str) -> tuple[str, ...]:
        """Return the hash of something in a programme under each version, the newest first."""
        said = "\x00".join((purpose, *parts)).encode()
        return tuple(
            hmac.digest(_expanded(extracted, programme_id), said, _HASH).hex()
            for extracted in self._extracted
        )


def _expanded(extracted: bytes, programme_id: str) -> bytes:
    # HKDF's first block is as long as the key that is needed.
    return hmac.digest(extracted, programme_id.encode() + b"\x01", _HASH)
