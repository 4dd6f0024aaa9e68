"""The key `hop`: every contender once a round, in turn; see README.md."""

import statistics
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import uvloop

from deploy.local import stack as stacks
from deploy.local.servers import Say, Servers
from tests.benchmarks.contenders import Bench, Measured, Size

SIZES: Final = {
    "raw": Size(2_000, 40_000),
    "ours": Size(2_000, 20_000),
    "faststream": Size(500, 5_000),
    "celery_prefork": Size(500, 4_500),
    "celery_threads": Size(500, 4_500),
}
"""Chosen by each one's rate on two cores, so that a round measures at least twenty seconds."""

Contender = Callable[[Size], Awaitable[Measured]]


def measure(servers: Servers, say: Say, rounds: int, most: int | None) -> dict[str, object]:
    """Measure, and return what is written."""
    with tempfile.TemporaryDirectory(prefix="jemput-hop-") as folder:
        # Courier's queue alone: the peers' events are copied to nobody else either.
        stack = stacks.prepared(servers, Path(folder), prefix="bench_", services=["courier"])
        bench = Bench(stack, servers.amqp_url, servers.mongo_url)
        return summary(_rounds(bench, say, rounds, most))


def _rounds(
    bench: Bench, say: Say, rounds: int, most: int | None
) -> Mapping[str, Sequence[Measured]]:
    """Run the contenders in turn, so that a slow minute of the machine hits all."""
    found: dict[str, list[Measured]] = {name: [] for name in SIZES}
    for number in range(1, rounds + 1):
        for name, size in SIZES.items():
            contender: Contender = getattr(bench, name)
            shorter = size if most is None else Size(min(size.warm, most), min(size.count, most))
            one = uvloop.run(_awaited(contender, shorter))
            found[name].append(one)
            say(f"round {number}: {name:15} {one.rate:7.0f} events/s in {one.seconds:5.1f} s")
    return found


async def _awaited(contender: Contender, size: Size) -> Measured:
    return await contender(size)


def summary(found: Mapping[str, Sequence[Measured]]) -> dict[str, object]:
    """Return medians, their ratios and every single figure."""
    median = {name: statistics.median(one.rate for one in each) for name, each in found.items()}
    celery = max(median["celery_prefork"], median["celery_threads"])
    own = statistics.median(one.processor / one.events for one in found["ours"])
    return {
        "hop": {
            "ours": round(median["ours"]),
            "raw": round(median["raw"]),
            "faststream": round(median["faststream"]),
            "celery": round(celery),
            "own_ms_per_event": round(1000 * own, 3),
        },
        "ours_to_raw": round(median["ours"] / median["raw"], 3),
        "ours_to_best_peer": round(median["ours"] / max(celery, median["faststream"]), 2),
        "unit": "events a second, median of the rounds",
        "events": {name: each[0].events for name, each in found.items()},
        "rounds": {name: [round(one.rate) for one in each] for name, each in found.items()},
        "seconds": {name: [round(one.seconds, 1) for one in each] for name, each in found.items()},
    }
