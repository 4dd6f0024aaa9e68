"""The desk's pages, as a browser gets and sends them: queues, claims, looks, returns, steps."""

import re
from typing import Any

import httpx
import pytest

from services.intake.app import TEXTS
from services.intake.domain import (
    CLAIMED_FOR,
    Fault,
    PaperKind,
    PaperStanding,
    Party,
    Step,
    TargetGroup,
)
from services.intake.pages import desk as desk_page
from services.intake.pages.desk import Queue
from services.intake.pages.desk_case import DONE, REFUSALS
from services.intake.store import COLLECTIONS, IntakeReader
from services.intake.usecases.watch import Late
from shared.web.texts import Texts
from tests.component.intake import own, sops
from tests.component.intake.catalogues import publish
from tests.component.intake.kit import Desk, at_event, at_home, desk
from tests.component.intake.people import Browser
from tests.component.intake.test_account_pages import hidden, page
from tests.component.intake.test_sessions import at_work
from tests.unit.files.samples import image
from tests.unit.intake.sample import NIK

WORDS = Texts.load(TEXTS)
WARNED = ("guardian", "subject", "reporter", "power_of_attorney")
BOTRAM = "operator:botram:32.16"
PAMOR = "operator:halo_pamor:32.75"
REASON = "Nomor di berkas tidak terbaca"


async def officer(office: Desk, login: str = "siti", grant: str = BOTRAM) -> Browser:
    """An officer who has just signed in."""
    return (await at_work(office, login, grant))[1]


async def cases(office: Desk, count: int, **changed: Any) -> list[str]:
    """Record requests under a catalogue, and return their ids, the oldest first."""
    (await publish(office)).raise_for_status()
    return [str((await office.record(at_event(**changed)))["case_id"]) for _ in range(count)]


async def act(browser: Browser, case_id: str, action: str, **sent: Any) -> httpx.Response:
    """Send one of the forms of a case's page."""
    return await page(browser, "POST", f"/meja/{case_id}", data={"aksi": action, **sent})


def kept(office: Desk, case_id: str) -> dict[str, Any]:
    """The case as it is stored."""
    case: dict[str, Any] = office.messaging.memory.collections["cases"][case_id]
    return case


def listed(text: str) -> list[str]:
    """The cases that a page of queues links to, in order."""
    return re.findall(r'href="/intake/meja/([^"?]+)"', text)


def steps(text: str) -> set[str]:
    """The steps that a page offers."""
    return set(re.findall(r'name="langkah" value="([^"]+)"', text))


async def test_a_queue_shows_the_oldest_first_and_nobody() -> None:
    async with desk() as office:
        ids = await cases(office, 3)
        browser = await officer(office)
        shown = await page(browser, "GET", "/meja")
    assert shown.status_code == 200, shown.text
    assert listed(shown.text) == ids
    assert "Sukarno" not in shown.text
    assert WORDS("desk.today") in shown.text
    assert shown.headers["cache-control"] == "no-store"


async def test_counts_and_filters_tell_the_queues_apart() -> None:
    async with desk() as office:
        first, second, third = await cases(office, 3)
        other = str((await office.record(at_event(service="KK")))["case_id"])
        (await office.step(first, "verify")).raise_for_status()
        (await office.step(second, "issue")).raise_for_status()
        browser = await officer(office)
        await act(browser, third, "kembalikan", salah=["family_card:unreadable"])
        text = (await page(browser, "GET", "/meja")).text
        counts = re.findall(r"<strong>(\d+)</strong> ([^<]+)</a>", text)
        queues = {
            queue: listed((await page(browser, "GET", f"/meja?keadaan={queue}")).text)
            for queue in Queue
        }
        only = await page(browser, "GET", "/meja?program=botram&layanan=KIA")
    assert counts == [("1", WORDS(f"desk.queue.{queue}")) for queue in Queue]
    assert queues == {
        Queue.RECEIVED: [other],
        Queue.VERIFIED: [first],
        Queue.ISSUED: [second],
        Queue.RETURNED: [third],
    }
    assert listed(only.text) == []


