"""The command `make privacy` on few residents; the searcher itself is in tests/unit/privacy."""

import json
import subprocess
import sys
from pathlib import Path

from deploy.local.folder import ROOT

RESIDENTS = 100
SECONDS = 280


def test_residents_are_found_nowhere_and_planted_leaks_are(tmp_path: Path) -> None:
    result = tmp_path / "privacy.json"
    command = (sys.executable, "-m", "tests.torture.privacy", "--residents", str(RESIDENTS))
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
    counts = ("residents", "found", "planted_found", "erased_unreadable")
    assert [said[name] for name in counts] == [RESIDENTS, 0, 3, 10]
    assert said["places_searched"] == len(said["each"])
    held = {one["place"] for one in said["each"]}
    assert {"mongodb intake_keys.resident_keys", "mongodb local.oplog.rs"} <= held
    # Papers and evidence that name residents lie there, and nothing is read in them.
    gridfs = {one["place"]: one["files"] for one in said["each"] if "files" in one}
    for service, least in (("intake", 5), ("scheduler", 1), ("reporting", 1)):
        assert gridfs[f"mongodb {service}.fs.chunks, joined"] >= least, gridfs
    documents = {one["place"]: one["documents"] for one in said["each"] if "documents" in one}
    for name, least in (("batches", 1), ("visits", 3), ("revocations", 1)):
        assert documents[f"mongodb intake.{name}"] >= least, documents
    assert {"rabbitmq queue intake.events.dead", "files log/intake.log", "process proxy"} <= held
