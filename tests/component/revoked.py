"""What a service does with the tokens of whoever intake says is out."""

from datetime import timedelta
from typing import Any, Final

import httpx
import pytest

from shared.contracts.intake import AccessKind, AccessRevoked

EACH_KIND: Final = pytest.mark.parametrize(
    ("access_id", "kind"), [("a-1", AccessKind.ACCOUNT), ("s-1", AccessKind.SESSION)]
)
MACHINES: Final = pytest.mark.parametrize(
    ("access_id", "kind"), [("m-1", AccessKind.MACHINE), ("t-1", AccessKind.TOKEN)]
)
DAYS: Final = 90
"""How long the machine's tokens are made for."""


async def assert_refused(at: Any, grant: str, access_id: str, kind: AccessKind) -> None:
    """Fail unless the revoked token is refused, another goes on, and a repeat changes nothing."""
    mine = at.messaging.session_headers(grant, subject="a-1", session="s-1")
    other = at.messaging.session_headers(grant, subject="a-2", session="s-2")
    event = AccessRevoked(access_id=access_id, kind=kind, revoked_at=at.messaging.clock())
    assert (await _asked(at, mine)).status_code == 200

    await _told(at, event)

    _assert_revoked(await _asked(at, mine))
    assert (await _asked(at, other)).status_code == 200


async def assert_machine_refused(at: Any, grant: str, access_id: str, kind: AccessKind) -> None:
    """Fail unless a machine's token is refused to its last day, and what it names no more is not.

    A person whose ids are the same goes on, and what came before does not undo it when it comes
    again.
    """
    callers, now = at.messaging, at.messaging.clock()
    mine = callers.machine_headers(grant, subject="m-1", token_id="t-1", days=DAYS)
    person = callers.session_headers(grant, subject="m-1", session="t-1")
    other = callers.machine_headers(grant, subject="m-2", token_id="t-2", days=DAYS)
    until = now + timedelta(days=DAYS, minutes=1)
    event = AccessRevoked(access_id=access_id, kind=kind, revoked_at=now, until=until)
    before = event.model_copy(
        update={"revoked_at": now - timedelta(days=9), "until": now + timedelta(days=1)}
    )
    assert (await _asked(at, mine)).status_code == 200

    await _told(at, event)
    await _told(at, before)

    _assert_revoked(await _asked(at, mine))
    assert (await _asked(at, person)).status_code == 200
    callers.clock.advance(seconds=1)
    again = callers.machine_headers(grant, subject="m-1", token_id="t-3", days=DAYS)
    callers.clock.advance(days=DAYS - 1)
    await callers.look()
    _assert_revoked(await _asked(at, mine))
    for goes_on in (other, again):
        assert (await _asked(at, goes_on)).status_code == 200


async def _told(at: Any, event: AccessRevoked) -> None:
    for _ in range(2):
        receipt = await at.messaging.deliver(event)
        assert (receipt.dead, receipt.retry_later) == (None, False)
    await at.messaging.look()


async def _asked(at: Any, headers: dict[str, str]) -> httpx.Response:
    answer: httpx.Response = await at.client.get("/api/programmes", headers=headers)
    return answer


def _assert_revoked(answer: httpx.Response) -> None:
    assert answer.status_code == 401
    assert 'error_description="revoked"' in answer.headers["WWW-Authenticate"]
