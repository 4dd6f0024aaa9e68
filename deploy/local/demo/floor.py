"""What happens at a field, whichever it is: numbers at the gate, calls and service at booths."""

from datetime import datetime
from typing import Any

from deploy.local.demo.day import Day


def booth(booth_id: str, agency: str, service: str, *, ticketed: bool) -> dict[str, Any]:
    """Return a booth as an event's plan says it."""
    return {"booth_id": booth_id, "agency": agency, "services": [service], "ticketed": ticketed}


async def admit(
    day: Day, operator: str, event: str, services: list[str], at: datetime | None = None
) -> dict[str, Any]:
    """Give a code, and a number for each service, to somebody who comes; return both.

    `at`: when that was, of a day gone by.
    """
    path = f"/api/events/{event}/arrivals"
    given: dict[str, Any] = await day.client.send(
        "POST", "scheduler", path, operator, {"services": services, **_then(at)}
    )
    return given


async def call(
    day: Day, operator: str, event: str, booth_id: str, at: datetime | None = None
) -> dict[str, Any] | None:
    """Call whoever is next at a booth; return his ticket, None where nobody waits."""
    path = f"/api/events/{event}/booths/{booth_id}/calls"
    called = await day.client.send("POST", "scheduler", path, operator, _then(at))
    ticket: dict[str, Any] | None = called["ticket"]
    return ticket


async def serve(
    day: Day,
    operator: str,
    event: str,
    ticket: dict[str, Any],
    booth_id: str,
    at: datetime | None = None,
) -> None:
    """Note that a booth has served a ticket."""
    path = f"/api/events/{event}/services/{ticket['service']}/tickets/{ticket['number']}/serve"
    body = {"booth_id": booth_id, **_then(at)}
    await day.client.send("POST", "scheduler", path, operator, body)


def _then(at: datetime | None) -> dict[str, str]:
    return {} if at is None else {"occurred_at": at.isoformat()}
