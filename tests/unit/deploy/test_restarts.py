"""How often a service that ends is started again."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from deploy.local.restarts import LONGEST_PAUSE, STEADY_SECONDS, Restarts
from deploy.local.stack import Stack


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@dataclass
class Child:
    """A process as the restarts see it."""

    running: bool = True
    returncode: int = -9
    log_file: Path = Path("courier.log")

    def alive(self) -> bool:
        """Whether it runs."""
        return self.running


@dataclass
class OneService:
    """A stack of one service."""

    child: Child = field(default_factory=Child)
    starts: int = 0
    processes: tuple[str, ...] = ("courier",)

    def process(self, _: str) -> Child:
        """Return the service."""
        return self.child

    def start(self, _: str) -> None:
        """Start it anew."""
        self.starts += 1
        self.child = Child()


def pauses(ends: int, runs_for: float) -> tuple[list[float], list[str]]:
    """End a service so many times; the pauses before its starts, and what was said."""
    clock, stack, said, waited = Clock(), OneService(), list[str](), list[float]()
    restarts = Restarts(cast("Stack", cast("Any", stack)), said.append, clock)
    for _ in range(ends):
        clock.now += runs_for
        stack.child.running = False
        restarts.look()
        before, starts = clock.now, stack.starts
        while stack.starts == starts:
            clock.now += 0.5
            restarts.look()
            assert clock.now - before <= 2 * LONGEST_PAUSE, "it is not started again"
        waited.append(clock.now - before)
    return waited, said


def test_the_pause_doubles_up_to_its_limit_and_each_end_is_one_line() -> None:
    waited, said = pauses(8, runs_for=1)
    assert waited == [1, 2, 4, 8, 16, *[LONGEST_PAUSE] * 3]
    assert len(said) == 8
    assert said[0] == (
        "courier ended (status -9) and is started again in 1 s; what it said last: courier.log"
    )


def test_who_ran_well_is_started_again_at_once() -> None:
    waited, _ = pauses(3, runs_for=STEADY_SECONDS)
    assert waited == [1, 1, 1]
