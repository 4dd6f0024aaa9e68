"""Who calls a service in a test: tokens, headers, and the clock by which they are valid."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
from fastapi import FastAPI

from shared.auth.keys import SigningKey
from shared.auth.roles import EVERYWHERE, Grant, Role
from shared.auth.tokens import Issuer
from shared.contracts.envelope import new_id
from shared.web.idempotency import HEADER

NOW = datetime(2023, 3, 11, 2, 15, tzinfo=UTC)
"""Where the clock of messaging in memory stands: a Saturday, 09.15 in Bekasi."""

HOST = "http://jemput.test"


class StandingClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def advance(self, **by: float) -> None:
        """Let time pass, with the arguments of `timedelta`."""
        self.now += timedelta(**by)


def service_client(app: FastAPI, service: str) -> httpx.AsyncClient:
    """Return a client of an application, whose paths are relative to the service's prefix."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"{HOST}/{service}")


class Callers:
    """Makes tokens that the service in memory believes."""

    def __init__(self, clock: StandingClock) -> None:
        self.clock = clock
        self._key = SigningKey.generate()

    def token(
        self,
        role: Role | str,
        programme: str = EVERYWHERE,
        region: str = EVERYWHERE,
        subject: str = "agus",
    ) -> str:
        """Return a token that holds one grant, valid for an hour of this clock."""
        return self._issued([Grant(Role(role), programme, region)], subject)

    @property
    def signing_key(self) -> SigningKey:
        """Return the key whose tokens the service believes."""
        return self._key

    def _issued(self, grants: Sequence[Grant], subject: str) -> str:
        return Issuer(self._key, self.clock).issue(subject, grants, timedelta(hours=1))

    def session_headers(
        self, *grants: str, subject: str, session: str, signed_in_at: datetime | None = None
    ) -> dict[str, str]:
        """Return the headers of a person who has signed in, just now unless it is said."""
        token = Issuer(self._key, self.clock).issue(
            subject,
            [Grant.parse(text) for text in grants],
            timedelta(minutes=10),
            session=session,
            signed_in_at=signed_in_at or self.clock(),
        )
        return {"Authorization": f"Bearer {token}", HEADER: new_id()}

    def machine_headers(
        self, *grants: str, subject: str, token_id: str, days: int = 90
    ) -> dict[str, str]:
        """Return the headers of a machine that was given such a token."""
        token = Issuer(self._key, self.clock).issue(
            subject, [Grant.parse(text) for text in grants], timedelta(days=days), token_id=token_id
        )
        return {"Authorization": f"Bearer {token}", HEADER: new_id()}

    def headers(
        self,
        role: Role | str,
        programme: str = EVERYWHERE,
        region: str = EVERYWHERE,
        *,
        subject: str = "agus",
        key: str | None = None,
    ) -> dict[str, str]:
        """Return the headers of a request by such a caller, with an idempotency key."""
        return self.headers_of(f"{Role(role)}:{programme}:{region}", subject=subject, key=key)

    def headers_of(
        self, *grants: str, subject: str = "agus", key: str | None = None
    ) -> dict[str, str]:
        """Return the same for a caller with several grants, each `role:programme:region`."""
        token = self._issued([Grant.parse(text) for text in grants], subject)
        return {"Authorization": f"Bearer {token}", HEADER: key or new_id()}