async def test_what_is_overdue_is_said_in_a_word_and_can_be_asked_for() -> None:
    async with desk() as office:
        (late,) = await cases(office, 1)
        office.messaging.clock.advance(days=9)
        await office.messaging.settle()
        new = str((await office.record(at_event(service="KK", event_id=None)))["case_id"])
        browser = await officer(office)
        text = (await page(browser, "GET", "/meja")).text
        only = (await page(browser, "GET", "/meja?terlambat=ya")).text
    assert (listed(text), listed(only)) == ([late, new], [late])
    assert text.count(f"</span> {WORDS('desk.overdue')}</span>") == 1
    assert WORDS("desk.days", days=9) in text


async def test_a_queue_is_shown_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_page, "PAGE", 2)
    async with desk() as office:
        ids = await cases(office, 5)
        browser = await officer(office)
        seen, path = [], "/meja"
        while path:
            text = (await page(browser, "GET", path)).text
            seen += listed(text)
            more = re.search(r'href="/intake(/meja\?[^"]*mulai=[^"]+)"', text)
            path = more[1].replace("&amp;", "&") if more else ""
    assert seen == ids


async def test_another_region_and_another_programme_are_out_of_sight() -> None:
    async with desk() as office:
        (case_id,) = await cases(office, 1)
        near = await officer(office, "near", "operator:botram:32.16.06")
        far = await officer(office, "far", PAMOR)
        assert listed((await page(near, "GET", "/meja")).text) == []
        assert (await page(far, "GET", "/meja?program=botram")).status_code == 403
        for browser in (near, far):
            assert (await page(browser, "GET", f"/meja/{case_id}")).status_code == 403
            assert (await act(browser, case_id, "ambil")).status_code == 403
        assert (await page(near, "GET", "/meja/unheard-of")).status_code == 404
        assert kept(office, case_id)["claim"] is None
        assert office.messaging.documents("person_reads") == []


async def test_the_next_is_the_oldest_that_nobody_has_and_a_form_sent_twice_takes_one() -> None:
    async with desk() as office:
        first, second = await cases(office, 2)
        siti, budi = await officer(office), await officer(office, "budi")
        form = dict(hidden((await page(siti, "GET", "/meja")).text))

        taken = [await page(siti, "POST", "/meja", data=form) for _ in range(2)]
        next_one = await page(budi, "POST", "/meja", data=form)
        third = await page(budi, "POST", "/meja", data={**form, "kunci": ""})

        assert [one.headers["location"] for one in taken] == [f"/intake/meja/{first}"] * 2
        assert next_one.headers["location"] == f"/intake/meja/{second}"
        nothing = await page(budi, "GET", third.headers["location"].removeprefix("/intake"))
        assert WORDS("desk.nothing_free") in nothing.text
        assert WORDS("desk.mine") in nothing.text
        assert WORDS("desk.held.other") in nothing.text


async def test_the_next_passes_over_whom_nothing_may_be_processed_for() -> None:
    async with desk() as office:
        first, second = await cases(office, 2)
        path = f"/residents/{await office.resident(first)}/restriction"
        (await office.person("POST", path, json={"reason": "Permintaan warga"})).raise_for_status()
        siti = await officer(office)
        form = {"program": "botram", "keadaan": "diterima"}
        taken = await page(siti, "POST", "/meja", data=form)
        assert taken.headers["location"] == f"/intake/meja/{second}"
        shown = (await page(siti, "GET", f"/meja/{first}")).text
        assert WORDS("case.paused") in shown
        assert 'name="aksi" value="tampilkan"' in shown
        assert set(re.findall(r'name="aksi" value="([^"]+)"', shown)) == {"tampilkan"}


async def test_whoever_comes_second_reads_who_has_it_until_when_and_can_do_nothing() -> None:
    async with desk() as office:
        (case_id,) = await cases(office, 1)
        siti, budi = await officer(office), await officer(office, "budi")
        done = await act(siti, case_id, "ambil")
        assert done.headers["location"] == f"/intake/meja/{case_id}?selesai=ambil"

        late = await act(budi, case_id, "ambil")

        assert late.status_code == 409
        assert WORDS("case.wrong.claimed") in late.text
        assert "Petugas lain mengerjakan permohonan ini sejak" in late.text
        assert "siti" not in late.text
        assert steps(late.text) == set()
        for action, more in (("langkah", {"langkah": "verify"}), ("lepas", {})):
            assert (await act(budi, case_id, action, **more)).status_code == 409
        office.messaging.clock.advance(seconds=CLAIMED_FOR.total_seconds())
        await office.messaging.settle()
        assert kept(office, case_id)["claim"] is None
        assert (await act(budi, case_id, "ambil")).status_code == 303


