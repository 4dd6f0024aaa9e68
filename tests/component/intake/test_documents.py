"""The issued document: the wrong one is not issued unless a second person says why it is right."""

import asyncio
from typing import Any

import httpx
import pytest

from services.intake.app import TEXTS
from services.intake.domain import Compared, Comparison, Signature, WhyRight
from services.intake.domain.document import WAITING_LIMIT
from services.intake.store import COLLECTIONS, IntakeReader
from services.intake.usecases import ISSUED, issued_document
from shared.web.texts import Texts
from tests.component.intake.kit import Desk, at_event, at_home, desk
from tests.unit.files import letters, samples
from tests.unit.files.letters import card, letter
from tests.unit.intake.sample import NIK

NAME = "Siti Contoh"
KK = "3216992607230007"
WHY = {"reason": "spelled_otherwise", "explanation": "Sesuai akta yang lama"}


async def case_of(office: Desk, **changed: Any) -> str:
    return str((await office.record(at_home(**changed)))["case_id"])


async def confirm(
    office: Desk, case_id: str, file_id: str, who: str = "sri", **body: Any
) -> httpx.Response:
    path = f"/requests/{case_id}/document/{file_id}/confirmation"
    return await office.person("POST", path, "supervisor", who, json={**WHY, **body})


async def told(office: Desk, case_id: str) -> Any:
    return (await office.operator("GET", f"/requests/{case_id}/document")).json()["document"]


def refused(answer: httpx.Response, reason: str) -> bool:
    return (answer.status_code, answer.json().get("reason")) == (409, reason)


async def test_the_right_document_is_sent_bound_told_fetched_and_issued() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        data = card("SITI CONTOH", NIK)
        sent = await office.send_document(case_id, data)
        assert sent.status_code == 201, sent.text
        assert await told(office, case_id) is None
        file_id = sent.json()["file_id"]
        bound = await office.operator("POST", f"/requests/{case_id}/document/{file_id}")
        assert bound.status_code == 200, bound.text

        shown = await told(office, case_id)
        assert shown == bound.json()["document"]
        assert shown | sent.json() == shown
        assert (shown["comparison"], shown["compared"]) == ("match", ["name", "nik"])
        assert (shown["differs"], shown["passes"], shown["issued"]) == ([], True, False)
        assert (shown["sent_by"], shown["bytes"]) == ("agus", len(data))
        assert shown["signature"] == "unsigned"
        assert shown["signature_trust"] == "not_checked"

        assert (await office.step(case_id, "issue")).status_code == 200
        assert (await told(office, case_id))["issued"] is True
        fetched = await office.operator("GET", f"/requests/{case_id}/document/content")
        assert fetched.content == data
        name = f'attachment; filename="document-{file_id}.pdf"'
        assert fetched.headers["content-disposition"] == name
        (read,) = office.messaging.documents("person_reads")
        assert read["route"] == "GET /api/requests/{case_id}/document/content"


async def test_a_card_without_a_document_is_issued_as_before() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        assert (await office.step(case_id, "issue")).status_code == 200
        assert await told(office, case_id) is None
        late = await office.send_document(case_id, card(NAME, NIK))
        assert refused(late, "already_issued")
        assert not office.frames.frames


@pytest.mark.parametrize(
    ("data", "differs"),
    [
        (card("SITI CONTOM", NIK), ["name"]),
        (card(NAME, "3216995203850002"), ["nik"]),
        (letter("KARTU IDENTITAS ANAK", f"Nama : {NAME}"), ["nik"]),
        (card("TONO CONTOH", "3216991203850009"), ["name", "nik"]),
    ],
)
async def test_a_wrong_document_blocks_issue_and_names_fields_without_values(
    data: bytes, differs: list[str]
) -> None:
    async with desk() as office:
        case_id = await case_of(office)
        assert (await office.document(case_id, data))["differs"] == differs

        blocked = await office.step(case_id, "issue")

        assert refused(blocked, "document_mismatch"), blocked.text
        assert blocked.json()["detail"].endswith(f"as the request says: {', '.join(differs)}")
        assert "CONTO" not in blocked.text.upper()
        assert "3216" not in blocked.text


