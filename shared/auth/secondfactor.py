"""Codes of an authenticator app (TOTP, RFC 6238: SHA-1, six digits, thirty seconds), by `pyotp`."""

import hmac
from datetime import datetime
from typing import Final

import pyotp

PERIOD: Final = 30
DIGITS: Final = 6
DRIFT: Final = 1
"""Steps before and after ours whose codes are taken: phones' clocks are off."""


def new_secret() -> str:
    """Return a new secret of 160 bits, in base 32."""
    return pyotp.random_base32()


def address(secret: str, name: str, issuer: str) -> str:
    """Return what an app reads from a QR code: an `otpauth:` address."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is; None where it is none of these minutes.

    Whoever takes a code remembers its step, and takes none of that step or before again.
    """
    if len(code) != DIGITS or not code.isascii() or not code.isdigit():
        return None
    totp, step = pyotp.TOTP(secret), int(now.timestamp()) // PERIOD
    found = [
        candidate
        for candidate in range(step - DRIFT, step + DRIFT + 1)
        if hmac.compare_digest(totp.generate_otp(candidate), code)
    ]
    return max(found, default=None)
