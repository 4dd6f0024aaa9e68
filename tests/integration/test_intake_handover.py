"""A person's data and its trail, handed over by one command that answers the request for it."""

import json
import re
from pathlib import Path
from typing import Any

from deploy.local.servers import Servers
from tests.integration.test_intake_papers import Desk, a_worker, desk
from tests.unit.files.samples import pdf

NIK = "3216995203850017"
PERSON = {"name": "Siti <Contoh>", "nik": NIK, "phone": "0812-7766-5544", "address": "Gang 8"}
BODY = {
    "programme_id": "botram",
    "service": "KIA",
    "channel": "event",
    "applicant": PERSON,
    "region_code": "32.16.18.2001",
}
BY = ("--by", "sri-1", "--reason", "Permintaan warga")
OPERATOR = "operator:*:*"


async def prepared(at: Desk) -> tuple[str, str]:
    """A request with a paper, looked at and worked on; its case and its resident."""
    case_id = str((await at.intake.post("/requests", BODY))["case_id"])
    file_id = (await at.send(case_id, pdf())).raise_for_status().json()["file_id"]
    path = f"/requests/{case_id}/papers/{file_id}"
    headers = at.intake.office.headers(OPERATOR)
    bound = {"kind": "family_card"}
    (await at.intake.client.post(f"/api{path}", json=bound, headers=headers)).raise_for_status()
    await at.intake.get(f"/requests/{case_id}")
    await at.intake.post(f"/requests/{case_id}/steps", {"step": "verify"})
    status, lines = await at.intake.office.run("residents", "find", "--case", case_id)
    assert status == 0, lines
    return case_id, lines[0].removeprefix("applicant: ")


async def recorded(at: Desk, right: str, **about: str) -> str:
    """Put what a resident asks for into the register."""
    made = await at.intake.post("/rights-requests", {"right": right, **about})
    return str(made["request_id"])


async def test_everything_is_handed_over_with_its_trail_and_the_request_is_answered(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> None:
    folder, out = tmp_path / "office", tmp_path / "copy"
    folder.mkdir()
    async with desk(servers, amqp_url, mongo_database, folder) as at, a_worker(folder):
        case_id, resident = await prepared(at)
        other = await recorded(at, "erasure", case_id=case_id)
        request = await recorded(at, "access", case_id=case_id)
        export = ("residents", "export", "--resident", resident, *BY)
        run = at.intake.office.run
        for wrong, why in (
            (("--request", request), "is answered with --out"),
            (("--request", other, "--out", str(out)), "asks for something else"),
            (("--request", "nobody", "--out", str(out)), "no such request"),
        ):
            status, lines = await run(*export, *wrong)
            assert (status, why in lines[0]) == (1, True), lines
        assert not out.exists()

        status, lines = await run(*export, "--out", str(out), "--request", request)

        assert status == 0, lines
        assert lines[1] == f"request {request} is answered"
        held = json.loads((out / "data.json").read_text("utf-8"))
        (case,) = held["cases"]
        assert case["said"] == {**PERSON, "phone": "+6281277665544"}
        assert [paper["kind"] for paper in case["papers"]] == ["family_card"]
        assert [(look["subject"], look["reason"]) for look in case["looked_at"]] == [
            ("agus", None),
            ("sri-1", "Permintaan warga"),
        ]
        assert [(work["who"], work["what"]) for work in case["worked_on"]] == [
            ("agus", "POST /api/requests"),
            ("agus", "POST /api/requests/{case_id}/steps"),
        ]
        (paper,) = out.glob("berkas-*.pdf")
        assert paper.read_bytes()[:5] == b"%PDF-"
        hold_page((out / "data-pribadi.html").read_text("utf-8"), case_id)
        assert await register(at) == {other: None, request: "granted"}
        status, lines = await run(*export, "--out", str(tmp_path / "2"), "--request", request)
        assert (status, "answered before" in lines[0]) == (1, True)
        status, lines = await run(*export, "--out", str(out))
        assert (status, "File exists" in lines[0]) == (1, True)


def hold_page(page: str, case_id: str) -> None:
    """It can be read by who asked, without anything beside it."""
    assert "Siti &lt;Contoh&gt;" in page
    for part in (case_id, NIK, "Kartu Identitas Anak", "Kartu Keluarga", "sri-1", "agus"):
        assert part in page
    for part in ("membuka permohonan", "membuat salinan data", "Permintaan warga", "Komdigi"):
        assert part in page
    assert not re.search(r"<script|href=|src=|\{\{", page)


async def register(at: Desk) -> dict[str, Any]:
    """What stands in the register, by id."""
    headers = at.intake.office.headers("supervisor:*:*")
    found: dict[str, Any] = {}
    for answered in ("true", "false"):
        path = f"/api/rights-requests?programme_id=botram&answered={answered}"
        page = (await at.intake.client.get(path, headers=headers)).raise_for_status().json()
        found |= {one["request_id"]: one["outcome"] for one in page["items"]}
    return found


async def test_the_register_is_kept_at_the_shell_too(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> None:
    async with desk(servers, amqp_url, mongo_database, tmp_path) as at:
        case_id = str((await at.intake.post("/requests", BODY))["case_id"])
        run, by = at.intake.office.run, ("--by", "sri-1")
        record = ("rights", "record", "--right", "correction", *by)

        status, lines = await run(*record, "--case", case_id)
        assert status == 0, lines
        request = lines[0].partition(":")[0]
        status, lines = await run("rights", "list", "--programme", "botram")
        assert (status, request in lines[0], "correction" in lines[0]) == (0, True, True)
        how = ("--outcome", "partly", "--reason", "Nama dibetulkan")
        status, lines = await run("rights", "answer", "--request", request, *how, *by)
        assert (status, lines) == (0, [f"{request}: partly"])
        assert await run("rights", "list", "--programme", "botram") == (0, ["nothing waits"])
        status, lines = await run("rights", "answer", "--request", request, *how, *by)
        assert (status, "answered before" in lines[0]) == (1, True)
        assert (await run(*record))[1] == ["refused: --case or --resident is needed, or both"]
        assert (await run(*record, "--case", "nobody"))[0] == 1
        value = await metrics(at)
        assert value["jemput_intake_rights_requests_waiting"] == 0.0


async def metrics(at: Desk) -> dict[str, float]:
    """What Prometheus reads of the register."""
    answer = await at.intake.client.get(at.intake.client.base_url.join("/metrics"))
    lines = [one.split() for one in answer.text.splitlines() if "rights_requests" in one]
    return {line[0]: float(line[1]) for line in lines if not line[0].startswith("#")}
