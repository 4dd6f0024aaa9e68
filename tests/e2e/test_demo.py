"""The demo, with services killed on the way, as anybody can run it."""

import json
import os
import subprocess
import sys

from deploy.local.folder import ROOT


def test_the_day_comes_out_right_although_services_are_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", "demo"],
        cwd=ROOT,
        env={**os.environ, "CHAOS": "1"},
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((ROOT / "build" / "demo.json").read_text("utf-8"))
    assert told["botram"] == {
        "requests": {"KK": 164, "KTP_EL_PRINT": 77, "BIRTH_CERT": 118, "KIA": 467, "IKD": 112},
        "total": 938,
        "tickets_served": 938,
    }
    assert told["halo_pamor"] == {"jobs": 60, "delivered": 60}
    assert (told["lost"], told["duplicated"]) == (0, 0)
    assert told["killed"] > 0
