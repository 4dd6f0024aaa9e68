"""`python -m tests.benchmarks`: measure, print, write build/bench.json; see README.md."""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import uvloop

from deploy.local import stack as stacks
from deploy.local.folder import ROOT
from deploy.local.processes import signals_interrupt
from deploy.local.servers import Servers, provide
from tests.benchmarks.contenders import Bench

RESULT = ROOT / "build" / "bench.json"
say = partial(print, flush=True)


def measure(bench: Bench, rounds: int) -> dict[str, list[float]]:
    """Run every contender once a round, in turn, so that a slow minute of the machine hits all."""
    contenders: dict[str, Callable[[], Awaitable[float]]] = {
        "raw": bench.raw,
        "ours": bench.ours,
        "faststream": bench.faststream,
        "celery_prefork": bench.celery_prefork,
        "celery_threads": bench.celery_threads,
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(1, rounds + 1):
        for name, contender in contenders.items():
            rate = uvloop.run(_timed(contender))
            rates[name].append(rate)
            say(f"round {number}: {name:15} {rate:7.0f} events/s")
    return rates


async def _timed(contender: Callable[[], Awaitable[float]]) -> float:
    return await contender()


def summary(rates: dict[str, list[float]], servers: Servers, events: int) -> dict[str, object]:
    """Return what is written: medians, their ratios, every single figure, and the machine."""
    median = {name: statistics.median(found) for name, found in rates.items()}
    celery = max(median["celery_prefork"], median["celery_threads"])
    best = max(celery, median["faststream"])
    return {
        "hop": {
            "ours": round(median["ours"]),
            "raw": round(median["raw"]),
            "faststream": round(median["faststream"]),
            "celery": round(celery),
        },
        "ours_to_raw": round(median["ours"] / median["raw"], 3),
        "ours_to_best_peer": round(median["ours"] / best, 2),
        "unit": "events a second, median of the rounds",
        "events": events,
        "rounds": {name: [round(rate) for rate in found] for name, found in rates.items()},
        "machine": {
            "cpus": os.cpu_count(),
            "processor": platform.processor() or platform.machine(),
            "python": platform.python_version(),
            "rabbitmq": servers.rabbitmq_version,
            "mongodb": servers.mongodb_version,
            "load": os.getloadavg(),
        },
    }


def main(words: list[str]) -> None:
    """Measure on fresh servers of our own."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args(words)
    with (
        signals_interrupt(),
        tempfile.TemporaryDirectory(prefix="jemput-bench-") as folder,
        provide(Path(folder), fresh=True, say=say) as servers,
    ):
        # Courier's queue alone: the peers' events are copied to nobody else either.
        own = Path(folder) / "stack"
        stack = stacks.prepared(servers, own, prefix="bench_", services=["courier"])
        bench = Bench(stack, servers.amqp_url, servers.mongo_url, wanted.events)
        found = summary(measure(bench, wanted.rounds), servers, wanted.events)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=2) + "\n")
    say(json.dumps({k: found[k] for k in ("hop", "ours_to_raw", "ours_to_best_peer")}))


if __name__ == "__main__":
    main(sys.argv[1:])
