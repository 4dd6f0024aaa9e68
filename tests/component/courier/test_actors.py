"""Who did it: every changing route leaves a record, and its events name the same account."""

from typing import Any

import pytest

from services.courier.api import RULES
from tests.component.courier.counter import AREA, STEPS, counter
from tests.unit.courier.sample import AGENT, received

ACTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "PUT /api/areas/{programme_id}/{village}/{rw}": ("admin", AREA, {"agent_id": AGENT}),
    "POST /api/jobs/{job_id}/assign": (
        "operator", "/api/jobs/case-1/assign", {"agent_id": "agent-2"},
    ),
    "POST /api/jobs/{job_id}/steps": ("agent", STEPS, {"step": "collect_papers"}),
}  # fmt: skip


def test_every_changing_route_is_tried() -> None:
    assert set(ACTS) == {route for route in RULES if not route.startswith("GET ")}


@pytest.mark.parametrize("route", ACTS)
async def test_a_command_keeps_who_sent_it(route: str) -> None:
    role, path, body = ACTS[route]
    async with counter() as at:
        if path != AREA:
            await at.serve()
        await at.messaging.deliver(received())
        known, sent = at.messaging.documents("actions"), len(at.messaging.messages)
        assert len(at.messaging.messages) > 0
        headers = at.messaging.headers(role, "halo_pamor", "32.75", subject=AGENT, key="act-0001")
        for _ in range(2):
            method = route.split(" ", maxsplit=1)[0]
            answer = await at.client.request(method, path, json=body, headers=headers)
            assert answer.status_code == 200, answer.text
        ids = {one["_id"] for one in known}
        [left] = [one for one in at.messaging.documents("actions") if one["_id"] not in ids]
        assert (left["actor"], left["action"]) == (AGENT, route)
        assert left["changed"]
        told = at.messaging.messages[sent:]
        assert told
        assert {message.envelope.actor for message in told} == {AGENT}


async def test_what_follows_a_message_is_done_by_the_service() -> None:
    async with counter() as at:
        await at.messaging.deliver(received())
        assert {m.envelope.actor for m in at.messaging.messages} == {"service:courier"}
        assert at.messaging.documents("actions") == []
