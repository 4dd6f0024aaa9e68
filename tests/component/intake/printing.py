"""Bodies of a batch's routes, and its way to the counter."""

from typing import Any, Final

import httpx

from tests.component.intake.kit import Desk

DAY: Final[dict[str, Any]] = {"handover_on": "2099-12-31"}


def body(programme_id: str = "botram", **changed: Any) -> dict[str, Any]:
    """Return of what a batch is made, of requests at the event in Setu."""
    said = {"programme_id": programme_id, "region_code": "32.16.18", "service": "KIA"}
    return {**said, **changed}


def collected(case_id: str, **changed: Any) -> dict[str, Any]:
    """Return that an applicant collected a document."""
    return {"case_id": case_id, "collector": "applicant", **changed}


async def printed(office: Desk, batch_id: str, **changed: Any) -> httpx.Response:
    """Mark a batch printed as an operator."""
    return await office.operator("POST", f"/batches/{batch_id}/printed", json={**DAY, **changed})


async def hand_over(office: Desk, batch_id: str, case_id: str, **changed: Any) -> httpx.Response:
    """Note a hand-over as an operator."""
    path = f"/batches/{batch_id}/handovers"
    return await office.operator("POST", path, json=collected(case_id, **changed))