async def test_the_right_one_in_its_place_is_issued_and_the_wrong_one_goes() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        wrong = await office.document(case_id, card("SITI CONTOM", NIK))
        right = await office.document(case_id, card(NAME, NIK))
        assert (await told(office, case_id))["file_id"] == right["file_id"]
        assert (await office.step(case_id, "issue")).status_code == 200
        states = {one["_id"]: one["state"] for one in office.messaging.documents("files")}
        assert states == {wrong["file_id"]: "removing", right["file_id"]: "bound"}


async def test_a_second_person_lets_it_pass_with_a_reason_in_case_and_trail() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        file_id = (await office.document(case_id, card("SITI CONTOM", NIK)))["file_id"]

        assert refused(await confirm(office, case_id, file_id, "agus"), "own_document")
        stale = await office.ask(
            "POST",
            f"/requests/{case_id}/document/{file_id}/confirmation",
            "supervisor",
            json=WHY,
        )
        assert stale.status_code == 401
        passed = await confirm(office, case_id, file_id)
        assert passed.status_code == 200, passed.text

        said = (await told(office, case_id))["confirmation"]
        assert said | {**WHY, "by": "sri"} == said
        assert said["reason_text"].startswith("Nama di data kependudukan")
        (deed,) = [one for one in office.messaging.documents("audit") if "confirmed" in one["deed"]]
        assert (deed["actor"], deed["about"]) == ("sri", case_id)
        assert deed["said"] == [f"file {file_id}", "mismatch name", *WHY.values()]
        assert refused(await confirm(office, case_id, file_id, "tono"), "nothing_to_confirm")
        assert (await office.step(case_id, "issue")).status_code == 200


async def test_neither_who_sent_it_nor_who_bound_it_confirms() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        sent = await office.send_document(case_id, card("SITI CONTOM", NIK), who="agus")
        path = f"/requests/{case_id}/document/{sent.json()['file_id']}"
        headers = office.messaging.headers("operator", subject="budi")
        (await office.client.post(f"/api{path}", headers=headers)).raise_for_status()
        for who in ("agus", "budi"):
            answer = await confirm(office, case_id, sent.json()["file_id"], who)
            assert refused(answer, "own_document")


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "because"},
        {"explanation": f"NIK lama {NIK}"},
        {"explanation": ""},
        {"explanation": "x" * 201},
    ],
)
async def test_a_reason_is_one_of_the_list_and_its_words_hold_no_number(
    body: dict[str, str],
) -> None:
    async with desk() as office:
        case_id = await case_of(office)
        file_id = (await office.document(case_id, card("SITI CONTOM", NIK)))["file_id"]
        answer = await confirm(office, case_id, file_id, **body)
        assert answer.status_code == 422
        assert next(iter(body)) in answer.json()["errors"][0]["field"]
        assert NIK not in answer.text


async def test_the_word_counts_for_one_file_alone() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        first = (await office.document(case_id, card("SITI CONTOM", NIK)))["file_id"]
        (await confirm(office, case_id, first)).raise_for_status()
        await office.document(case_id, card("SITI CONTOP", NIK))
        assert refused(await office.step(case_id, "issue"), "document_mismatch")
        assert refused(await confirm(office, case_id, first), "other_document")


async def test_a_scan_is_unreadable_and_waits_for_a_second_person() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        shown = await office.document(case_id, letters.scanned())
        assert (shown["comparison"], shown["differs"]) == ("unreadable", [])
        assert refused(await office.step(case_id, "issue"), "document_unreadable")
        answer = await confirm(office, case_id, shown["file_id"], reason="read_by_eye")
        assert answer.status_code == 200
        assert (await office.step(case_id, "issue")).status_code == 200


