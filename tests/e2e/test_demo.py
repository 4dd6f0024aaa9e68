"""The demo, with services killed on the way, as anybody can run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.demo.result import RESULT_VARIABLE
from deploy.local.folder import ROOT
from tests.e2e.test_first_steps import sign_in, up


@pytest.mark.timeout(400)
def test_the_day_comes_out_right_although_services_are_killed(tmp_path: Path) -> None:
    file, data = tmp_path / "demo.json", tmp_path / "day"
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", "demo", "--data", str(data)],
        cwd=ROOT,
        env={**os.environ, "CHAOS": "1", RESULT_VARIABLE: str(file)},
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(file.read_text("utf-8"))
    day = told["botram"]
    called, waited = day.pop("called_by_hour"), day.pop("waited_minutes")
    assert {"09", "10", "11"} <= called.keys() <= {"09", "10", "11", "12"}
    assert sum(called.values()) == 981
    assert all(0 < waited[service] < 120 for service in ("KIA", "KK", "HEALTH_CHECK"))
    assert day == {
        "requests": {"KK": 164, "KTP_EL_PRINT": 77, "BIRTH_CERT": 118, "KIA": 467, "IKD": 112},
        "total": 938,
        "tickets_served": 981,
        "partners_served": {"HEALTH_CHECK": 31, "BPJS_HEALTH": 12},
        "within_standard": 938,
        "late": 0,
    }
    assert told["halo_pamor"] == {"jobs": 60, "delivered": 60}
    assert (told["lost"], told["duplicated"]) == (0, 0)
    assert told["failed"] == []
    assert told["front"] == {"origins": 1, "sign_ins": 1}
    assert set(told["killed_by_service"]) == {"courier", "intake", "reporting", "scheduler"}
    assert told["killed"] == sum(told["killed_by_service"].values())
    assert "make up DEMO=1, then http://127.0.0.1:" in done.stdout
    with up(data, "--demo") as one, sign_in(one) as client:
        page = next(line for line in one.said if line.startswith("The demo's day: ")).split()[-1]
        assert page in done.stdout
        assert "<strong>938</strong> Permohonan" in client.get(page).text