async def test_a_supervisor_sees_the_work_and_nobody_and_can_free_a_case() -> None:
    async with desk() as office:
        (case_id,) = await cases(office, 1)
        siti = await officer(office)
        await act(siti, case_id, "ambil")
        sari = await officer(office, "sari", "supervisor:botram:32.16")
        shown = await page(sari, "GET", f"/meja/{case_id}")
        assert "Sukarno" not in shown.text
        assert WORDS("case.people_hidden") in shown.text
        assert (steps(shown.text), "/content" in shown.text) == (set(), False)
        assert office.messaging.documents("person_reads") == []
        assert 'value="diterima"' in (await page(sari, "GET", "/meja")).text
        for action, more in (
            ("ambil", {}),
            ("langkah", {"langkah": "verify"}),
            ("tampilkan", {"alasan": REASON}),
        ):
            assert (await act(sari, case_id, action, **more)).status_code == 409, action
        assert (await act(sari, case_id, "lepas")).status_code == 303
        assert kept(office, case_id)["claim"] is None
        assert office.messaging.documents("person_reads") == []


async def test_the_page_masks_numbers_and_keeps_each_look() -> None:
    async with desk() as office:
        case_id = str((await office.record(at_home()))["case_id"])
        browser = await officer(office, grant=PAMOR)
        shown = await page(browser, "GET", f"/meja/{case_id}")
        (read,) = office.messaging.documents("person_reads")
    assert "Siti Contoh" in shown.text
    assert "Gang Contoh 1" in shown.text
    assert NIK not in shown.text
    assert f"{NIK[:4]}********{NIK[-4:]}" in shown.text
    assert "1200000001" not in shown.text
    assert (read["case_id"], read["route"]) == (case_id, "GET /meja/{case_id}")


async def test_numbers_are_shown_once_after_a_fresh_sign_in_and_the_reason_is_kept() -> None:
    async with desk() as office:
        case_id = str((await office.record(at_home()))["case_id"])
        browser = await officer(office, grant=PAMOR)
        office.messaging.clock.advance(minutes=9)
        (await browser.refresh()).raise_for_status()
        office.messaging.clock.advance(minutes=2)

        asking = await act(browser, case_id, "tampilkan", alasan=REASON)
        assert WORDS("proof.doing.tampilkan") in asking.text
        assert NIK not in asking.text
        carried = dict(hidden(asking.text))
        secret = {"bukti_sandi": "kebun teh di Puncak 7"}
        shown = await page(browser, "POST", f"/meja/{case_id}", data={**carried, **secret})
        reads = office.messaging.documents("person_reads")
        again = await page(browser, "GET", f"/meja/{case_id}")

    assert shown.status_code == 200
    assert NIK in shown.text
    assert "6281200000001" in shown.text
    assert [(one["route"], one["reason"]) for one in reads] == [
        ("POST /meja/{case_id}", REASON),
    ]
    assert NIK not in again.text


@pytest.mark.parametrize("why", ["", "x" * 201, f"NIK {NIK}"])
async def test_numbers_are_not_shown_without_a_reason_that_names_nobody(why: str) -> None:
    async with desk() as office:
        case_id = str((await office.record(at_home()))["case_id"])
        browser = await officer(office, grant=PAMOR)
        answer = await act(browser, case_id, "tampilkan", alasan=why)
        assert answer.status_code == 409
        assert answer.text.count(WORDS("case.wrong.reason_malformed")) == 2
        reads = office.messaging.documents("person_reads")
    assert NIK not in answer.text
    assert [one["reason"] for one in reads] == [None]


async def test_a_pasted_token_shows_no_numbers() -> None:
    async with desk() as office:
        case_id = str((await office.record(at_home()))["case_id"])
        headers = {"Accept": "text/html", **office.messaging.headers("operator")}
        sent = {"aksi": "tampilkan", "alasan": REASON}
        answer = await office.client.post(f"/meja/{case_id}", data=sent, headers=headers)
    assert WORDS("proof.machine") in answer.text
    assert NIK not in answer.text


