"""A second field of that day, which closes while people still wait: they leave with an offer."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from deploy.local.demo.day import BOTRAM, CLOSING, Day
from deploy.local.demo.floor import admit, booth, call, serve
from deploy.local.processes import FailedError

SERVICE: Final = "HEALTH_CHECK"
COME: Final = 12
SERVED: Final = 7
UNSERVED: Final = COME - SERVED

_BOOTH: Final = "puskesmas"
_OFFICE: Final = "Kantor Kecamatan Cikarang Selatan"
_ZONE: Final = ZoneInfo("Asia/Jakarta")
_MINUTE: Final = timedelta(minutes=1)
_AT_LEAST: Final = timedelta(seconds=90)
"""Until the closing: numbers are given and seven people served before it, also while services are
killed on the way."""


async def run(day: Day) -> None:
    """Plan a field that closes at one of the next minutes; give numbers, serve some and close."""
    planner = day.token("demo-planner", f"planner:{BOTRAM}:32.16")
    operator = day.token("demo-operator", f"operator:{BOTRAM}:32.16")
    closes = await _closing()
    path = f"/api/events/{CLOSING}"
    await day.client.retry_until_accepted("PUT", "scheduler", path, planner, _plan(closes))
    for _ in range(COME):
        await _admit(day, operator)
    for _ in range(SERVED):
        await _serve(day, operator)
    await asyncio.sleep(max(0.0, (closes - datetime.now(_ZONE)).total_seconds()))
    # Refused as long as scheduler's clock is behind ours.
    line = f"{path}/services/{SERVICE}/closing"
    told = await day.client.retry_until_accepted("POST", "scheduler", line, operator, {})
    kinds = ", ".join(one["kind"] for one in told["offers"])
    day.say(f"a second field is closed: {told['waiting']} who still wait are offered {kinds}")


async def _closing() -> datetime:
    """Return the next full minute that is far enough; a field is closed on the day it opened."""
    while True:
        now = datetime.now(_ZONE)
        closes = (now + _AT_LEAST + _MINUTE).replace(second=0, microsecond=0)
        if closes.date() == now.date():
            return closes
        await asyncio.sleep(1)


def _plan(closes: datetime) -> dict[str, Any]:
    return {
        "programme_id": BOTRAM,
        "name": "BOTRAM Cikarang Selatan",
        "place": "Lapangan Desa Cibatu",
        "region_code": "32.16.19",
        "on": closes.date().isoformat(),
        "opens": "00:00",
        "closes": f"{closes:%H:%M}",
        "booths": [booth(_BOOTH, "Dinas Kesehatan (Puskesmas)", SERVICE, ticketed=True)],
        "offers": [{"kind": "service_point", "place": _OFFICE}],
    }


async def _admit(day: Day, operator: str) -> None:
    given = await admit(day, operator, CLOSING, [SERVICE])
    day.ledger.elsewhere |= {one["ticket_id"] for one in given["tickets"]}


async def _serve(day: Day, operator: str) -> None:
    ticket = await call(day, operator, CLOSING, _BOOTH)
    if ticket is None:
        raise FailedError("nobody waits at the second field")
    await serve(day, operator, CLOSING, ticket, _BOOTH)
    day.ledger.served_elsewhere.add(ticket["ticket_id"])
