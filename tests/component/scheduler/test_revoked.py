"""What intake says is revoked is refused here."""

import pytest

from shared.contracts.intake import AccessKind, AccessRevoked
from tests.component.scheduler.floor import floor

GRANT = "operator:botram:32.16"


@pytest.mark.parametrize(
    ("access_id", "kind"), [("a-1", AccessKind.ACCOUNT), ("s-1", AccessKind.SESSION)]
)
async def test_a_revoked_token_is_refused(access_id: str, kind: AccessKind) -> None:
    async with floor() as at:
        mine = at.messaging.session_headers(GRANT, subject="a-1", session="s-1")
        other = at.messaging.session_headers(GRANT, subject="a-2", session="s-2")
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