async def test_the_buttons_are_the_steps_that_the_state_allows() -> None:
    async with desk() as office:
        (case_id,) = await cases(office, 1)
        browser = await officer(office)
        path = f"/meja/{case_id}"
        offered = [steps((await page(browser, "GET", path)).text)]
        for step in ("verify", "issue", "hand_over"):
            done = await act(browser, case_id, "langkah", langkah=step)
            assert done.status_code == 303, done.text
            offered.append(steps((await page(browser, "GET", path)).text))
        late = await act(browser, case_id, "langkah", langkah="cancel")
    assert offered == [
        {"verify", "issue", "reject", "cancel"},
        {"issue", "reject", "cancel"},
        {"hand_over", "cancel"},
        set(),
    ]
    assert late.status_code == 409
    assert WORDS("case.wrong.closed") in late.text


async def test_a_paper_is_listed_to_be_saved_and_one_is_done_without() -> None:
    async with desk() as office:
        (case_id,) = await cases(office, 1)
        browser = await officer(office)
        before = (await page(browser, "GET", f"/meja/{case_id}")).text
        done = await act(browser, case_id, "tanpa", syarat="family_card", alasan="seen_in_siak")
        wrong = await act(browser, case_id, "tanpa", syarat="unheard_of", alasan="seen_in_siak")
        looked = await act(browser, case_id, "lihat", syarat="power_of_attorney")
        text = (await page(browser, "GET", looked.headers["location"].split("/intake", 1)[1])).text
        sent = await office.send(case_id, image())
        await office.bind(case_id, sent.json()["file_id"], "photo")
        after = (await page(browser, "GET", f"/meja/{case_id}")).text
        saved = await browser.ask(
            "GET", f"/requests/{case_id}/papers/{sent.json()['file_id']}/content"
        )
    missing = f"</span> {WORDS('case.standing.missing')}</span>"
    assert missing in before
    assert WORDS("case.no_papers") in before
    assert WORDS("case.upload_without_script") in before
    assert done.status_code == 303
    assert WORDS("case.wrong.requirement_unknown") in wrong.text
    assert WORDS("case.done.lihat") in text
    assert f"</span> {WORDS('case.standing.seen')}</span>" in text
    assert WORDS("case.see") in before
    assert "Data cocok di SIAK" in after
    assert missing not in after
    assert f"/papers/{sent.json()['file_id']}/content" in after
    assert saved.headers["content-disposition"].startswith("attachment")


async def test_a_case_is_returned_read_by_its_resident_and_comes_back_with_the_paper() -> None:
    async with desk() as office:
        (await publish(office)).raise_for_status()
        recorded = await office.record(at_event())
        case_id, code = recorded["case_id"], recorded["tracking_code"]
        siti, budi = await officer(office), await officer(office, "budi")
        await act(siti, case_id, "ambil")
        nothing = await act(siti, case_id, "kembalikan", salah=["", ""])
        back = await act(siti, case_id, "kembalikan", salah=["family_card:unreadable", ""])
        late = await act(budi, case_id, "kembalikan", salah=["family_card:missing"])
        tracked = await office.client.post("/lacak", data={"kode": code})
        api = (await office.track(code)).json()
        sent = (await office.send(case_id, image())).json()
        await office.bind(case_id, sent["file_id"])
        queue = listed((await page(siti, "GET", "/meja")).text)
        later = await office.client.post("/lacak", data={"kode": code})

    assert WORDS("case.wrong.nothing_returned") in nothing.text
    assert back.status_code == 303
    assert late.status_code == 409
    assert WORDS("case.wrong.returned_already") in late.text
    assert WORDS("fault.unreadable") in late.text
    for words in ("tracking.to_correct", "fault.unreadable", "next.correct_papers"):
        assert WORDS(words) in tracked.text
        assert WORDS(words) not in later.text
    assert tracked.text.count("Bawa Kartu Keluarga.") == 1
    assert api["to_correct"] == [
        {
            "text": "Bawa Kartu Keluarga.",
            "fault": "unreadable",
            "fault_text": WORDS("fault.unreadable"),
        }
    ]
    assert api["next"] == "correct_papers"
    assert queue == [case_id]


