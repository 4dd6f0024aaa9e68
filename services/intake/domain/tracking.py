"""Two codes of a request: one shows its status, one confirms that the document arrived.

The tracking code: whoever has it may see how a request stands, so it is a secret.

80 bits of HMAC-SHA256 over the case id, in Crockford's base 32 (no I, L, O, U). It is made anew
from the secret whenever it must be said again and kept only as a hash, so that neither the
database nor a backup can be used to follow anybody's request.

The receipt code: 40 bits made likewise under a label of its own, and stored nowhere. The agent, who
may have the tracking code of a request he recorded, must not have it: with it the recipient's word
is given. Forty bits are enough, since it is tried only together with a tracking code that is right.

A laptop's share: what a counter's laptop must have beside its operator's PIN to open what it keeps.
It forgets it after twelve hours, and gets it again from the office alone.

A pass: whoever showed a tracking code may send papers for a while, and go on to the receipt code,
under a label of its own too.
"""

import hmac
import re
from hashlib import sha256
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_BITS: Final = 80
RECEIPT_BITS: Final = 40
GROUP: Final = 4

PASS_BITS: Final = 120
SHARE_BITS: Final = 240

_RECEIPT_LABEL: Final = "receipt:"
_SENDING_LABEL: Final = "send:"
_SHARE_LABEL: Final = "laptop:"
_UNTIL: Final = re.compile(r"[0-9]{1,12}")

_BITS_PER_SIGN: Final = 5
_FOLDED: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


class Secrets:
    """Versions of the tracking secret: the newest makes codes, all verify."""

    def __init__(self, *versions: bytes) -> None:
        """Take the versions, the newest first."""
        if not versions:
            raise ValueError("at least one secret is needed")
        self._versions = versions

    def code(self, case_id: str, tracking: str | None = None) -> str:
        """Return a case's code as it is handed out: `7K2M-9QXT-04BC-ZV3H`.

        With `tracking`, the kept hash of a case: by the version that the case was recorded under.
        """
        return _grouped(_signs(self._version_of(case_id, tracking), case_id, CODE_BITS))

    def receipt_code(self, case_id: str, tracking: str | None = None) -> str:
        """Return the code that a case's recipient confirms with: `7K2M-9QXT`."""
        return _grouped(_receipt_signs(self._version_of(case_id, tracking), case_id))

    def send_pass(self, case_id: str, until: int) -> str:
        """Return what lets its holder send papers for a case until then, in seconds since 1970.

        It is given to who has shown the tracking code, which itself travels no more after that.
        """
        return f"{case_id}/{until}/{_pass_signs(self._versions[0], case_id, until)}"

    def passed(self, shown: str, now: int) -> str | None:
        """Return the case that a pass is for; None where it is none, or its time is over."""
        case_id, _, rest = shown.partition("/")
        until, _, signs = rest.partition("/")
        if not _UNTIL.fullmatch(until):
            return None
        rights = [_pass_signs(secret, case_id, int(until)).encode() for secret in self._versions]
        fits = sum(hmac.compare_digest(signs.encode(), right) for right in rights) > 0
        return case_id if fits and now < int(until) else None

    def laptop_shares(self, account_id: str, event_id: str, device: str) -> tuple[str, ...]:
        """Return a laptop's share by each version of the secret, the newest first."""
        said = f"{_SHARE_LABEL}{account_id}/{event_id}/{device}"
        return tuple(_signs(secret, said, SHARE_BITS) for secret in self._versions)

    def confirms(self, case_id: str, typed: str) -> bool:
        """Return whether this is the case's receipt code, in the same time for right and wrong."""
        folded = _folded(typed).encode()
        rights = [_receipt_signs(secret, case_id).encode() for secret in self._versions]
        return sum(hmac.compare_digest(folded, right) for right in rights) > 0

    def _version_of(self, case_id: str, tracking: str | None) -> bytes:
        if tracking is None:
            return self._versions[0]
        fitting = (
            secret
            for secret in self._versions
            if digest(_signs(secret, case_id, CODE_BITS)) == tracking
        )
        return next(fitting, self._versions[0])


def _pass_signs(secret: bytes, case_id: str, until: int) -> str:
    return _signs(secret, f"{_SENDING_LABEL}{case_id}/{until}", PASS_BITS)


def _receipt_signs(secret: bytes, case_id: str) -> str:
    return _signs(secret, f"{_RECEIPT_LABEL}{case_id}", RECEIPT_BITS)


def _signs(secret: bytes, said: str, many: int) -> str:
    keyed = hmac.digest(secret, said.encode(), "sha256")
    bits = int.from_bytes(keyed[: many // 8], "big")
    shifts = reversed(range(0, many, _BITS_PER_SIGN))
    return "".join(ALPHABET[(bits >> shift) & 31] for shift in shifts)


def digest(code: str) -> str:
    """Return what a code is stored and looked for as.

    Case, hyphens and blanks do not matter, O is read as 0, I and L as 1. What can be no code is
    hashed all the same: nothing is stored under it, so it takes as long as an unknown one.
    """
    return sha256(b"tracking:" + _folded(code).encode()).hexdigest()


def _folded(code: str) -> str:
    return code.upper().translate(_FOLDED)


def _grouped(signs: str) -> str:
    return "-".join(signs[start : start + GROUP] for start in range(0, len(signs), GROUP))
