"""Which processes a stack has, and what each is told."""

import subprocess
from pathlib import Path
from typing import cast

import pytest

from deploy.local.servers import Servers
from deploy.local.settings_files import assignments, command_line
from deploy.local.stack import Stack


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setenv("SOMEBODYS_PASSWORD", "swordfish")
    servers = cast("Servers", None)
    return Stack(servers, tmp_path, {"courier": 1, "intake": 2}, {}, environment={"X": "1"})


def test_a_service_with_jobs_has_a_worker_beside_it(stack: Stack) -> None:
    assert stack.services == ("courier", "intake")
    assert stack.processes == ("courier", "intake", "intake-worker")


def test_a_worker_is_told_its_role_its_socket_and_nothing_else(stack: Stack) -> None:
    told = stack._worker_environment("intake")
    assert set(told) == {"PATH", "X", "INTAKE_ROLE", "INTAKE_WORKER_SOCKET"}
    assert told["INTAKE_ROLE"] == "worker"
    assert told["INTAKE_WORKER_SOCKET"] == str(stack.folder / "intake-worker.socket")


def test_a_shell_reads_settings_as_the_service_does_whatever_signs_they_hold(
    tmp_path: Path,
) -> None:
    told = {"INTAKE_A": 'it\'s $HOME "x" `y`\nz', "INTAKE_B": '{"intake": "/penerimaan"}'}
    file = tmp_path / "intake.env"
    file.write_text(assignments(told))
    shown = subprocess.run(
        ["sh", "-c", f"set -a; . {file}; env -0"],
        env={},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    read = dict(one.split("=", 1) for one in shown.split("\0") if one)
    assert {name: read[name] for name in told} == told


def test_how_commands_are_run_names_a_file_and_no_password(tmp_path: Path) -> None:
    assert command_line(tmp_path) == (
        f"(set -a; . {tmp_path}/intake.env; .venv/bin/python -m services.intake accounts requests)"
    )
