"""An agent's page as his browser gets it."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest

from services.courier.app import definition
from services.courier.domain import JobState, Step
from services.courier.pages import TEXTS
from services.courier.pages.tasks import REFUSALS
from services.courier.store import COLLECTIONS
from shared.contracts.courier import FailureReason
from shared.testing.callers import HOST
from shared.testing.messaging import memory_messaging
from shared.web.texts import Texts
from tests.component.courier.counter import Counter, counter
from tests.unit.courier.sample import AGENT, VILLAGE, confirmed, issued, programme, received

ADDRESS = "/intake/api/requests/case-1/address"


@pytest.fixture
async def at() -> AsyncIterator[Counter]:
    async with counter() as running:
        yield running


async def see(at: Counter, subject: str = AGENT, *grant: str, path: str = "/tugas") -> str:
    """Open the page in a browser."""
    headers = at.messaging.headers(*(grant or ("agent", "halo_pamor", "32.75")), subject=subject)
    answer = await at.client.get(path, headers={**headers, "Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer.text


async def send(at: Counter, subject: str = AGENT, **form: str) -> httpx.Response:
    """Send the form of the sample's job as a browser does."""
    headers = at.agent(subject)
    headers.pop("Idempotency-Key")
    return await at.client.post(
        "/tugas/case-1", data=form, headers={**headers, "Accept": "text/html"}
    )


async def tap(at: Counter, **form: str) -> str:
    """Open the page, tap a button, and return the page that follows."""
    key = re.search(r'name="kunci" value="([^"]+)"', await see(at))
    assert key is not None
    answer = await send(at, kunci=key[1], **form)
    assert answer.status_code == 303, answer.text
    return await see(at, path=answer.headers["location"].removeprefix("/courier"))


async def open_area(at: Counter, rw: str, village: str = VILLAGE) -> None:
    """Put the sample's agent in charge of another RW."""
    path = f"/api/areas/halo_pamor/{village}/{rw}"
    headers = at.messaging.headers("admin")
    (await at.client.put(path, json={"agent_id": AGENT}, headers=headers)).raise_for_status()


def buttons(page: str) -> list[str]:
    """What can be reported."""
    return re.findall(r'name="langkah" value="([a-z_]+)"', page)


async def test_without_jobs_the_page_says_so(at: Counter) -> None:
    page = await see(at)
    assert "Tidak ada tugas." in page
    assert "<noscript>" not in page


async def test_each_step_is_one_button_from_home_to_home(at: Counter) -> None:
    await at.serve()
    await at.messaging.deliver(received())
    assert buttons(await see(at)) == ["collect_papers"]
    page = await tap(at, langkah="collect_papers")
    assert "Tercatat: berkas sudah diambil." in page
    assert buttons(page) == ["hand_in_papers"]
    page = await tap(at, langkah="hand_in_papers")
    assert buttons(page) == []
    assert "Menunggu kantor atau warga" in page
    assert "Tidak ada yang dapat dikerjakan sekarang." in page
    await at.messaging.deliver(issued())
    assert buttons(await see(at)) == ["collect_document"]
    page = await tap(at, langkah="collect_document")
    assert buttons(page) == ["deliver", "fail"]
    page = await tap(at, langkah="fail", alasan="nobody_home")
    assert "gagal diantar 1 kali" in page
    page = await tap(at, langkah="deliver")
    assert "Menunggu warga menyatakan terima" in page
    assert buttons(page) == ["fail"]
    await at.messaging.deliver(confirmed())
    assert "Tidak ada tugas." in await see(at)


async def test_a_failed_attempt_says_why_and_a_step_sent_twice_is_done_once(at: Counter) -> None:
    await at.assigned_job()
    for step in ("collect_papers", "hand_in_papers", "collect_document"):
        await at.step(step)
    without = await send(at, langkah="fail", kunci="key-of-a-form")
    assert without.status_code == 409
    assert "Pilih dahulu mengapa belum berhasil." in without.text
    for _ in range(2):
        answer = await send(at, langkah="fail", alasan="nobody_home", kunci="key-of-a-form")
        assert answer.status_code == 303
    (job,) = at.messaging.documents("jobs")
    assert job["attempts"] == 1


