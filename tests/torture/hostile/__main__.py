"""`python -m tests.torture.hostile`: attack, print, write build/hostile.json.

Honest requests go on all the while: requests at intake, reads at courier and reporting. The ratio
is their 99th percentile during attacks over that beside as much traffic without the harm, of the
service with the worst: what is left is the harm, and not the weight. The ratio to quiet, which the
weight is part of, stands beside it and decides nothing. While intake's database hangs, intake's own
answers are the attack's effect and in no ratio; that each request is recorded in the end is held.
Exit status 0 where every attack was stopped in every round, no recorded request was lost, and the
ratio is at most `RATIO_LIMIT`.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from deploy.local.folder import ROOT
from deploy.local.processes import signals_interrupt
from deploy.local.servers import provide
from tests.torture.hostile import broker, database, edge
from tests.torture.hostile.figures import HUNG, Kind, Samples, Window, compared, p99_of, slowest
from tests.torture.hostile.neighbour import RECORD, Neighbour, going_on
from tests.torture.hostile.stage import Stage, folder, started, until

RESULT: Final = ROOT / "build" / "hostile.json"
ROUNDS: Final = 3
QUIET_SECONDS: Final = 20.0
WARM_SECONDS: Final = 3.0
"""The neighbour's first connections are in no figure."""
ATTACK_SECONDS: Final = 60.0
RATIO_LIMIT: Final = 1.5
Act = Callable[[Stage], Awaitable[object]]


class Attack(NamedTuple):
    """An attack, which tells how it was stopped, and as much traffic without the harm."""

    harm: Callable[[Stage], Awaitable[str]]
    honest: Act


ATTACKS: Final[Mapping[str, Attack]] = {
    "A1 poison message": Attack(broker.poison, broker.honest_messages),
    "A2 shared retry queue blocked": Attack(broker.blocked_retries, broker.honest_retry),
    "A3 keys in CC and BCC": Attack(broker.forged_keys, broker.honest_keys),
    "A4 unlisted database errors": Attack(database.unlisted_errors, database.no_errors),
    HUNG: Attack(database.hung, database.not_hung),
    "A9 heads and half-open requests": Attack(edge.heads, edge.whole_requests),
}
say = partial(print, flush=True)


def main() -> int:
    """Play every attack on a fresh stack, and return the exit status."""
    with (
        signals_interrupt(),
        folder() as place,
        provide(Path(place) / "servers", fresh=True, test_commands=True, say=say) as servers,
        started(servers, Path(place), say) as stage,
        going_on(stage) as neighbour,
    ):
        _give_way()
        time.sleep(WARM_SECONDS)
        play = Play(stage)
        for number in range(ROUNDS):
            say(f"round {number + 1} of {ROUNDS}")
            play.round()
        neighbour.end()
        lost = asyncio.run(_lost(stage, neighbour))
    found = result(play, neighbour.samples, lost)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    say(json.dumps({name: value for name, value in found.items() if name != "each"}))
    return 0 if passed(found) else 1


def _give_way() -> None:
    """Run when nobody else in this session wants a processor: an attacker's own is elsewhere."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


class Play:
    """The rounds: when what went on, and what came of each attack."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.windows: list[Window] = []
        self.stopped = dict.fromkeys(ATTACKS, True)
        self.details = dict.fromkeys(ATTACKS, "")

    def round(self) -> None:
        """Be quiet, then play each attack after its honest counterpart."""
        self._window(Kind.QUIET, "", partial(asyncio.sleep, QUIET_SECONDS))
        for name, attack in ATTACKS.items():
            self._play(name, attack)

    def _play(self, name: str, attack: Attack) -> None:
        """Whatever goes wrong is an attack that was not stopped, and the first of it is told."""
        try:
            self._window(Kind.HONEST, name, partial(attack.honest, self._stage))
            detail = str(self._window(Kind.ATTACK, name, partial(attack.harm, self._stage)))
        except Exception as error:  # noqa: BLE001 - the other attacks are to be played all the same
            detail, first = f"{type(error).__name__}: {error}"[:500], self.stopped[name]
            self.stopped[name] = False
            say(f"NOT STOPPED: {name}: {detail}")
        else:
            first = self.stopped[name]
            say(f"stopped: {name}: {detail}")
        if first:
            self.details[name] = detail

    def _window(self, kind: Kind, name: str, act: Callable[[], Awaitable[object]]) -> object:
        began = time.monotonic()
        try:
            return asyncio.run(_limited(act))
        finally:
            self.windows.append(Window(kind, name, began, time.monotonic()))


async def _limited(act: Callable[[], Awaitable[object]]) -> object:
    async with asyncio.timeout(ATTACK_SECONDS):
        return await act()


async def _lost(stage: Stage, neighbour: Neighbour) -> int:
    """Count recorded requests that did not arrive, and those that never were recorded."""
    cases = [one["case_id"] for one in neighbour.samples if one["stream"] == RECORD]
    missing = {case for case in cases if case}

    def arrived() -> bool:
        missing.difference_update([case for case in missing if stage.known(case)])
        return not missing

    try:
        await until(arrived, "every recorded request arrives", within=60)
    except AssertionError:
        say(f"{len(missing)} recorded requests did not arrive")
    return len(missing) + cases.count(None)


def result(play: Play, samples: Samples, lost: int) -> dict[str, Any]:
    """Return what is written."""
    return {
        "attacks": len(ATTACKS),
        "stopped": sum(play.stopped.values()),
        "rounds": ROUNDS,
        **compared(samples, play.windows),
        "neighbours": {"requests": len(samples), "lost": lost},
        "each": [_each(name, play, samples) for name in ATTACKS],
    }


def _each(name: str, play: Play, samples: Samples) -> dict[str, Any]:
    mine = [one for one in play.windows if one.name == name]
    under = [one for one in mine if one.kind is Kind.ATTACK]
    return {
        "name": name,
        "stopped": play.stopped[name],
        "detail": play.details[name],
        "neighbours_p99_ms": {
            "honest": p99_of(samples, [one for one in mine if one.kind is Kind.HONEST]),
            "attack": p99_of(samples, under),
        },
        "neighbours_slowest": slowest(samples, under),
    }


def passed(found: Mapping[str, Any]) -> bool:
    """Whether all was stopped, nothing lost, and the neighbours went on; what is amiss is said."""
    ratio = found["neighbours_p99_ratio"]
    held = ratio is not None and ratio <= RATIO_LIMIT
    if not held:
        say(f"attacks make the neighbours' p99 {ratio} times as high: at most {RATIO_LIMIT}")
    stopped = found["stopped"] == found["attacks"] == len(ATTACKS)
    return held and stopped and not found["neighbours"]["lost"]


if __name__ == "__main__":
    sys.exit(main())
