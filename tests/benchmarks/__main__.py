"""`python -m tests.benchmarks`: measure, print, write build/bench.json; see README.md."""

import argparse
import json
import os
import platform
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from deploy.local.demo.botram import TOTAL
from deploy.local.folder import ROOT
from deploy.local.processes import signals_interrupt
from deploy.local.servers import Servers, provide
from shared.runtime.start import utc_now
from tests.benchmarks import hop, line, road, seal, status, timers, upload
from tests.conftest import may_publish_for_others

RESULT = ROOT / "build" / "bench.json"
KEYS = ("hop", "road", "line", "timers", "seal", "status", "upload")
USUAL = ("hop", "road", "line")
"""Measured where none is named; the others take as long again."""
_SHOWN = ("hop", "ours_to_raw", "ours_to_best_peer", "two_instances", *KEYS[1:])
say = partial(print, flush=True)


def main(words: list[str]) -> None:
    """Measure on fresh servers of our own; one key alone leaves the other's figures as they are."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--key", choices=KEYS, action="append", help="measure this one alone")
    parser.add_argument("--events", type=int, help="hop, timers: so many at most")
    parser.add_argument("--rounds", type=int, default=3, help="hop: so often each contender")
    parser.add_argument("--seconds", type=int, default=road.SECONDS, help="road: at each rate")
    parser.add_argument("--people", type=int, default=TOTAL, help="line: so many come")
    parser.add_argument("--requests", type=int, default=seal.REQUESTS, help="seal: in a round")
    parser.add_argument("--cases", type=int, default=status.CASES, help="status: so many behind")
    wanted = parser.parse_args(words)
    keys = wanted.key or USUAL
    found: dict[str, Any] = {}
    with (
        signals_interrupt(),
        tempfile.TemporaryDirectory(prefix="jemput-bench-") as folder,
        provide(Path(folder), fresh=True, say=say) as servers,
    ):
        may_publish_for_others(servers)
        if "hop" in keys:
            found |= hop.measure(servers, say, wanted.rounds, wanted.events)
        if "road" in keys:
            found |= road.measure(servers, say, wanted.seconds)
        if "line" in keys:
            found |= line.measure(servers, say, wanted.people)
        if "timers" in keys:
            found |= timers.measure(servers, say, wanted.events)
        if "seal" in keys:
            found |= seal.measure(servers, say, wanted.requests)
        if "status" in keys:
            found |= status.measure(servers, say, wanted.cases)
        if "upload" in keys:
            found |= upload.measure(servers, say)
        measured = {"at": utc_now().isoformat(timespec="seconds"), "machine": machine(servers)}
    write({**found, "measured": dict.fromkeys(keys, measured)})
    say(json.dumps({name: found[name] for name in _SHOWN if name in found}))


def machine(servers: Servers) -> dict[str, object]:
    """Return on what it was measured; the load is the machine's at the end."""
    return {
        "cpus": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "rabbitmq": servers.rabbitmq_version,
        "mongodb": servers.mongodb_version,
        "load": os.getloadavg(),
    }


def write(found: dict[str, Any], file: Path = RESULT) -> None:
    """Write the figures over what is there of the same keys."""
    there = json.loads(file.read_text("utf-8")) if file.exists() else {}
    measured = {**there.get("measured", {}), **found["measured"]}
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({**there, **found, "measured": measured}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
