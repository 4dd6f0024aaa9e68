"""A correction by command on real servers: sealed anew, the history sealed, the look-up moved."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.local.servers import Servers
from tests.component.intake.kit import at_home
from tests.integration.intake_kit import PROGRAMMES, open_office, running
from tests.integration.leaks import found_in, kept
from tests.trail import trail_of

BY = ("--by", "admin-1")
WRONG, RIGHT = "3216995203850018", "3216995203850019"
NAMES = ("Siti Keliru", "Siti Terbetulkan")


async def test_a_correction_leaves_nothing_to_read_and_moves_the_look_up(
    servers: Servers,
    amqp_url: str,
    mongo_database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_office(servers, amqp_url, mongo_database, tmp_path) as office:
        assert (await office.command("publish", str(PROGRAMMES / "halo_pamor.json"), *BY))[0] == 0
        applicant = {**at_home()["applicant"], "name": NAMES[0], "nik": WRONG}
        async with running(office, tmp_path / "log") as intake:
            case_id = (await intake.post("/requests", at_home(applicant=applicant)))["case_id"]
            _, lines = await office.run("residents", "find", "--case", case_id)
            resident = lines[0].removeprefix("applicant: ")
            wanted = json.dumps({"name": NAMES[1], "nik": RIGHT})
            monkeypatch.setattr("sys.stdin", io.StringIO(wanted))
            status, said = await office.run("residents", "correct", "--resident", resident, *BY)
            exported = await office.run("residents", "export", "--resident", resident, *BY)
            shown = (await intake.get(f"/requests/{case_id}"))["applicant"]

        assert (status, said) == (0, [f"corrected in {case_id}"])
        held = json.loads(exported[1][0])
        (case,) = held["cases"]
        assert (case["said"]["name"], case["said_before"][0]["name"]) == (NAMES[1], NAMES[0])
        assert (held["restriction"], held["erasure"], case["is"]) == (None, None, ["applicant"])
        assert shown["name"] == NAMES[1]
        for nik, there in ((RIGHT, True), (WRONG, False)):
            monkeypatch.setattr("sys.stdin", io.StringIO(f"{nik}\n"))
            way = await office.run("residents", "find", "--programme", "halo_pamor")
            assert (way == (0, [resident])) is there, way
    found = found_in(kept(servers.mongo_url, mongo_database), (*NAMES, WRONG, RIGHT))
    assert found == set()
    with MongoClient[Any](servers.mongo_url) as client:
        deeds = [one["deed"] for one in trail_of(client, mongo_database).find({"about": resident})]
        ids = {one["_id"] for one in client[mongo_database]["statements"].find()}
    assert sorted(deeds) == ["corrected", "exported"]
    assert ids == {f"{case_id}.applicant", f"{case_id}.applicant.1"}
