"""A case that stands as a route of the desk needs it."""

from collections.abc import Mapping
from typing import Any, Final

from services.intake.api import claims, returns
from tests.component.intake.catalogues import publish
from tests.component.intake.kit import Desk

ROUTES: Final = {**claims.RULES, **returns.RULES}
RETURN: Final[Mapping[str, Any]] = {
    "items": [{"requirement_id": "family_card", "fault": "unreadable"}]
}


async def stands_ready(route: str, case: Mapping[str, Any], office: Desk, by: str) -> str:
    """Record a case, claimed by somebody or returned where the route ends that; return its id."""
    (await publish(office)).raise_for_status()
    case_id = str((await office.record(case))["case_id"])
    before: dict[str, tuple[str, Mapping[str, Any] | None]] = {
        "DELETE /api/requests/{case_id}/claim": ("claim", None),
        "POST /api/requests/{case_id}/resubmission": ("return", RETURN),
    }
    if route in before:
        path, body = before[route]
        headers = office.messaging.headers("operator", subject=by)
        address = f"/api/requests/{case_id}/{path}"
        (await office.client.post(address, json=body, headers=headers)).raise_for_status()
    return case_id


def sent(route: str) -> dict[str, Any]:
    """Return what is sent with a request of this route."""
    return {"json": RETURN} if route.endswith("/return") else {}
