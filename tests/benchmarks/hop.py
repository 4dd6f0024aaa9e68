"""The key `hop`: every contender once a round, in turn; see README.md."""

import statistics
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import uvloop

from deploy.local import stack as stacks
from deploy.local.servers import Say, Servers
from tests.benchmarks.bus import LONG_ENOUGH, Measured, Size
from tests.benchmarks.contenders import Bench, Conflicts

LEAST: Final = {
    "raw": 20_000,
    "ours": 20_000,
    "faststream": 3_000,
    "celery_prefork": 3_000,
    "celery_threads": 3_000,
}
"""Events a round of each contender, at least."""

_MOST = 120_000
_ENOUGH = 1.5 * LONG_ENOUGH
"""Seconds for which there are events, by the rate of the trial; what is left over is dropped."""

_WARM_SECONDS = 3
_TRIAL = 0.25
"""The part of the least that tells a contender's rate first; not in the figures."""

Contender = Callable[[Size], Awaitable[Measured]]


def measure(servers: Servers, say: Say, rounds: int, most: int | None) -> dict[str, object]:
    """Measure, and return what is written."""
    with tempfile.TemporaryDirectory(prefix="jemput-hop-") as folder:
        # Courier's queue alone: the peers' events are copied to nobody else either.
        stack = stacks.prepared(servers, Path(folder), prefix="bench_", services=["courier"])
        bench = Bench(stack, servers.amqp_url, servers.mongo_url)
        found = summary(_rounds(bench, say, rounds, most))
        return found | {"two_instances": _two_instances(bench, say, most)}


def _two_instances(bench: Bench, say: Say, most: int | None) -> dict[str, object]:
    """Return how many batches of two instances met a conflict, and what it cost."""
    count = min(LEAST["ours"], most or LEAST["ours"])
    found = uvloop.run(_both(bench, Size(count // 10, count, count)))
    say(f"two instances: {found.conflicts} of {found.batches} batches met a conflict")
    return {
        "events_per_s": round(found.rate),
        "batches": found.batches,
        "conflicts": found.conflicts,
        "conflicts_to_batches": round(found.conflicts / found.batches, 3),
        "units_decided_again": found.redecided,
    }


async def _both(bench: Bench, size: Size) -> Conflicts:
    return await bench.two_instances(size)


def _rounds(
    bench: Bench, say: Say, rounds: int, most: int | None
) -> Mapping[str, Sequence[Measured]]:
    """Run the contenders in turn, so that a slow minute of the machine hits all."""
    sizes = {name: sized(_trial(bench, name, most), name, most) for name in LEAST}
    found: dict[str, list[Measured]] = {name: [] for name in sizes}
    for number in range(1, rounds + 1):
        for name, size in sizes.items():
            one = _run(bench, name, size)
            found[name].append(one)
            say(f"round {number}: {name:15} {one.rate:7.0f} events/s in {one.seconds:5.1f} s")
    return found


def sized(rate: float, name: str, most: int | None) -> Size:
    """Return how many events make a contender of such a rate busy for long enough."""
    count = min(max(round(_ENOUGH * rate), LEAST[name]), most or _MOST)
    return Size(min(round(_WARM_SECONDS * rate), count), min(LEAST[name], count), count)


def _trial(bench: Bench, name: str, most: int | None) -> float:
    count = min(round(_TRIAL * LEAST[name]), most or _MOST)
    return _run(bench, name, Size(count // 2, count, count)).rate


def _run(bench: Bench, name: str, size: Size) -> Measured:
    contender: Contender = getattr(bench, name)
    return uvloop.run(_awaited(contender, size))


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
        "events": {name: [one.events for one in each] for name, each in found.items()},
        "rounds": {name: [round(one.rate) for one in each] for name, each in found.items()},
        "seconds": {name: [round(one.seconds, 1) for one in each] for name, each in found.items()},
    }
