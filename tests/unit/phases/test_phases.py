"""`make test`: two phases whatever the first comes to, one true closing line, budgets by folder."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.local.folder import ROOT
from tests.budgets import TESTS, budgets
from tests.phases import PHASES, Phase, run

PLUGIN = """
import os
from pathlib import Path
from tests.budgets import RESULT_VARIABLE, Times
def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        result = Path(os.environ[RESULT_VARIABLE])
        config.pluginmanager.register(Times({"first": 60, "second": 60, "slow": 0.1}, result))
"""
PASSES = "def test_it(): pass\n"
FAILS = "def test_it(): assert False\n"
BROKEN = "import nowhere\n"
ENDS = "import os\ndef test_it(): os._exit(3)\n"
SLOW = "import time\ndef test_it(): time.sleep(0.2)\n"
SKIPS = "import pytest\ndef test_it(): pytest.skip('not here')\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take a second to load
    (tmp_path / "tests").mkdir()
    (tmp_path / "conftest.py").write_text(PLUGIN)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = compose\n")
    return tmp_path


def phase(project: Path, folder: str, text: str, *options: str) -> Phase:
    (project / "tests" / folder).mkdir()
    (project / "tests" / folder / f"test_{folder}.py").write_text(text)
    plugins = ("-p", "pytest_timeout", "-p", "xdist.plugin", "-p", "no:cacheprovider")
    return Phase(folder, (folder,), ("--import-mode=importlib", *plugins, *options))


def both(project: Path, first: str, second: str) -> tuple[bool, str]:
    outcome = run([phase(project, "first", first), phase(project, "second", second)], project)
    return outcome.failed, outcome.closing()


def test_two_phases_that_pass(project: Path) -> None:
    assert both(project, PASSES, PASSES) == (False, "2 passed, 0 failed")


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        (FAILS, "1 passed, 1 failed"),
        (BROKEN, "1 passed, 0 failed, 1 error"),
        (ENDS, "1 passed, 0 failed, no result of the tests first"),
    ],
)
def test_a_first_phase_that_fails_hides_neither_the_second_nor_itself(
    project: Path, text: str, closing: str
) -> None:
    assert both(project, text, PASSES) == (True, closing)


def test_a_second_phase_that_fails_is_a_failure(project: Path) -> None:
    assert both(project, SKIPS, FAILS) == (True, "0 passed, 1 failed, 1 skipped")


def test_a_folder_above_its_budget_fails_its_run_and_says_so(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    outcome = run([phase(project, "slow", SLOW)], project)
    assert outcome.failed
    assert outcome.closing() == "1 passed, 0 failed, budget of slow exceeded"
    assert "0.2 s of 0 s  EXCEEDED" in capfd.readouterr().out


def test_workers_side_by_side_are_counted_together(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    side_by_side = phase(project, "first", PASSES, "-n", "2")
    (project / "tests" / "first" / "test_other.py").write_text(SLOW)
    outcome = run([side_by_side], project)
    assert (outcome.failed, outcome.closing()) == (False, "2 passed, 0 failed")
    printed = capfd.readouterr().out
    assert "0.2 s of 60 s" in printed
    assert "slowest 20 durations" in printed


def test_a_signal_ends_the_phase_and_starts_no_other(project: Path) -> None:
    waits = f"""
import pathlib, time
def test_it():
    pathlib.Path({str(project / "there")!r}).touch()
    time.sleep(60)
"""
    phase(project, "first", waits)
    phase(project, "second", PASSES)
    program = f"""
import sys
from pathlib import Path
from tests.phases import Phase, run
options = ("-p", "pytest_timeout")
phases = [Phase(name, (name,), options) for name in ("first", "second")]
outcome = run(phases, Path({str(project)!r}))
print(outcome.closing(), outcome.counts["passed"])
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        while not (project / "there").exists():
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
        printed, _ = running.communicate(timeout=60)
    assert printed.splitlines()[-1].endswith("no result of the tests first, interrupted 0")
    assert "tests second" not in printed


def test_every_folder_of_tests_is_in_one_phase_and_has_a_budget() -> None:
    folders = {file.relative_to(TESTS).parts[0] for file in TESTS.rglob("test_*.py")}
    assert sorted(folders) == sorted(folder for phase in PHASES for folder in phase.folders)
    assert folders == budgets().keys()


def test_the_slowest_are_printed_and_the_compose_stack_is_left_out() -> None:
    for one in PHASES:
        assert {"--durations=20", "not compose"} < set(one.command())
