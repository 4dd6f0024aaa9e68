"""How often somebody may try to sign in, so that no guessing helps and nobody is locked out by it.

Three budgets of wrong tries. A device that has signed in to the account before, which it proves by
its key, has one of its own: whoever guesses elsewhere does not touch it. All others share one for
the login name, and one for their address. A name that nobody has is counted like any other, so the
answers tell nothing about who has an account.
"""

from dataclasses import dataclass

from services.intake.usecases.ports import Limiter


@dataclass(frozen=True, slots=True)
class Try:
    """Who tries: the key of the login name, the address, and the device where it is known."""

    login: str
    client: str
    device: str | None


class Throttle:
    """Counts wrong tries of strangers, and of known devices."""

    def __init__(self, strangers: Limiter, known: Limiter) -> None:
        self._strangers = strangers
        self._known = known

    async def waits(self, one: Try) -> int | None:
        """Return the seconds after which this one may try again; None: now."""
        if one.device is not None:
            return await self._known.case_waits(_both(one))
        by_address = await self._strangers.client_waits(one.client)
        by_name = await self._strangers.case_waits(one.login)
        found = [seconds for seconds in (by_address, by_name) if seconds is not None]
        return max(found, default=None)

    async def count(self, one: Try) -> None:
        """Count a wrong try."""
        if one.device is not None:
            await self._known.count_case(_both(one))
            return
        await self._strangers.count_client(one.client)
        await self._strangers.count_case(one.login)


def _both(one: Try) -> str:
    return f"{one.login}/{one.device}"
