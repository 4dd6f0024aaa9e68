"""`python -m tests.torture.hostile`: attack, print, write build/hostile.json.

Honest requests go on beside the attacks: requests at intake, reads at courier and reporting. The
ratio is their 99th percentile during attacks over that before, while the same client brought as
many messages and commands without the harm. While intake's database hangs, intake's own answers
are the attack's effect and not in the ratio; that each is recorded in the end is held. Exit status
0 where every attack was stopped, no recorded request was lost, and the ratio is at most
`RATIO_LIMIT`: on a busy machine anything below says little, so it is only reported.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from deploy.local.folder import ROOT
from deploy.local.processes import signals_interrupt
from deploy.local.servers import provide
from tests.benchmarks.road import p99_ms
from tests.torture.hostile import broker, database, edge
from tests.torture.hostile.neighbour import RECORD, Neighbour, going_on
from tests.torture.hostile.stage import Stage, folder, started, until

RESULT: Final = ROOT / "build" / "hostile.json"
BEFORE_SECONDS: Final = 20.0
WARM_SECONDS: Final = 3.0
"""The neighbour's first connections are in no figure."""
ATTACK_SECONDS: Final = 60.0
RATIO_WANTED: Final = 1.5
RATIO_LIMIT: Final = 3.0
HUNG: Final = "A6 database hung"
ATTACKS: Final[Mapping[str, Callable[[Stage], Awaitable[str]]]] = {
    "A1 poison message": broker.poison,
    "A2 shared retry queue blocked": broker.blocked_retries,
    "A3 keys in CC and BCC": broker.forged_keys,
    "A4 unlisted database errors": database.unlisted_errors,
    HUNG: database.hung,
    "A9 heads and half-open requests": edge.heads,
}
say = partial(print, flush=True)
Window = tuple[str, float, float]


def main() -> int:
    """Play every attack on a fresh stack, and return the exit status."""
    with (
        signals_interrupt(),
        folder() as place,
        provide(Path(place) / "servers", fresh=True, test_commands=True, say=say) as servers,
        started(servers, Path(place), say) as stage,
        going_on(stage) as neighbour,
    ):
        began = time.monotonic()
        # An attacker's own processor is elsewhere: here he runs when nobody else wants one.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        asyncio.run(_honest(stage))
        time.sleep(max(0.0, began + BEFORE_SECONDS - time.monotonic()))
        each, windows = _played(stage)
        neighbour.end()
        lost = asyncio.run(_lost(stage, neighbour))
    found = result(each, neighbour.samples, windows, lost)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    say(json.dumps({name: value for name, value in found.items() if name != "each"}))
    return 0 if passed(found) else 1


def _played(stage: Stage) -> tuple[list[dict[str, Any]], list[Window]]:
    each, windows = [], []
    for name, attack in ATTACKS.items():
        began = time.monotonic()
        stopped, detail = asyncio.run(_play(attack, stage))
        windows.append((name, began, time.monotonic()))
        each.append({"name": name, "stopped": stopped, "detail": detail})
        say(f"{'stopped' if stopped else 'NOT STOPPED'}: {name}: {detail}")
    return each, windows


async def _honest(stage: Stage) -> None:
    """Bring as much traffic as the attacks do, without the harm."""
    await broker.honest(stage)
    await database.honest(stage)


async def _play(attack: Callable[[Stage], Awaitable[str]], stage: Stage) -> tuple[bool, str]:
    """Play one attack. Whatever goes wrong in it is one that was not stopped."""
    try:
        async with asyncio.timeout(ATTACK_SECONDS):
            return True, await attack(stage)
    except Exception as error:  # noqa: BLE001 - the other attacks are to be played all the same
        return False, f"{type(error).__name__}: {error}"[:500]


async def _lost(stage: Stage, neighbour: Neighbour) -> int:
    """Count recorded requests that did not arrive, and those that never were recorded."""
    cases = [one["case_id"] for one in neighbour.samples if one["stream"] == RECORD]
    missing = {case for case in cases if case}

    def arrived() -> bool:
        missing.difference_update([case for case in missing if stage.known(case)])
        return not missing

    try:
        await until(arrived, "every recorded request arrives", within=20)
    except AssertionError:
        say(f"{len(missing)} recorded requests did not arrive")
    return len(missing) + cases.count(None)


def result(
    each: list[dict[str, Any]], samples: list[dict[str, Any]], windows: list[Window], lost: int
) -> dict[str, Any]:
    """Return what is written."""
    warm = min(one["at"] for one in samples) + WARM_SECONDS
    before = p99_ms([s["ms"] / 1000 for s in samples if warm <= s["at"] < windows[0][1]])
    during = _p99_ms(samples, windows)
    return {
        "attacks": len(each),
        "stopped": sum(one["stopped"] for one in each),
        "neighbours_p99_ratio": round(during / before, 2) if before and during else None,
        "neighbours_p99_ms": {"before": before, "during": during},
        "neighbours": {"requests": len(samples), "lost": lost},
        "each": [
            {
                **one,
                "neighbours_p99_ms": _p99_ms(samples, [window]),
                "neighbours_slowest": _slowest(samples, window),
            }
            for one, window in zip(each, windows, strict=True)
        ],
    }


def _p99_ms(samples: list[dict[str, Any]], windows: list[Window]) -> float | None:
    """Return the 99th percentile of neighbours during attacks."""
    return p99_ms([one["ms"] / 1000 for one in samples if _counts(one, windows)])


def _slowest(samples: list[dict[str, Any]], window: Window) -> dict[str, Any] | None:
    """Return the stream, time and status of the slowest answer that counts."""
    counted = [one for one in samples if _counts(one, [window])]
    if not counted:
        return None
    slowest = max(counted, key=lambda one: float(one["ms"]))
    return {name: slowest[name] for name in ("stream", "ms", "status")}


def _counts(sample: Mapping[str, Any], windows: list[Window]) -> bool:
    """Whether a request came during an attack that leaves its service whole."""
    during = {name for name, began, ended in windows if began <= sample["at"] < ended}
    return bool(during) and not (HUNG in during and sample["stream"] == RECORD)


def passed(found: Mapping[str, Any]) -> bool:
    """Whether everything was stopped; a ratio above `RATIO_WANTED` is said, not failed."""
    ratio = found["neighbours_p99_ratio"]
    if ratio is None or ratio > RATIO_WANTED:
        say(f"the neighbours' p99 is {ratio} times that before: at most {RATIO_WANTED} is wanted")
    stopped = found["stopped"] == found["attacks"] == len(ATTACKS)
    return stopped and not found["neighbours"]["lost"] and bool(ratio) and ratio <= RATIO_LIMIT


if __name__ == "__main__":
    sys.exit(main())
