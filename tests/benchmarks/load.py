"""Open arrivals at intake, as a process of its own: `python -m tests.benchmarks.load FILE`.

Reads a plan as JSON from standard input and writes what came of each request to FILE. A request is
sent when it is due, whatever became of those before it, and its time runs from then: what a slow
answer would have held up is in the figures. Times are of the machine's monotonic clock, which is
the same in every process.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvloop

from deploy.local.demo.botram import REQUESTS
from shared.contracts.envelope import new_id
from tests.benchmarks.client import UNANSWERED, LoadClient

_TIMEOUT = 30.0
_LEAD = 0.5
_CREATED = 201
_PLACES = ("32.16.18", "32.16.07", "32.16.19", "32.16.06")


def bodies(event_id: str, first: int, count: int) -> Iterator[dict[str, Any]]:
    """Yield requests at an event, each of another made-up resident, services as at Setu."""
    chance = random.Random(first)
    services = chance.choices(list(REQUESTS), weights=list(REQUESTS.values()), k=count)
    for number, service in enumerate(services, first):
        yield {
            "programme_id": "botram",
            "service": service,
            "channel": "event",
            "event_id": event_id,
            "region_code": chance.choice(_PLACES),
            "applicant": {
                "name": f"Siti Contoh {_letters(number)}",
                "nik": f"321699{1 + number // 9_999:02}0190{1 + number % 9_999:04}",
                "address": f"Kampung Contoh No. {number}",
            },
        }


def _letters(number: int) -> str:
    """Return a number in letters: a name has no digits."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number)).capitalize()


def arrivals(rate: int, seconds: float, seed: int) -> list[float]:
    """Return when requests come, from 0 on: as many as the rate says, each at any moment."""
    chance = random.Random(seed)
    return sorted(chance.uniform(0, seconds) for _ in range(round(rate * seconds)))


async def run(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Send everything when it is due; return when each was due, sent and answered, and how."""
    moments = arrivals(plan["rate"], plan["seconds"], plan["first"])
    client = LoadClient(plan["url"], {"Authorization": f"Bearer {plan['token']}"}, _TIMEOUT)
    bodies_ = list(bodies(plan["event_id"], plan["first"], len(moments)))
    start = time.monotonic() + _LEAD
    sending = []
    for moment, body in zip(moments, bodies_, strict=True):
        due = start + moment
        if (early := due - time.monotonic()) > 0:
            await asyncio.sleep(early)
        sending.append(asyncio.create_task(_send(client, body, due)))
    found = await asyncio.gather(*sending)
    client.close()
    return found


async def _send(client: LoadClient, body: dict[str, Any], due: float) -> dict[str, Any]:
    headers = {"Idempotency-Key": new_id()}
    sent = time.monotonic()
    status = await client.post(body, headers)
    answered = time.monotonic()
    if status == UNANSWERED:
        # Whether it was recorded is not known: under the same key it is recorded once.
        status = await client.post(body, headers)
    return {"due": due, "sent": sent, "answered": answered, "accepted": status == _CREATED}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(uvloop.run(run(json.load(sys.stdin)))), "utf-8")
