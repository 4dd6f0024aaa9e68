"""The key `seal`: requests recorded with residents sealed and plain, in turn; see README.md."""

import asyncio
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from deploy.local.servers import Say, Servers
from tests.benchmarks.side import in_turn, side

REQUESTS: Final = 2_000
"""Recorded in each round of each of the two."""
ROUNDS: Final = 5
_KINDS: Final[Mapping[str, str]] = {
    "sealed": "services.intake",
    "plain": "tests.benchmarks.plain_intake",
}


def measure(
    servers: Servers, say: Say, requests: int = REQUESTS, rounds: int = ROUNDS
) -> dict[str, object]:
    """Run both, and have them record in turn."""
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="jemput-seal-")))
        sides = {
            kind: open_.enter_context(side(servers, folder, kind, module))
            for kind, module in _KINDS.items()
        }
        rates = asyncio.run(in_turn(sides, requests, rounds))
    found = figures(rates)
    say(f"seal: {found}")
    return {"seal": found}


def figures(rates: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the medians of both, and the median of the rounds' own ratios."""
    ratios = [s / p for s, p in zip(rates["sealed"], rates["plain"], strict=True)]
    return {
        "sealed_per_s": round(statistics.median(rates["sealed"]), 1),
        "plain_per_s": round(statistics.median(rates["plain"]), 1),
        "ratio": round(statistics.median(ratios), 3),
    }