async def test_a_step_that_does_not_fit_is_refused_in_words(at: Counter) -> None:
    await at.assigned_job()
    answer = await send(at, langkah="deliver")
    assert answer.status_code == 409
    assert "Langkah itu tidak cocok" in answer.text
    assert buttons(answer.text) == ["collect_papers"]
    other = await send(at, "agent-2", langkah="collect_papers")
    assert other.status_code == 409
    assert "bukan tugas Anda lagi" in other.text


async def test_who_has_waited_longest_comes_first_and_one_walk_stays_together(
    at: Counter,
) -> None:
    now = at.messaging.clock()
    for rw in ("005", "006", "007"):
        await open_area(at, rw)
    waits = {"a": ("006", 1), "b": ("005", 5), "c": ("007", 3), "d": ("005", 2)}
    for name, (rw, days) in waits.items():
        at_that_time = now - timedelta(days=days)
        await at.messaging.deliver(received(f"case-{name}", rw=rw), occurred_at=at_that_time)
    page = await see(at)
    assert re.findall(r'action="/courier/tugas/case-(.)"', page) == ["b", "d", "c", "a"]
    assert re.findall(r">RW (\d+) <", page) == ["005", "007", "006"]


async def test_an_agent_sees_his_own_jobs_where_he_is_an_agent(at: Counter) -> None:
    await at.assigned_job()
    assert "case-1" in await see(at)
    assert "case-1" not in await see(at, "agent-2")
    assert "case-1" not in await see(at, AGENT, "agent", "halo_pamor", "32.75.02")
    assert "case-1" not in await see(at, AGENT, "agent", "botram", "*")


async def test_names_and_addresses_are_asked_of_intake_by_the_browser(at: Counter) -> None:
    await at.assigned_job()
    page = await see(at)
    assert f'data-address="{ADDRESS}"' in page
    assert "Peramban ini tidak menjalankan skrip" in page
    assert re.search(r"<button [^>]*data-show hidden", page), "no button that does nothing"


async def test_the_way_to_intake_follows_its_prefix() -> None:
    async with (
        memory_messaging("courier", collections=COLLECTIONS) as messaging,
        messaging.client(definition({"intake": "/penerimaan"})) as client,
    ):
        await messaging.deliver(programme())
        at = Counter(messaging, client)
        await at.assigned_job()
        assert f'data-address="{ADDRESS.replace("/intake", "/penerimaan")}"' in await see(at)


async def test_services_are_called_as_their_programme_does_and_times_are_its_own(
    at: Counter,
) -> None:
    await at.assigned_job(datetime.fromisoformat("2023-03-11T02:15:00+00:00"))
    page = await see(at)
    assert "<h3>Kartu Keluarga</h3>" in page
    assert "Menunggu sejak Sabtu, 11 Maret 2023 pukul 09.15 WIB" in page


async def test_every_address_lies_below_the_prefix_or_at_the_front_door(at: Counter) -> None:
    await at.assigned_job()
    page = await see(at)
    found = set(re.findall(r'(?:href|src|action)="([^"]+)"', page)) - {"#isi"}
    assert {one for one in found if not one.startswith("/courier/")} == {"/", "/bantuan", "/keluar"}
    for part in (one for one in found if one.endswith((".css", ".js"))):
        assert (await at.client.get(HOST + part)).status_code == 200


def test_there_are_words_for_everything_that_can_be_said() -> None:
    texts = Texts.load(TEXTS)
    ended = (JobState.OPEN, JobState.DONE, JobState.WITHDRAWN)
    keys = {
        *(f"tasks.wrong.{one}" for one in (*REFUSALS, "reason_missing", "other")),
        *(f"tasks.done.{one}" for one in Step),
        *(f"tasks.step.{one}" for one in Step if one is not Step.FAIL),
        *(f"tasks.state.{one}" for one in JobState if one not in ended),
        *(f"reason.{one}" for one in FailureReason),
    }
    assert [key for key in sorted(keys) if key not in texts] == []
