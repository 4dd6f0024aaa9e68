"""What a service does with the tokens of whoever intake says is out."""

from typing import Any, Final

import pytest

from shared.contracts.intake import AccessKind, AccessRevoked

EACH_KIND: Final = pytest.mark.parametrize(
    ("access_id", "kind"), [("a-1", AccessKind.ACCOUNT), ("s-1", AccessKind.SESSION)]
)


async def assert_refused(at: Any, grant: str, access_id: str, kind: AccessKind) -> None:
    """Fail unless the revoked token is refused, another goes on, and a repeat changes nothing."""
    mine = at.messaging.session_headers(grant, subject="a-1", session="s-1")
    other = at.messaging.session_headers(grant, subject="a-2", session="s-2")
    event = AccessRevoked(access_id=access_id, kind=kind, revoked_at=at.messaging.clock())
    assert (await at.client.get("/api/programmes", headers=mine)).status_code == 200

    for _ in range(2):
        receipt = await at.messaging.deliver(event)
        assert (receipt.dead, receipt.retry_later) == (None, False)
    await at.messaging.look()

    refused = await at.client.get("/api/programmes", headers=mine)
    assert refused.status_code == 401
    assert 'error_description="revoked"' in refused.headers["WWW-Authenticate"]
    assert (await at.client.get("/api/programmes", headers=other)).status_code == 200
