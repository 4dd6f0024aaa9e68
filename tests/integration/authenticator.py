"""An authenticator app for tests: every code is a new one, and good for at least one whole step."""

import time
from typing import Final

import pyotp

from shared.auth.secondfactor import DRIFT, PERIOD
from tests.integration.intake_kit import until

_STEPS: Final[dict[str, int]] = {}
"""The step of each secret's last code: a step's code is taken once."""


async def next_code(secret: str) -> str:
    """Return a code that was not used before; wait where the server would take none yet.

    It is never of the step before: that one would be refused if the clock went on to the next step
    while a page is on its way.
    """
    step = max(_now(), _STEPS.get(secret, 0) + 1)
    _STEPS[secret] = step

    async def taken() -> bool:
        return step <= _now() + DRIFT

    await until(taken)
    return pyotp.TOTP(secret).at(step * PERIOD)


def _now() -> int:
    return int(time.time()) // PERIOD
