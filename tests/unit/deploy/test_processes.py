import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.processes import FailedError, Process, await_ready, signals_interrupt

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.1; done"


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[str], Process]:
    def make(script: str) -> Process:
        return Process("shell", ["sh", "-c", script], dict(os.environ), tmp_path / "shell.log")

    return make


def said(process: Process, word: str) -> Callable[[], bool]:
    return lambda: word in process.last_words()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True


def test_it_runs_with_its_environment_and_logs_both_streams(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "child.log"
    child = Process("child", ["sh", "-c", "echo $WORD; echo oh >&2"], {"WORD": "hello"}, log)
    child.start()
    assert child.wait(10) == 0
    assert log.read_text() == "hello\noh\n"
    assert (child.alive(), child.pid, child.returncode) == (False, None, 0)


def test_terminating_lets_the_program_end_in_its_own_way(shell: Callable[[str], Process]) -> None:
    child = shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done")
    with child:
        await_ready(said(child, "ready"), what="child", timeout=10, process=child)
        assert child.alive()
    assert child.returncode == 7
    assert child.last_words() == "ready\nbye"


def test_what_does_not_end_in_time_is_killed(shell: Callable[[str], Process]) -> None:
    child = shell(STUBBORN)
    child.start()
    await_ready(said(child, "ready"), what="child", timeout=10, process=child)
    child.terminate(timeout=0.2)
    assert child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("end", [Process.kill, Process.terminate])
def test_nothing_of_its_group_outlives_it(
    shell: Callable[[str], Process], end: Callable[[Process], None]
) -> None:
    child = shell("sleep 60 & echo grandchild $!; wait")
    child.start()
    await_ready(said(child, "grandchild"), what="child", timeout=10, process=child)
    grandchild = int(child.last_words().split()[-1])
    end(child)
    await_ready(lambda: gone(grandchild), what="grandchild's end", timeout=10)


def test_it_can_be_started_again_but_not_twice_at_once(shell: Callable[[str], Process]) -> None:
    child = shell("sleep 60")
    for _ in range(2):
        with child:
            with pytest.raises(RuntimeError, match="runs already"):
                child.start()
            first = child.pid
        assert first is not None
        assert gone(first)


def test_ending_what_never_ran_or_ended_already_is_nothing(shell: Callable[[str], Process]) -> None:
    child = shell("exit 3")
    child.terminate()
    child.kill()
    child.start()
    child.wait(10)
    child.terminate()
    child.kill()
    assert child.returncode == 3


def test_a_missing_program_is_told_at_the_start(tmp_path: Path) -> None:
    child = Process("child", ["/no/such/program"], {}, tmp_path / "log")
    with pytest.raises(FileNotFoundError, match="/no/such/program"):
        child.start()
    assert not child.alive()


def test_waiting_has_a_limit(shell: Callable[[str], Process]) -> None:
    with shell("sleep 60") as child, pytest.raises(TimeoutError, match="still runs after"):
        child.wait(0.05)


def test_a_start_that_ends_early_is_told_with_its_last_words(
    shell: Callable[[str], Process],
) -> None:
    child = shell("echo out of luck; exit 4")
    child.start()
    with pytest.raises(FailedError, match=r"ended with 4:\nout of luck"):
        await_ready(lambda: False, what="child", timeout=10, process=child)


def test_a_start_that_takes_too_long_is_told_with_its_last_words(
    shell: Callable[[str], Process],
) -> None:
    with shell("echo thinking; sleep 60") as child:
        await_ready(said(child, "thinking"), what="child", timeout=10, process=child)
        with pytest.raises(FailedError, match=r"not ready after 0 s:\nthinking"):
            await_ready(lambda: False, what="child", timeout=0.1, process=child)


def test_the_thread_that_started_a_child_may_end_before_it(
    shell: Callable[[str], Process],
) -> None:
    child = shell("echo ready; sleep 60")
    starter = threading.Thread(target=child.start)
    starter.start()
    starter.join()
    try:
        await_ready(said(child, "ready"), what="child", timeout=10, process=child)
        with pytest.raises(TimeoutError):
            child.wait(0.3)
    finally:
        child.kill()


PARENT = """
import os, sys, time
from pathlib import Path
from deploy.local.processes import Process
child = Process("child", ["sleep", "60"], dict(os.environ), Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not gone(child)
        parent.kill()
        await_ready(lambda: gone(child), what="child's end", timeout=10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_unwind_the_stack(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), signals_interrupt():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before