async def test_a_correction_after_the_check_makes_it_worthless() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        await office.document(case_id, card(NAME, NIK))
        path = f"/residents/{await office.resident(case_id)}/correction"
        (await office.person("POST", path, json={"name": "Siti Benar"})).raise_for_status()

        assert refused(await office.step(case_id, "issue"), "document_outdated")
        assert (await office.document(case_id, card(NAME, NIK)))["differs"] == ["name"]
        await office.document(case_id, card("SITI BENAR", NIK))
        assert (await office.step(case_id, "issue")).status_code == 200


async def test_it_is_held_against_whom_it_is_for_and_not_who_asked() -> None:
    async with desk() as office:
        child = {"party": "subject", "name": "Bunga Contoh", "nik": "3216995203200001"}
        case_id = await case_of(office, parties=[child])
        assert (await office.document(case_id, card(NAME, NIK)))["differs"] == ["name", "nik"]
        await office.document(case_id, card("BUNGA CONTOH", child["nik"]))
        assert (await office.step(case_id, "issue")).status_code == 200


async def test_a_subject_that_is_named_after_the_check_makes_it_worthless() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        await office.document(case_id, card(NAME, NIK))
        party = {"party": "subject", "name": "Bunga Contoh"}
        (
            await office.operator("POST", f"/requests/{case_id}/parties", json=party)
        ).raise_for_status()
        assert refused(await office.step(case_id, "issue"), "document_outdated")


async def test_who_has_no_nik_yet_is_compared_by_name_alone() -> None:
    async with desk() as office:
        case_id = str((await office.record(at_event()))["case_id"])
        shown = await office.document(case_id, card("SUKARNO"))
        assert (shown["comparison"], shown["compared"]) == ("match", ["name"])


async def test_a_family_card_number_that_is_stated_has_to_be_there() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        with_it = card(NAME, NIK, f"No. {KK[:4]} {KK[4:8]} {KK[8:12]} {KK[12:]}")
        header = {"Family-Card-Number": f"{KK[:6]} {KK[6:]}"}
        right = await office.send_document(case_id, with_it, **header)
        assert (right.json()["comparison"], right.json()["compared"][-1]) == ("match", "kk_number")
        wrong = await office.send_document(case_id, card(NAME, NIK), **header)
        assert wrong.json()["differs"] == ["kk_number"]
        malformed = {"Family-Card-Number": KK[:15]}
        answer = await office.send_document(case_id, with_it, **malformed)
        assert answer.status_code == 422
        assert KK[:15] not in answer.text
        for kept in ("documents", "files", "inbox", "actions", "audit"):
            assert KK not in str(office.messaging.documents(kept))


