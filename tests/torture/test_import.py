"""The command `make import-proof` on few rows; `make test-long` has all of them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.folder import ROOT
from tests import size
from tests.torture.imports.history import BAD

ROWS = 10_000 if size.TIMES > 1 else 500
SECONDS = 280 * size.TIMES


@pytest.mark.timeout(SECONDS + 20)
def test_a_history_comes_in_once_whatever_is_killed(tmp_path: Path) -> None:
    result = tmp_path / "import.json"
    command = (sys.executable, "-m", "tests.torture.imports", "--rows", str(ROWS))
    done = subprocess.run(
        [*command, "--to", str(result)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3_000:]
    said = json.loads(result.read_text("utf-8"))
    assert said["accepted"] + said["refused"] == said["rows"] == ROWS
    assert said["named"] == said["refused"]
    assert [said[name] for name in ("doubled", "lacking", "strange", "kills")] == [0, 0, 0, 3]
    assert set(said["reasons"]) == {code for code, _ in BAD}
