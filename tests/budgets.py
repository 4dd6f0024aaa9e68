"""The time of the tests by folder, held against `budgets.toml` at the end of a phase."""

import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

TESTS: Final = Path(__file__).parent
RESULT_VARIABLE: Final = "JEMPUT_TEST_RESULT"
"""Names the file that a phase's result is written to; `tests.phases` sets it."""

OUTCOMES: Final = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


def budgets() -> dict[str, float]:
    """Return the seconds that the tests of each folder may take together."""
    return {
        name: float(seconds)
        for name, seconds in tomllib.loads((TESTS / "budgets.toml").read_text("utf-8")).items()
    }


class Times:
    """A pytest plugin: sums each folder's time, and fails a run that exceeds a budget."""

    def __init__(self, allowed: Mapping[str, float], result: Path) -> None:
        self._allowed = allowed
        self._result = result
        self._spent: defaultdict[str, float] = defaultdict(float)

    @property
    def exceeded(self) -> list[str]:
        """Return the folders that took longer than they may; one without a budget is one."""
        return [name for name, took in self._spent.items() if took > self._allowed.get(name, 0)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what one test took to set up, run and tear down."""
        self._spent[folder(report.nodeid)] += report.duration

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run where a budget is exceeded, and leave its result in the file."""
        if self.exceeded and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        stats = reporter.stats
        counts = Counter({name: len(stats.get(name, ())) for name in OUTCOMES})
        found = {**counts, "exceeded": self.exceeded, "seconds": dict(self._spent)}
        self._result.write_text(json.dumps(found), "utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print each folder's time beside its budget."""
        terminalreporter.section("time by folder")
        for name, took in self._spent.items():
            allowed = self._allowed.get(name, 0)
            over = took > allowed
            line = f"{name:12} {took:7.1f} s of {allowed:.0f} s"
            if over:
                line += "  EXCEEDED: make its tests quicker, or raise it in tests/budgets.toml"
            terminalreporter.write_line(line, red=over)


def folder(nodeid: str) -> str:
    """Return the folder below tests/ that a test lies in."""
    parts = nodeid.partition("::")[0].split("/")
    return parts[1] if parts[0] == TESTS.name else parts[0]
