"""Systems of others on the page of a case: silence is seen there, times out, and is sent again."""

from services.intake.app import TEXTS
from services.intake.domain.outside import Standing, System
from shared.web.texts import Texts
from tests.component.intake.kit import desk
from tests.component.intake.test_account_pages import hidden, page
from tests.component.intake.test_desk_pages import cases, officer

WORDS = Texts.load(TEXTS)


async def test_a_day_of_silence_is_seen_and_sent_again_once() -> None:
    async with desk() as office:
        (case_id,) = await cases(office, 1)
        path = f"/meja/{case_id}"
        siti = await officer(office)
        first = (await page(siti, "GET", path)).text
        form = dict(hidden(first.partition("/luar")[2])) | {"aksi": "kirim", "sistem": "siak"}
        sent = [await page(siti, "POST", f"{path}/luar", data=form) for _ in range(2)]
        waits = (await page(siti, "GET", path)).text
        early = await page(siti, "POST", f"{path}/luar", data={"aksi": "lagi", "sistem": "siak"})
        office.messaging.clock.advance(hours=24)
        await office.messaging.settle()
        siti = await officer(office, "siti-2")
        silent = (await page(siti, "GET", path)).text
        again = {"aksi": "lagi", "sistem": "siak"}
        done = await page(siti, "POST", f"{path}/luar", data=again)
        errand = (await office.operator("GET", f"/requests/{case_id}/outside")).json()
    send = WORDS("outside.send", system="SIAK")
    assert [send in text for text in (first, waits, silent)] == [True, False, False]
    assert WORDS("outside.send", system="SITEPAK") not in first
    assert [one.status_code for one in sent] == [303, 303]
    assert WORDS("outside.standing.pending") in waits
    assert early.status_code == 409
    assert WORDS("case.wrong.not_timed_out") in early.text
    assert WORDS("outside.means.timed_out") in silent
    assert WORDS("outside.again", system="SIAK") in silent
    assert done.status_code == 303
    assert (errand["standing"], errand["sends"]) == ("pending", 2)


async def test_what_answers_is_said_and_another_may_be_asked_then() -> None:
    async with desk() as office:
        (case_id,) = await cases(office, 1)
        siti = await officer(office)
        path = f"/meja/{case_id}"
        await page(siti, "POST", f"{path}/luar", data={"aksi": "kirim", "sistem": "eopen"})
        text = (await page(siti, "GET", path)).text
        none = await page(siti, "POST", f"{path}/luar", data={"aksi": "kirim", "sistem": "sitepak"})
        sari = await officer(office, "sari", "supervisor:botram:32.16")
        hers = (await page(sari, "GET", path)).text
    assert WORDS("outside.means.accepted") in text
    assert WORDS("outside.send", system="SIAK") in text
    assert WORDS("case.wrong.not_connected") in none.text
    assert WORDS("outside.means.accepted") in hers
    assert WORDS("outside.send", system="SIAK") not in hers


def test_there_are_words_for_every_system_and_standing() -> None:
    keys = [
        *(f"outside.system.{one}" for one in System),
        *(f"outside.standing.{one}" for one in Standing),
        *(f"outside.means.{one}" for one in Standing),
    ]
    assert [key for key in keys if key not in WORDS] == []
