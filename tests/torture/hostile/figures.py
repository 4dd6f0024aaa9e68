"""What the neighbours' answers come to: in quiet, beside honest traffic, and under attack.

A round is a quiet time and then, for each attack, as much traffic without the harm and the attack
itself. So whatever else the machine does falls on all three alike. Each service is held against
itself: their answers take different times, and while intake's database hangs intake is left out.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from tests.benchmarks.road import p99_ms
from tests.torture.hostile.neighbour import RECORD

Samples = Sequence[Mapping[str, Any]]
HUNG: Final = "A6 database hung"


class Kind(StrEnum):
    """What went on beside the neighbour."""

    QUIET = "quiet"
    HONEST = "honest"
    ATTACK = "attack"


class Window(NamedTuple):
    """A time of one kind; of an attack or its honest counterpart with the attack's name."""

    kind: Kind
    name: str
    began: float
    ended: float

    def holds(self, sample: Mapping[str, Any]) -> bool:
        """Whether a request was sent in this time, to a service that is not the attack's aim."""
        hung = self.name == HUNG and sample["stream"] == RECORD
        return self.began <= sample["at"] < self.ended and not hung


def compared(samples: Samples, windows: Sequence[Window]) -> dict[str, Any]:
    """Return each stream's 99th percentiles, and of all streams the worst ratios."""
    streams = sorted({one["stream"] for one in samples})
    p99 = {stream: _kinds(samples, windows, stream) for stream in streams}
    return {
        "neighbours_p99_ratio": _worst(p99, Kind.HONEST),
        "neighbours_p99_ratio_to_quiet": _worst(p99, Kind.QUIET),
        "neighbours_p99_ms": p99,
    }


def _kinds(samples: Samples, windows: Sequence[Window], stream: str) -> dict[str, float | None]:
    mine = [one for one in samples if one["stream"] == stream]
    return {kind.value: p99_of(mine, [one for one in windows if one.kind is kind]) for kind in Kind}


def _worst(p99: Mapping[str, Mapping[str, float | None]], base: Kind) -> float | None:
    """Return the highest ratio; none where a stream has no answers of one kind."""
    pairs = [(one[Kind.ATTACK], one[base]) for one in p99.values()]
    ratios = [during / before for during, before in pairs if during and before]
    return round(max(ratios), 2) if ratios and len(ratios) == len(pairs) else None


def p99_of(samples: Samples, windows: Sequence[Window]) -> float | None:
    """Return the 99th percentile of requests in these times, in milliseconds."""
    return p99_ms([one["ms"] / 1000 for one in _within(samples, windows)])


def slowest(samples: Samples, windows: Sequence[Window]) -> dict[str, Any] | None:
    """Return the stream, time and status of the slowest answer in these times."""
    found = _within(samples, windows)
    if not found:
        return None
    worst = max(found, key=lambda one: float(one["ms"]))
    return {name: worst[name] for name in ("stream", "ms", "status")}


def _within(samples: Samples, windows: Sequence[Window]) -> list[Mapping[str, Any]]:
    return [one for one in samples if any(window.holds(one) for window in windows)]
