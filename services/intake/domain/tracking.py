"""The tracking code: whoever has it may see how a request stands, so it is a secret.

80 bits of HMAC-SHA256 over the case id, in Crockford's base 32 (no I, L, O, U). It is made anew
from the secret whenever it must be said again and kept only as a hash, so that neither the
database nor a backup can be used to follow anybody's request.
"""

import hmac
from hashlib import sha256
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_BITS: Final = 80
GROUP: Final = 4

_BITS_PER_SIGN: Final = 5
_FOLDED: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


class TrackingCodes:
    """Makes codes from one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def code(self, case_id: str) -> str:
        """Return a case's code as it is handed out: `7K2M-9QXT-04BC-ZV3H`."""
        keyed = hmac.digest(self._secret, case_id.encode(), "sha256")
        bits = int.from_bytes(keyed[: CODE_BITS // 8], "big")
        shifts = reversed(range(0, CODE_BITS, _BITS_PER_SIGN))
        signs = "".join(ALPHABET[(bits >> shift) & 31] for shift in shifts)
        return "-".join(signs[start : start + GROUP] for start in range(0, len(signs), GROUP))


def digest(code: str) -> str:
    """Return what a code is stored and looked for as.

    Case, hyphens and blanks do not matter, O is read as 0, I and L as 1. What can be no code is
    hashed all the same: nothing is stored under it, so it takes as long as an unknown one.
    """
    folded = code.upper().translate(_FOLDED)
    return sha256(b"tracking:" + folded.encode()).hexdigest()
