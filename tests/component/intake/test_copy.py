"""What is handed to a resident who asks for it holds all of a case, in words that he can read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.intake import pages
from services.intake.api import RULES
from services.intake.app import TEXTS
from services.intake.cli import residents
from services.intake.cli.shell import CommandRefused
from services.intake.config import Settings
from services.intake.domain import Checklist, PersonRead, Seen, Waiver
from services.intake.domain.outside import Errand, Standing, System
from services.intake.store import COLLECTIONS
from shared.testing.callers import NOW
from shared.web.texts import Texts
from tests.component.intake.kit import Desk, at_home, desk, in_visit, settings
from tests.component.intake.printing import body as batch_of
from tests.component.intake.printing import hand_over, printed
from tests.component.intake.shell import run_command
from tests.component.intake.test_counters import claimed
from tests.component.intake.test_surveys import closed as closed_request

WORDS = Texts.load(TEXTS)
LOOKS = {
    "GET /api/requests/{case_id}",
    "GET /api/requests/{case_id}/address",
    "GET /api/requests/{case_id}/document/content",
    "GET /api/requests/{case_id}/papers/{file_id}/content",
    "GET /meja/cetak/{batch_id}",
    "GET /meja/cetak/{batch_id}/daftar",
    "GET /meja/{case_id}",
}
"""Routes that show a person, as the access log names them."""


@pytest.fixture
def given() -> Iterator[Settings]:
    with settings() as found:
        yield found


async def handed_over(office: Desk, given: Settings, folder: Path) -> tuple[dict[str, Any], str]:
    """Have the one resident's copy written; his one case as data, and the page."""
    (resident,) = office.messaging.memory.collections["residents"]
    words = ("export", "--resident", resident, "--out", str(folder / "copy"))
    why = ("--reason", "Permintaan warga", "--by", "sri-1")
    one = given.model_copy(update={"sealing_keys": office.keys})
    await run_command(office, one, residents, *words, *why)
    held = json.loads((folder / "copy" / "data.json").read_text("utf-8"))
    return held["cases"][0], (folder / "copy" / "data-pribadi.html").read_text("utf-8")


async def asked_at_the_counter(office: Desk) -> str:
    """One person's visit that a laptop sent later; its case."""
    body = in_visit(counter=claimed())
    body |= {"people": body["people"][:1], "requests": [{"service": "KIA", "applicant": 0}]}
    made = (await office.operator("POST", "/visits", json=body)).raise_for_status().json()
    return str(made["requests"][0]["case_id"])


async def test_what_lies_beside_the_case_is_handed_over_too(
    given: Settings, tmp_path: Path
) -> None:
    async with desk() as office:
        case_id = await asked_at_the_counter(office)
        (await office.step(case_id, "issue")).raise_for_status()
        made = await office.operator("POST", "/batches", json=batch_of())
        batch_id = made.json()["batch_id"]
        assert (await printed(office, batch_id)).status_code == 204
        assert (await hand_over(office, batch_id, case_id)).status_code == 204
        waiver = Waiver("family_card", "Sudah ada di SIAK", "budi-1", NOW)
        seen = Seen("power_of_attorney", "budi-1", NOW)
        errand = Errand(case_id, 1, "e-1", System.SIAK, Standing.PENDING, NOW, "budi-1", NOW)
        for kept in (Checklist(case_id, (waiver,), 1, (seen,)), errand):
            collection = COLLECTIONS.of(type(kept))
            place = office.messaging.memory.collections[collection.name]
            place[case_id] = collection.encode(kept)

        case, page = await handed_over(office, given, tmp_path)

        assert (case["collected"]["collector"], case["collected"]["by"]) == ("applicant", "agus")
        assert case["counter"]["number"] == "7K2M-001"
        assert (case["outside"]["system"], case["outside"]["asked_by"]) == ("siak", "budi-1")
        assert [one["reason"] for one in case["waived"]] == ["Sudah ada di SIAK"]
        assert [one["by"] for one in case["seen"]] == ["budi-1"]
        for part in (
            "Surat kuasa (F-1.07): dilihat petugas pada",
            "Dokumen diambil pemohon pada",
            "Dicatat di acara tanpa jaringan dengan nomor 7K2M-001",
            "Diteruskan ke sistem SIAK pada",
            "Satu syarat dikecualikan pada",
            "mencatat permohonan bersama yang lain",
            "membuat daftar cetak",
        ):
            assert part in page, part
        assert "/api/" not in page


