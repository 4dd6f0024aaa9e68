"""An event's page in a real browser: on a phone and a screen, live, and without any script."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from deploy.local import install
from deploy.local.proxy import PROXY
from deploy.local.servers import Servers
from deploy.local.stack import WORKER, Stack
from shared.messaging.bus import AmqpBus
from tests.e2e.browser_kit import LARGEST, looked_at
from tests.unit.reporting.histories import EVENTS, programme, received, scheduled, told
from tests.unit.reporting.running import bus, client, publish, stack_of, start, until_counted

pytestmark = pytest.mark.browser

SETU = EVENTS[0]
EMPTY = "botram-2023-06-17-tambun"
CLOCK = "botram-jam"
LIVE, POLLED, LIGHT = "botram-2023-09-02-babelan", "botram-2023-12-02-cikarang", "botram-kecil"
EVENTS_OF_THE_YEAR: dict[str, dict[str, Any]] = {
    SETU: {},
    EMPTY: {"name": "BOTRAM Tambun Selatan", "place": "Lapangan", "on": "2023-06-17"},
    LIVE: {"name": "BOTRAM Babelan", "on": "2023-09-02"},
    POLLED: {"name": "BOTRAM Cikarang Selatan", "on": "2023-12-02"},
    CLOCK: {"name": "BOTRAM Jam", "on": "2023-12-16"},
    LIGHT: {"name": "BOTRAM Kecil", "on": "2023-12-09"},
}
"""Each test has an event of its own."""
CATALOGUE = {
    "KIA": ("Kartu Identitas Anak", 467),
    "KK": ("Kartu Keluarga", 164),
    "BIRTH_CERT": ("Akta Kelahiran", 118),
    "IKD": ("Identitas Kependudukan Digital", 112),
    "KTP_EL_PRINT": ("Pencetakan KTP-el", 77),
}
"""Services and requests of 11 March 2023 (BOTRAM proposal 2023)."""


@dataclass
class House:
    """Reporting, running, and what has been asked at its events so far."""

    stack: Stack
    out: AmqpBus
    asked: Counter[str] = field(default_factory=Counter)

    async def ask(self, event_id: str, service: str, number: int) -> None:
        """Let that many requests come at an event."""
        begin = self.asked.total()
        self.asked[event_id] += number
        requests = [received(f"c{begin + n}", service, event_id=event_id) for n in range(number)]
        await publish(self.out, [told(request).message for request in requests])

    async def counted(self, event_id: str) -> None:
        """Wait until everything that was asked is counted."""
        async with client(self.stack) as http:
            await until_counted(http, event_id, "requests_received", self.asked[event_id])

    def url(self, path: str) -> str:
        """Return the address of a page."""
        return self.stack.origin("reporting") + path


@pytest.fixture(scope="module")
async def house(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("reporting")
    nginx = await asyncio.to_thread(install.nginx)
    async with stack_of(servers, folder, nginx) as stack, bus(stack) as out:
        for name in ("intake", f"intake{WORKER}", PROXY):
            stack.start(name)
        await start(stack)
        await asyncio.to_thread(stack.await_ready)
        services = [
            {"code": code, "name": name, "deliverable": "card"}
            for code, (name, _) in CATALOGUE.items()
        ]
        events = [told(scheduled(id_, **more)) for id_, more in EVENTS_OF_THE_YEAR.items()]
        await publish(out, [told(programme(services=services)).message])
        await publish(out, [event.message for event in events])
        yield House(stack, out)


OpenPage = Callable[..., AbstractAsyncContextManager[Page]]


@pytest.fixture
def opened(browser: Browser, house: House) -> OpenPage:
    """A page of somebody who has signed in, and whose console must stay silent."""

    @asynccontextmanager
    async def open_page(
        path: str, *, width: int = 1280, noisy: bool = False, **options: Any
    ) -> AsyncIterator[Page]:
        context = await browser.new_context(viewport={"width": width, "height": 800}, **options)
        page = await context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        await page.goto(house.url(path))
        assert "/masuk" in page.url
        await page.locator("summary").click()
        await page.get_by_label("Tempel token Anda").fill(house.stack.token("kepala", "head:*:*"))
        await page.get_by_role("button", name="Masuk dengan token").click()
        await page.wait_for_url(f"**{path}")
        yield page
        await context.close()
        assert noisy or said == []

    return open_page


def figure(page: Page, name: str) -> Any:
    """The large number over a word."""
    return page.locator(".figures li", has_text=name).locator("strong")


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_page_shows_the_day_at_every_width(
    house: House, opened: OpenPage, width: int
) -> None:
    if not house.asked[SETU]:
        for code, (_, number) in CATALOGUE.items():
            await house.ask(SETU, code, number)
    await house.counted(SETU)
    async with opened(f"/reporting/acara/{SETU}", width=width) as page:
        await expect(page).to_have_title(
            "BOTRAM Setu, Stadion Mini Desa Cijengkol, Sabtu, 11 Maret 2023 · Jemput Laporan"
        )
        await expect(page.locator("h1")).to_have_text("BOTRAM Setu")
        await expect(page.get_by_text("Sabtu, 11 Maret 2023 pukul 09.00 WIB")).to_be_visible()
        await expect(page.get_by_text("bukan orang dan bukan dokumen")).to_be_visible()
        await expect(page.get_by_text(re.compile("Angka terakhir berubah .* WIB"))).to_be_visible()
        await expect(figure(page, "Permohonan")).to_have_text("938")
        row = page.locator(".beside tbody tr").first
        await expect(row).to_have_text(re.compile(r"Kartu Identitas Anak\s*467\s*49,79"))
        drawing = page.get_by_role("img", name="Permohonan per layanan")
        await expect(drawing).to_be_visible()
        desc = await drawing.locator("desc").text_content()
        assert desc is not None
        assert "Kartu Identitas Anak 467; Kartu Keluarga 164" in desc
        assert await drawing.locator("rect").count() == len(CATALOGUE)
        await expect(page.locator("[data-live-state]")).to_have_text(re.compile("Terhubung"))
        await looked_at(page, f"acara-{width}")
    for path, name in (
        (f"/reporting/acara/{EMPTY}", "acara-kosong"),
        ("/reporting/acara", "daftar-acara"),
    ):
        async with opened(path, width=width) as page:
            await looked_at(page, f"{name}-{width}")


async def test_an_event_without_requests_says_so_and_an_unknown_one_is_not_found(
    opened: OpenPage, house: House
) -> None:
    async with opened(f"/reporting/acara/{EMPTY}") as page:
        await expect(page.get_by_text("Belum ada permohonan", exact=True)).to_be_visible()
        assert await page.locator("svg.bars").count() == 0
    async with opened("/reporting/acara", noisy=True) as page:
        await expect(page.get_by_role("link", name="BOTRAM Setu")).to_be_visible()
        answer = await page.goto(house.url("/reporting/acara/tidak-ada"))
        assert answer is not None
        assert answer.status == 404
        await expect(page.locator("h1")).to_have_text("Halaman tidak ditemukan")


async def test_without_streams_the_page_asks_now_and_then(house: House, opened: OpenPage) -> None:
    async def cut(route: Route) -> None:
        await route.abort()

    async with opened("/reporting/acara", noisy=True) as page:
        await page.route("**/arus", cut)
        await page.goto(house.url(f"/reporting/acara/{POLLED}"))
        await expect(page.locator("[data-live-state]")).to_have_text(
            re.compile("Diperbarui berkala"), timeout=30_000
        )
        await house.ask(POLLED, "KIA", 5)
        await expect(figure(page, "Permohonan")).to_have_text("5", timeout=30_000)


async def test_it_is_light_works_without_scripts_and_by_keyboard(
    house: House, opened: OpenPage
) -> None:
    await house.ask(LIGHT, "KIA", 467)
    await house.counted(LIGHT)
    async with opened("/reporting/acara", java_script_enabled=False) as page:
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Langsung ke isi")).to_be_focused()
        await tab_to(page, "BOTRAM Kecil")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/reporting/acara/{LIGHT}")
        await expect(figure(page, "Permohonan")).to_have_text("467")
        await expect(page.get_by_role("img", name="Permohonan per layanan")).to_be_visible()
        await tab_to(page, "Semua acara")
    async with opened("/reporting/acara") as page:
        assert await weight(page, house.url(f"/reporting/acara/{LIGHT}")) < LARGEST


async def tab_to(page: Page, name: str) -> None:
    """Press the tabulator until a link has the focus."""
    link = page.get_by_role("link", name=name)
    for _ in range(20):
        if await link.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached by keyboard")


async def weight(page: Page, url: str) -> int:
    """Bytes over the wire of a first visit, everything included, the first live event too."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    loaded: list[int] = []
    streamed: list[int] = []
    session.on("Network.loadingFinished", lambda e: loaded.append(int(e["encodedDataLength"])))
    session.on("Network.dataReceived", lambda e: streamed.append(int(e["dataLength"])))
    await page.goto(url, wait_until="load")
    await expect(page.locator("[data-live-state]")).to_have_text(re.compile("Diperbarui"))
    assert len(loaded) >= 4, "page, two style sheets and a script"
    # What came is counted unpacked, and what ended with its headers: the larger is the honest one.
    return max(sum(loaded), sum(streamed))


