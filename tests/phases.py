"""`python -m tests.phases`: every test but those of the compose stack, in two phases.

First unit, component and contract tests side by side; then what needs servers, one after the other
on one stack. Both run whatever the other comes to. The last line sums them.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

from tests.budgets import OUTCOMES, RESULT_VARIABLE, TESTS
from tests.size import TIMES

SLOWEST: Final = 20
_TIMEOUT = 300


@dataclass(frozen=True, slots=True)
class Phase:
    """Folders that are tested in one run of pytest."""

    name: str
    folders: tuple[str, ...]
    options: tuple[str, ...] = ()

    def command(self) -> list[str]:
        """Return the command that runs it."""
        return [
            sys.executable, "-m", "pytest", "-m", "not compose", f"--durations={SLOWEST}",
            f"--timeout={_TIMEOUT * TIMES}", *self.options,
            *(f"{TESTS.name}/{folder}" for folder in self.folders),
        ]  # fmt: skip


PHASES: Final = (
    Phase(
        "without servers",
        ("unit", "component", "contract"),
        ("-n", "auto", "--dist=loadfile"),
    ),
    Phase("with servers", ("integration", "e2e", "torture")),
)


@dataclass(slots=True)
class Outcome:
    """What the phases came to together."""

    counts: Counter[str] = field(default_factory=Counter)
    exceeded: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Phases that ended without a result."""
    failed: bool = False
    interrupted: bool = False

    def closing(self) -> str:
        """Return the last line."""
        said = [f"{self.counts[name]} {name}" for name in ("passed", "failed")]
        said += [f"{self.counts[name]} {name}" for name in OUTCOMES[2:] if self.counts[name]]
        said += [f"budget of {name} exceeded" for name in self.exceeded]
        said += [f"no result of the tests {name}" for name in self.unknown]
        return ", ".join(said) + (", interrupted" if self.interrupted else "")


def run(phases: Sequence[Phase], root: Path) -> Outcome:
    """Run one phase after the other; only a signal to us keeps one from running."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="jemput-phases-") as folder:
        for number, phase in enumerate(phases):
            print(f"\n=== tests {phase.name}: {', '.join(phase.folders)} ===", flush=True)  # noqa: T201
            _run(phase, root, Path(folder) / f"{number}.json", outcome)
            if outcome.interrupted:
                break
    return outcome


def _run(phase: Phase, root: Path, result: Path, outcome: Outcome) -> None:
    environment = {**os.environ, RESULT_VARIABLE: str(result)}
    with (
        subprocess.Popen(phase.command(), cwd=root, env=environment) as child,
        _signals_to(child, outcome),
    ):
        outcome.failed |= child.wait() != 0
    try:
        found: dict[str, Any] = json.loads(result.read_text("utf-8"))
    except (OSError, ValueError):
        outcome.unknown.append(phase.name)
        outcome.failed = True
        return
    outcome.counts.update({name: found[name] for name in OUTCOMES})
    outcome.exceeded += found["exceeded"]


@contextmanager
def _signals_to(child: subprocess.Popen[bytes], outcome: Outcome) -> Iterator[None]:
    """Let pytest end what it started; Ctrl-C it gets from the terminal as we do."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        outcome.interrupted = True
        if number != signal.SIGINT:
            child.send_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main() -> int:
    """Run every phase, print the sum, return the exit status."""
    outcome = run(PHASES, TESTS.parent)
    print(f"\n{outcome.closing()}", flush=True)  # noqa: T201 - the closing line
    return int(outcome.failed or outcome.interrupted)


if __name__ == "__main__":
    sys.exit(main())