async def test_where_nothing_lies_beside_it_nothing_is_said(
    given: Settings, tmp_path: Path
) -> None:
    async with desk() as office:
        body = in_visit()
        body |= {"people": body["people"][:1], "requests": [{"service": "KK", "applicant": 0}]}
        (await office.operator("POST", "/visits", json=body)).raise_for_status()
        case, page = await handed_over(office, given, tmp_path)
        beside = ("collected", "counter", "outside", "seen", "waived")
        assert [case[name] for name in beside] == [None, None, None, [], []]
        assert "Dokumen diambil" not in page


async def test_what_was_answered_in_the_survey_is_handed_over_to_who_applied(
    given: Settings, tmp_path: Path
) -> None:
    async with desk() as office:
        recorded = await closed_request(office)
        form = {"kode": recorded["tracking_code"], "aksi": "kirim", "n-U3": "2", "komentar": "Lama"}
        (await office.client.post("/lacak/survei", data=form)).raise_for_status()

        case, page = await handed_over(office, given, tmp_path)

        assert (case["survey"]["scores"], case["survey"]["comment"]) == ({"U3": 2}, "Lama")
        for part in ("Survei kepuasan, diisi", WORDS("survey.element.U3"), "Komentar Anda", "Lama"):
            assert part in page, part


def routes() -> set[str]:
    """All routes of API and pages."""
    return {*RULES, *pages.RULES}


def test_every_look_and_every_change_of_a_case_has_a_word() -> None:
    changes = {
        route
        for route in routes()
        if not route.startswith("GET ") and ("{case_id}" in route or "batches" in route)
    }
    also = {"POST /api/visits", "POST /api/requests", "POST /meja", "POST /meja/cetak"}
    assert routes() >= LOOKS
    assert [one for one in LOOKS | changes | also if f"copy.by.{one}" not in WORDS] == []


def test_no_word_is_of_a_route_that_is_not_there() -> None:
    named = WORDS.below("copy.by")
    assert len(named) > len(LOOKS)
    assert [one for one in named if " /" in one and one not in routes()] == []


async def test_what_comes_to_nothing_leaves_no_folder_and_can_be_asked_again(
    given: Settings, tmp_path: Path
) -> None:
    async with desk() as office:
        await office.record(at_home())
        kept = office.messaging.memory.collections["resident_keys"]
        (resident, key), folder = next(iter(kept.items())), tmp_path / "copy"
        words = ("export", "--resident", str(resident), "--out", str(folder), "--by", "sri-1")
        one = given.model_copy(update={"sealing_keys": office.keys})
        del kept[resident]
        with pytest.raises(CommandRefused, match="key is not there"):
            await run_command(office, one, residents, *words)
        kept[resident] = key
        (said,) = await run_command(office, one, residents, *words)
        assert said.startswith(f"written to {folder}")


@pytest.mark.parametrize("name", ["there", "missing/copy", "shut/copy"])
async def test_a_folder_that_cannot_be_made_is_said_before_anything_is_noted(
    given: Settings, tmp_path: Path, name: str
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "shut").write_text("no folder")
    async with desk() as office:
        await office.record(at_home())
        (resident,) = office.messaging.memory.collections["residents"]
        words = ("export", "--resident", resident, "--out", str(tmp_path / name), "--by", "sri-1")
        before = office.messaging.documents("audit")
        reads = COLLECTIONS.of(PersonRead).name
        with pytest.raises(OSError, match=name):
            await run_command(office, given, residents, *words)
        assert office.messaging.documents("audit") == before
        assert office.messaging.documents(reads) == []
