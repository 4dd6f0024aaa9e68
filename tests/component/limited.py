"""What a service does with an account that asks too much."""

import asyncio
from typing import Any, Final

from shared.web.accounts import PEOPLE

ASKED: Final = "/api/programmes"


async def assert_limited(at: Any, grant: str) -> None:
    """Fail unless one person's requests are refused above the stated limit, and no other's."""
    mine, other = (
        at.messaging.session_headers(grant, subject=subject, session=f"s-{subject}")
        for subject in ("a-1", "a-2")
    )
    answers = await asyncio.gather(
        *(at.client.get(ASKED, headers=mine) for _ in range(PEOPLE.amount))
    )
    assert {answer.status_code for answer in answers} == {200}

    refused = await at.client.get(ASKED, headers=mine)
    assert (refused.status_code, refused.json()["limit"]) == (429, PEOPLE.text)
    assert 1 <= int(refused.headers["Retry-After"]) <= 2 * PEOPLE.seconds
    assert (await at.client.get(ASKED, headers=other)).status_code == 200
    labels = {"event": "throttled", "route": ASKED, "reason": "too-many-requests"}
    counted = at.messaging.registry.get_sample_value("jemput_security_events_total", labels)
    assert counted == 1
