"""Which processes a stack has, and what each is told."""

from pathlib import Path
from typing import cast

import pytest

from deploy.local.servers import Servers
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
