"""The key `status`: a million cases behind; see README.md."""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from deploy.local.servers import Say, Servers
from tests.benchmarks import filled
from tests.benchmarks.client import LoadClient
from tests.benchmarks.load import arrivals
from tests.benchmarks.road import p99_ms
from tests.benchmarks.side import Side, in_turn, side

CASES: Final = 1_000_000
RATE: Final = 220
SECONDS: Final = 30
REQUESTS: Final = 2_000
ROUNDS: Final = 5
_TEMPLATES: Final = 250
_WARM_SECONDS: Final = 10
_TIMEOUT: Final = 30.0
_OK: Final = 200


def measure(
    servers: Servers,
    say: Say,
    cases: int = CASES,
    requests: int = REQUESTS,
    rounds: int = ROUNDS,
    seconds: int = SECONDS,
) -> dict[str, object]:
    """Fill one of two intakes; look requests up in it, and have both record in turn."""
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="jemput-status-")))
        empty = open_.enter_context(side(servers, folder, "empty"))
        full = open_.enter_context(side(servers, folder, "full"))
        asyncio.run(full.record(min(_TEMPLATES, cases)))
        began = time.monotonic()
        known = filled.codes(full.stack, filled.fill(full.stack, cases, say))
        say(f"status: filled in {time.monotonic() - began:.0f} s")
        found = asyncio.run(_looked_up(full, known, seconds))
        rates = asyncio.run(in_turn({"empty": empty, "full": full}, requests, rounds))
    result = {"cases": cases, **found, "recording": slower(rates)}
    say(f"status: {result}")
    return {"status": result}


async def _looked_up(full: Side, known: Sequence[str], seconds: int) -> dict[str, Any]:
    await look_up(full, known, min(seconds, _WARM_SECONDS), 1)
    return figures(await look_up(full, known, seconds, 2))


async def look_up(
    full: Side, known: Sequence[str], seconds: int, seed: int
) -> list[tuple[float, float, int]]:
    """Ask for requests by their codes at any moment; when each was due and answered, and how."""
    client = LoadClient(f"{full.stack.url('intake')}/api/track", {}, _TIMEOUT)
    chance, start, asked = random.Random(seed), time.monotonic(), []
    for moment in arrivals(RATE, seconds, seed):
        due = start + moment
        if (early := due - time.monotonic()) > 0:
            await asyncio.sleep(early)
        asked.append(asyncio.create_task(_ask(client, chance.choice(known), due)))
    try:
        return list(await asyncio.gather(*asked))
    finally:
        client.close()


async def _ask(client: LoadClient, code: str, due: float) -> tuple[float, float, int]:
    status = await client.post({"code": code}, {})
    return due, time.monotonic(), status


def figures(answers: Sequence[tuple[float, float, int]]) -> dict[str, Any]:
    """Return how many were answered a second, and how long it took from when each was due."""
    took = max(answered for _, answered, _ in answers) - min(due for due, _, _ in answers)
    right = [answered - due for due, answered, status in answers if status == _OK]
    return {
        "per_s": round(len(right) / took, 1),
        "p99_ms": p99_ms(right),
        "p50_ms": round(1000 * statistics.median(right), 1) if right else None,
        "errors": len(answers) - len(right),
    }


def slower(rates: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return both medians, and by how much the full one is slower: the rounds' own, the median."""
    times = [e / f for e, f in zip(rates["empty"], rates["full"], strict=True)]
    return {
        "empty_per_s": round(statistics.median(rates["empty"]), 1),
        "full_per_s": round(statistics.median(rates["full"]), 1),
        "times": round(statistics.median(times), 3),
    }
