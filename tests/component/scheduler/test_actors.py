"""Who did it: every changing route leaves a record, and its events name the same account."""

from typing import Any

import pytest

from services.scheduler.api import RULES
from tests.component.scheduler.floor import DEVICE, event_body, floor
from tests.component.scheduler.test_rights import CALLED
from tests.unit.files.samples import image
from tests.unit.scheduler.sample import SETU

EVENT = f"/api/events/{SETU}"
ACTS: dict[str, tuple[str, str, Any]] = {
    "PUT /api/events/{event_id}": ("planner", EVENT, event_body(name="BOTRAM II")),
    "POST /api/events/{event_id}/booths/{booth_id}/calls": (
        "operator", f"{EVENT}/booths/loket-1/calls", None,
    ),
    "POST /api/events/{event_id}/services/{service}/tickets/{number}/{act}": (
        "operator", f"{EVENT}/services/KIA/tickets/1/serve", {"booth_id": "loket-1"},
    ),
    "POST /api/events/{event_id}/booths/{booth_id}/visits": (
        "operator", f"{EVENT}/booths/puskesmas/visits", {"service": "HEALTH_CHECK", "visitors": 1},
    ),
    "PUT /api/programmes/{programme_id}/agencies/{agency_id}": (
        "planner", "/api/programmes/botram/agencies/bjb", {"name": "Bank BJB", "kind": "bumd"},
    ),
    "POST /api/events/{event_id}/services/{service}/closing": (
        "operator", f"{EVENT}/services/KIA/closing", None,
    ),
    "POST /api/events/{event_id}/cancellation": ("planner", f"{EVENT}/cancellation", None),
    "POST /api/events/{event_id}/arrivals": (
        "operator", f"{EVENT}/arrivals", {"services": ["KIA"]},
    ),
    "PUT /api/events/{event_id}/leases/{device}": (
        "operator", f"{EVENT}/leases/{DEVICE}", {"booth_id": "loket-1", "hold": 1},
    ),
    "POST /api/events/{event_id}/leases/{device}/stories": (
        "operator", f"{EVENT}/leases/{DEVICE}/stories", {"called": [CALLED]},
    ),
    "DELETE /api/events/{event_id}/leases/{device}": (
        "operator", f"{EVENT}/leases/{DEVICE}", None,
    ),
    "POST /api/events/{event_id}/evidence": ("operator", f"{EVENT}/evidence", None),
    "POST /api/events/{event_id}/evidence/{file_id}": (
        "operator", f"{EVENT}/evidence/{{file_id}}", {"kind": "photo"},
    ),
    "DELETE /api/events/{event_id}/evidence/{file_id}": (
        "planner", f"{EVENT}/evidence/{{file_id}}", None,
    ),
}  # fmt: skip
QUIET = ("evidence", "agencies", "closing")
"""Of what is told to nobody."""
SEND = "POST /api/events/{event_id}/evidence"


def test_every_changing_route_is_tried() -> None:
    assert set(ACTS) == {route for route in RULES if not route.startswith("GET ")}


@pytest.mark.parametrize("route", ACTS)
async def test_a_command_keeps_who_sent_it(route: str) -> None:
    role, path, body = ACTS[route]
    async with floor() as at:
        await at.request("case-1")
        await at.request("case-2")
        await at.call()
        if "{file_id}" in path:
            bound = route.startswith("DELETE")
            path = path.format(file_id=await at.evidence(bound=bound))
        if "{device}" in route and not route.startswith("PUT"):
            await at.lease({"booth_id": "loket-1"}, subject="siti")
        if route.endswith("/closing"):
            at.messaging.clock.advance(hours=3)
        known = {one["_id"] for one in at.messaging.documents("actions")}
        sent = len(at.messaging.messages)
        headers = at.messaging.headers(role, "botram", "32.16", subject="siti", key="act-00001")
        for _ in range(2):
            method = route.split(" ", maxsplit=1)[0]
            sent_body = {"content": image()} if route == SEND else {"json": body}
            answer = await at.client.request(method, path, headers=headers, **sent_body)
            assert answer.is_success, answer.text
        [left] = [one for one in at.messaging.documents("actions") if one["_id"] not in known]
        assert (left["actor"], left["action"]) == ("siti", route)
        assert left["changed"]
        quiet = any(word in route for word in QUIET) or route.endswith("/leases/{device}")
        told = [] if quiet else ["siti"]
        assert [m.envelope.actor for m in at.messaging.messages[sent:]] == told


async def test_what_follows_a_message_is_done_by_the_service() -> None:
    async with floor() as at:
        before = len(at.messaging.documents("actions"))
        await at.request("case-1")
        assert at.messaging.messages[-1].envelope.actor == "service:scheduler"
        assert len(at.messaging.documents("actions")) == before
