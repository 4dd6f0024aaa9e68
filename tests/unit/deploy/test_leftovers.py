import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local import leftovers
from deploy.local.processes import await_ready


@contextmanager
def sleeper(mark: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"], env=os.environ | mark) as child:
        # A program's environment shows a moment after its start.
        await_ready(
            lambda: leftovers.carries(child.pid, mark[leftovers.MARK]), what="mark", timeout=10
        )
        yield child
        child.kill()


def test_a_leftover_is_ended_by_its_own_id(tmp_path: Path) -> None:
    mark, pid_file = leftovers.new_mark(), tmp_path / "server.pid"
    with sleeper(mark) as child:
        leftovers.record(pid_file, child.pid, mark)
        assert leftovers.end(pid_file) == child.pid
        assert child.wait(10) == -9
    assert not pid_file.exists()


def test_a_stranger_with_the_same_id_is_left_alone(tmp_path: Path) -> None:
    pid_file = tmp_path / "server.pid"
    with sleeper(leftovers.new_mark()) as stranger:
        leftovers.record(pid_file, stranger.pid, leftovers.new_mark())
        assert leftovers.end(pid_file) is None
        assert stranger.poll() is None
    assert not pid_file.exists()


@pytest.mark.parametrize("text", ["", "12", "{}", '{"pid": "x", "mark": "y"}', "null"])
def test_a_broken_pid_file_names_nobody(tmp_path: Path, text: str) -> None:
    pid_file = tmp_path / "server.pid"
    pid_file.write_text(text)
    assert leftovers.end(pid_file) is None


def test_a_process_that_is_gone_is_nothing_to_end(tmp_path: Path) -> None:
    mark, pid_file = leftovers.new_mark(), tmp_path / "server.pid"
    with sleeper(mark) as child:
        leftovers.record(pid_file, child.pid, mark)
    assert leftovers.end(pid_file) is None