async def test_a_resident_reads_what_is_wrong_and_sends_it_anew_himself() -> None:
    async with desk() as office:
        recorded = await own.recorded(office)
        case_id, code = recorded["case_id"], recorded["tracking_code"]
        siti = await officer(office)
        await act(siti, case_id, "kembalikan", salah=["family_card:unreadable"])
        shown = await own.pass_of(office, code)
        form = await office.client.post("/lacak/berkas", data={"kode": code}, headers=own.HTML)
        awaited = (await office.track(code)).json()["awaited_from"]
        taken = await own.send(office, shown)
        assert kept(office, case_id)["returned"] is None
        queue = listed((await page(siti, "GET", "/meja")).text)
    assert WORDS("papers.standing.returned") in form.text
    assert WORDS("fault.unreadable") in form.text
    assert awaited == "resident"
    assert taken.status_code == 201, taken.text
    assert queue == [case_id]


async def test_a_returned_case_is_taken_back_with_what_there_is() -> None:
    async with desk() as office:
        (case_id,) = await cases(office, 1)
        siti = await officer(office)
        await act(siti, case_id, "kembalikan", salah=["family_card:differs"])
        shown = (await page(siti, "GET", f"/meja/{case_id}")).text
        done = await act(siti, case_id, "ajukan")
        twice = await act(siti, case_id, "ajukan")
    assert WORDS("case.resubmit") in shown
    assert 'value="kembalikan"' not in shown
    assert done.status_code == 303
    assert WORDS("case.wrong.not_returned") in twice.text


async def test_another_site_sends_no_form_of_the_desk() -> None:
    async with desk() as office:
        (case_id,) = await cases(office, 1)
        browser = await officer(office)
        evil = {"Origin": "http://evil.test"}
        for path, data in (
            ("/meja", {"program": "botram", "keadaan": "diterima"}),
            (f"/meja/{case_id}", {"aksi": "ambil"}),
        ):
            answer = await page(browser, "POST", path, data=data, headers=evil)
            assert answer.status_code == 403


async def test_whoever_has_no_programme_is_told_so() -> None:
    async with desk() as office:
        browser = await officer(office, grant="operator:sregep:32.16")
        assert WORDS("desk.no_programme") in (await page(browser, "GET", "/meja")).text


def test_there_are_words_for_everything_that_the_desk_shows() -> None:
    keys = [
        *(f"case.wrong.{one}" for one in REFUSALS),
        *(f"case.done.{one}" for one in DONE),
        *(f"case.step.{one}" for one in Step),
        *(f"case.standing.{one}" for one in PaperStanding),
        *(f"papers.standing.{one}" for one in PaperStanding),
        *(f"case.warning.{one}_missing" for one in WARNED),
        *(f"counter.groups.{one}" for one in TargetGroup),
        *(f"fault.{one}" for one in Fault),
        *(f"copy.paper.{one}" for one in PaperKind),
        *(f"copy.party.{one}" for one in Party),
        *(f"desk.queue.{one}" for one in Queue),
        *(f"desk.hint.{one}" for one in Queue),
    ]
    assert [key for key in keys if key not in WORDS] == []


async def test_what_is_too_long_in_its_state_is_said_to_whom_and_listed_apart() -> None:
    async with desk() as office:
        (await sops.publish(office)).raise_for_status()
        late, verified = await cases(office, 2)
        (await office.step(verified, "verify")).raise_for_status()
        sari = await officer(office, "sari", "supervisor:botram:32.16")
        before = (await page(sari, "GET", "/meja")).text
        none = (await page(sari, "GET", "/meja?lama=ya")).text
        office.messaging.clock.advance(days=5)
        await office.messaging.settle()
        new = await cases(office, 1, event_id=None, service="KK")
        sari = await officer(office, "sari-2", "supervisor:botram:32.16")
        after = (await page(sari, "GET", "/meja")).text
        only = (await page(sari, "GET", "/meja?lama=ya")).text
        one = (await page(sari, "GET", f"/meja/{late}")).text
        near = await officer(office, "near", "supervisor:botram:32.16.06")
        elsewhere = (await page(near, "GET", "/meja")).text
        reader = IntakeReader(office.messaging.database, COLLECTIONS)
        counted = await reader.late_in("botram"), await reader.late_in("halo_pamor")
    assert counted == (Late(late=2, escalated=1), Late(0, 0))
    many = WORDS("desk.late_many", count=2)
    assert [many in text for text in (before, after, elsewhere)] == [False, True, False]
    assert WORDS("desk.late_none") in none
    assert listed(only) == [late, verified]
    assert new[0] in listed(after)
    assert WORDS("role.supervisor") in one
    assert WORDS("role.head") in one
    assert WORDS("desk.late_told") in one