async def test_the_time_shown_is_that_of_the_data_in_the_programmes_zone(
    house: House, opened: OpenPage
) -> None:
    await house.ask(CLOCK, "KIA", 1)
    await house.counted(CLOCK)
    async with opened("/reporting/acara", timezone_id="America/New_York") as page:
        await page.clock.set_fixed_time("2001-02-03T04:05:06Z")
        await page.goto(house.url(f"/reporting/acara/{CLOCK}"))
        state = page.locator("[data-live-state]")
        await expect(state).to_have_text(
            re.compile(r"^Terhubung\. Diperbarui pukul \d\d\.\d\d\.\d\d WIB$")
        )
        said = re.sub(r"\.\d\d WIB$", " WIB", (await state.text_content() or "").split("pukul ")[1])
        beside = await page.get_by_text("Angka terakhir berubah").text_content()
        assert f"pukul {said}." in (beside or "")


async def test_numbers_change_by_themselves_and_a_restart_is_survived(
    house: House, opened: OpenPage
) -> None:
    async with opened(f"/reporting/acara/{LIVE}", noisy=True) as page:
        await page.evaluate("window.sameDocument = true")
        await expect(page.get_by_text("Belum ada permohonan", exact=True)).to_be_visible()
        await house.ask(LIVE, "KIA", 1200)
        await expect(figure(page, "Permohonan")).to_have_text("1.200", timeout=15_000)
        await expect(page.locator("svg.bars text.value")).to_have_text("1.200")
        await house.ask(LIVE, "KK", 34)
        await expect(figure(page, "Permohonan")).to_have_text("1.234", timeout=15_000)
        await asyncio.to_thread(house.stack.process("reporting").terminate)
        await expect(page.locator("[data-live-state]")).to_have_text(
            "Terputus, mencoba lagi", timeout=15_000
        )
        await house.ask(LIVE, "IKD", 1)
        await start(house.stack)
        await expect(figure(page, "Permohonan")).to_have_text("1.235", timeout=60_000)
        assert await page.evaluate("window.sameDocument") is True