async def test_a_signature_is_told_and_what_was_done_to_it() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        # Signing runs a loop of its own.
        signed = await asyncio.to_thread(letters.signed, card(NAME, NIK))
        found = await office.document(case_id, signed)
        assert (found["signature"], found["signature_trust"]) == ("signed", "not_checked")
        assert "tidak diperiksa" in found["signature_text"]
        changed = signed.replace(b"/MediaBox", b"/MediaBoy", 1)
        assert (await office.document(case_id, changed))["signature"] == "damaged"


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (samples.locked(), 422, "password"),
        (samples.pdf(change=samples.with_open_action), 422, "script"),
        (samples.pdf(change=samples.with_attachment), 422, "embedded_file"),
        (samples.pdf(201), 422, "too_many_pages"),
        (letters.text_bomb(1 << 28), 422, "too_costly"),
        (letters.packed_twice(), 422, "too_costly"),
        (letters.forms_within_forms(), 422, "too_costly"),
        (samples.image(), 415, "type_not_allowed"),
        (bytes(ISSUED.limit + 1), 413, "too_large"),
    ],
)
async def test_a_hostile_document_is_refused_by_name_and_nothing_is_left(
    data: bytes, status: int, reason: str
) -> None:
    async with desk() as office:
        case_id = await case_of(office)
        headers = office.messaging.headers("operator")
        path = f"/api/requests/{case_id}/document"
        answer = await office.client.post(path, content=data, headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
        assert not office.frames.frames
        assert not office.messaging.documents("files")
        assert not office.messaging.documents("documents")


async def test_only_pdf_is_said_to_be_taken() -> None:
    assert ISSUED.refusal("type_not_allowed").detail == "only PDF are taken here"


async def test_a_paper_is_no_document_and_a_document_no_paper() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        paper = (await office.send(case_id, card(NAME, NIK))).json()["file_id"]
        bound = await office.operator("POST", f"/requests/{case_id}/document/{paper}")
        assert refused(bound, "file_of_another")
        document = (await office.send_document(case_id, card(NAME, NIK))).json()["file_id"]
        assert refused(await office.bind(case_id, document), "file_of_another")


async def test_of_many_files_that_nobody_binds_the_newest_stay_checked() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        ids = [
            (await office.send_document(case_id, card(NAME, NIK))).json()["file_id"]
            for _ in range(WAITING_LIMIT + 1)
        ]
        path = f"/requests/{case_id}/document/"
        assert refused(await office.operator("POST", path + ids[0]), "not_checked")
        assert (await office.operator("POST", path + ids[1])).status_code == 200


async def test_the_same_key_again_brings_the_same_file_and_no_second() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        data = card(NAME, NIK)
        first = await office.send_document(case_id, data, key="made-up-key-1")
        again = await office.send_document(case_id, data, key="made-up-key-1")
        assert again.json() == first.json()
        assert len(office.messaging.documents("files")) == 1


async def test_nothing_is_added_for_who_is_restricted() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        file_id = (await office.document(case_id, card("SITI CONTOM", NIK)))["file_id"]
        path = f"/residents/{await office.resident(case_id)}/restriction"
        body = {"reason": "Permintaan warga"}
        (await office.person("POST", path, json=body)).raise_for_status()
        assert refused(await office.send_document(case_id, card(NAME, NIK)), "restricted")
        assert refused(await confirm(office, case_id, file_id), "restricted")


async def test_a_closed_request_takes_none() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        (await office.step(case_id, "cancel")).raise_for_status()
        assert refused(await office.send_document(case_id, card(NAME, NIK)), "closed")


async def test_it_goes_with_its_resident() -> None:
    async with desk() as office:
        case_id = await case_of(office)
        file_id = (await office.document(case_id, card(NAME, NIK)))["file_id"]
        (await office.step(case_id, "cancel")).raise_for_status()
        path = f"/residents/{await office.resident(case_id)}/erasure"
        (await office.person("POST", path, who="sri")).raise_for_status()
        (await office.person("POST", f"{path}/approval", who="agus")).raise_for_status()

        assert await told(office, case_id) is None
        (kept,) = office.messaging.documents("documents")
        assert kept["erased"]
        assert file_id not in str(kept)
        content = await office.operator("GET", f"/requests/{case_id}/document/content")
        assert content.status_code == 404
        (file,) = office.messaging.documents("files")
        assert file["state"] == "removing"


async def test_what_may_be_sent_to_a_resident_is_what_was_issued() -> None:
    async with desk() as office:
        reader = IntakeReader(office.messaging.database, COLLECTIONS)
        case_id = await case_of(office)
        bound = await office.document(case_id, card(NAME, NIK))
        assert await issued_document(case_id, reader) is None
        (await office.step(case_id, "issue")).raise_for_status()
        found = await issued_document(case_id, reader)
        assert found is not None
        assert found.id == bound["file_id"]


def test_everything_that_is_told_has_words() -> None:
    texts = Texts.load(TEXTS)
    themes = {
        "comparison": Comparison,
        "signature": Signature,
        "reason": WhyRight,
        "field": Compared,
    }
    for theme, names in themes.items():
        for name in names:
            assert texts(f"document.{theme}.{name}")
