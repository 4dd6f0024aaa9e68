"""One sign-in walks the desk, the floor, an agent's tasks and the dashboard, under one origin."""

import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.stack import Stack
from shared.contracts.envelope import new_id
from shared.runtime.start import utc_now
from shared.web.formats import ZONES
from tests.e2e.browser_kit import LARGEST, looked_at, opened_alone, stack_without
from tests.e2e.test_account_pages import SMALL, tab_to
from tests.e2e.test_accounts import SESSION, admin_at, send, sign_in, use_link
from tests.integration.intake_kit import until

pytestmark = pytest.mark.browser

DESK: Final = "/intake/meja"
"""Where staff begin."""
FLOOR: Final = "/scheduler/loket"
AGENT: Final = "/courier/tugas"
DASHBOARD: Final = "/reporting/acara"
WALK: Final = (DESK, FLOOR, AGENT, DASHBOARD)
GRANTS: Final = ["operator:*:*", "agent:*:*", "head:*:*"]
EVENT: Final = "jalan-kaki"
VILLAGE: Final = "32.75.01.1001"
APPLICANT: Final = {
    "name": "Siti Contoh",
    "nik": "3216990101900001",
    "phone": "0812-0000-0001",
    "address": "Gang Contoh 1 RT 001",
}


stack = stack_without()


def opened(browser: Browser, width: int = 1280) -> AbstractAsyncContextManager[Page]:
    """A browser of somebody's own, in which no script fails; refusals it notes by itself."""
    return opened_alone(
        browser, width, r"status of (401|403|409|422)|\[DOM\] Password forms should have"
    )


@dataclass(frozen=True)
class Office:
    """What machines do before people come."""

    stack: Stack

    async def send(self, method: str, service: str, path: str, body: Any = None) -> Any:
        """Send one command with every right it may need, and return what is answered."""
        answer = await self._ask(method, service, path, body)
        assert answer.is_success, answer.text
        return answer.json()

    async def _ask(self, method: str, service: str, path: str, body: Any) -> httpx.Response:
        token = self.stack.token("mesin", "operator:*:*", "planner:*:*", "admin:*:*")
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
        async with httpx.AsyncClient(timeout=60) as http:
            url = f"{self.stack.url(service)}{path}"
            return await http.request(method, url, json=body, headers=headers)

    async def plan(self, event_id: str) -> None:
        """Plan an event of today with a line and a stand."""
        await until(self.programmes_known)
        booths = [
            {"booth_id": "gerai-1", "services": ["KIA", "KK"], "ticketed": True},
            {"booth_id": "puskesmas", "services": ["HEALTH_CHECK"], "ticketed": False},
        ]
        await self.send(
            "PUT",
            "scheduler",
            f"/api/events/{event_id}",
            {
                "programme_id": "botram",
                "name": "BOTRAM Setu",
                "place": "Stadion Mini Desa Cijengkol",
                "region_code": "32.16.18",
                "on": utc_now().astimezone(ZONES["Asia/Jakarta"]).date().isoformat(),
                "opens": "00:00",
                "closes": "23:59",
                "booths": [{"agency": "Disdukcapil Kabupaten Bekasi", **one} for one in booths],
            },
        )

    async def programmes_known(self) -> bool:
        """Return whether scheduler and courier have copied the programmes."""
        found = [
            {one["programme_id"] for one in await self.send("GET", name, "/api/programmes")}
            for name in ("scheduler", "courier")
        ]
        return all({"botram", "halo_pamor"} <= one for one in found)

    async def queue(self, event_id: str, many: int) -> None:
        """Have so many requests at the event, each with its ticket."""
        for number in range(many):
            body = {
                "programme_id": "botram",
                "service": "KIA",
                "channel": "event",
                "event_id": event_id,
                "region_code": "32.16.18",
                "applicant": {"name": f"Warga Contoh {number}"},
            }
            await until(partial(self._recorded, body))

        async def issued() -> bool:
            said = await self.send("GET", "scheduler", f"/api/events/{event_id}")
            return bool(sum(line["issued"] for line in said["lines"]) == many)

        await until(issued)

    async def _recorded(self, body: Any) -> bool:
        answer = await self._ask("POST", "intake", "/api/requests", body)
        known = bool(answer.json().get("reason") != "event_unknown")
        assert answer.is_success or not known, answer.text
        return known

    async def job(self, account_id: str, rw: str) -> Any:
        """Have an agent carry from and to a home, and intake know it; return the request."""
        await self.send(
            "PUT",
            "courier",
            f"/api/areas/halo_pamor/{VILLAGE}/{rw}",
            {"agent_id": account_id},
        )
        made = await self.send(
            "POST",
            "intake",
            "/api/requests",
            {
                "programme_id": "halo_pamor",
                "service": "KK",
                "channel": "agent",
                "region_code": VILLAGE,
                "rw": rw,
                "pick_up": True,
                "deliver": True,
                "applicant": {**APPLICANT, "nik": f"32169901019000{rw[1:]}"},
            },
        )

        async def assigned() -> bool:
            said = await self.send("GET", "intake", f"/api/requests/{made['case_id']}")
            return "job_assigned" in said["facts"]

        await until(assigned)
        return made


async def invited(page: Page, stack: Stack, own: Page, login: str) -> str:
    """Have somebody with an account of these roles ready to sign in; return the account."""
    made = await send(page, "POST", "/intake/api/accounts", {"login": login, "grants": GRANTS})
    assert made["status"] == 201, made
    await use_link(own, stack, made["body"]["code"])
    return str(made["body"]["account_id"])


async def looked(page: Page, name: str, width: int) -> None:
    """Look at a page, and find that a finger hits everything on it."""
    await looked_at(page, f"{name}-{width}")
    assert await page.evaluate(SMALL) == []


async def at_the_booth(page: Page, event: str, width: int) -> None:
    """Call, serve, and be told in words what cannot be done."""
    await page.locator(f'a[href="{FLOOR}/{event}/gerai-1"]').click()
    await looked(page, "loket-gerai-kosong", width)
    # A double tap: two clicks of one form, or one on the page that follows.
    await page.get_by_role("button", name="Panggil berikutnya").dblclick()
    await expect(page.get_by_text("Sedang dipanggil")).to_be_visible()
    await expect(page.locator("[data-angka]")).to_have_text(re.compile("^[A-Z]1$"))
    await expect(page.locator("tbody tr").first).to_contain_text("1")
    await expect(page.locator("[data-live-state]")).to_contain_text("Diperbarui")
    await looked(page, "loket-gerai", width)
    await page.get_by_role("button", name="Selesai dilayani").click()
    await expect(page.get_by_text("Tercatat: selesai dilayani.")).to_be_visible()
    await page.get_by_role("button", name="Panggil berikutnya").click()
    await expect(page.locator("[data-angka]")).to_have_text(re.compile("^[A-Z]2$"))
    await page.get_by_role("button", name="Panggil berikutnya").click()
    await expect(page.get_by_text("Tidak ada yang menunggu di gerai ini.")).to_be_visible()
    await page.get_by_text("Nomor lain").click()
    await page.get_by_label("Nomor antrean").fill("dua")
    await page.get_by_role("button", name="Catat selesai dilayani").click()
    await expect(page.get_by_role("alert").get_by_text("dengan angka")).to_be_visible()
    await looked(page, "loket-gerai-salah", width)
    await page.get_by_role("link", name="Pilih gerai lain").click()
    await page.locator(f'a[href="{FLOOR}/{event}/puskesmas"]').click()
    for _ in range(2):
        await page.get_by_role("button", name="Pemeriksaan kesehatan: tambah 1 orang").click()
        await expect(page.get_by_text("Tercatat: satu orang.")).to_be_visible()
    await expect(page.locator("[data-orang]")).to_have_text("2")
    await looked(page, "loket-puskesmas", width)


async def with_the_agent(page: Page, width: int) -> None:
    """See whom to visit, and report the first step."""
    await looked(page, "tugas", width)
    await expect(page.get_by_text("Gang Contoh 1 RT 001")).to_have_count(0)
    await page.get_by_role("button", name="Tampilkan alamat").click()
    await expect(page.get_by_text("Gang Contoh 1 RT 001")).to_be_visible()
    await expect(page.get_by_role("link", name="+6281200000001")).to_be_visible()
    await looked(page, "tugas-alamat", width)
    await page.get_by_role("button", name="Berkas sudah diambil").click()
    await expect(page.get_by_text("Tercatat: berkas sudah diambil.")).to_be_visible()
    await expect(
        page.get_by_role("button", name="Berkas sudah diserahkan ke kantor")
    ).to_be_visible()
    await looked(page, "tugas-diambil", width)


@pytest.mark.parametrize("width", [360, 1280])
async def test_one_sign_in_walks_desk_floor_agent_and_dashboard_and_one_sign_out_ends_all(
    stack: Stack, browser: Browser, width: int
) -> None:
    origin, office, event = stack.origin("intake"), Office(stack), f"{EVENT}-{width}"
    async with opened(browser) as page, opened(browser, width) as own:
        await admin_at(page, stack, f"kepala-jalan-{width}", "1280")
        account = await invited(page, stack, own, f"siti-jalan-{width}")
        await office.plan(event)
        await office.queue(event, 2)
        await office.job(account, f"{width % 1000:03}")
        asked: list[tuple[str, str]] = []
        places: set[str] = set()
        own.on("request", lambda one: asked.append((one.method, urlsplit(one.url).path)))
        own.on("framenavigated", lambda frame: places.add("/".join(frame.url.split("/")[:3])))

        await own.goto(f"{origin}{DESK}")
        await sign_in(own, f"siti-jalan-{width}", None)
        await own.wait_for_url(f"{origin}{DESK}")
        await own.get_by_role("link", name="Beranda").click()
        await own.get_by_role("link", name="Melayani antrean").click()
        await own.wait_for_url(f"{origin}{FLOOR}")
        await looked(own, "loket", width)
        await at_the_booth(own, event, width)
        await own.goto(f"{origin}{FLOOR}/{event}/gerai-1/tutup")
        await looked(own, "loket-tutup", width)
        await own.get_by_role("link", name="Beranda").click()
        await own.get_by_role("link", name="Menjemput dan mengantar").click()
        await own.wait_for_url(f"{origin}{AGENT}")
        await with_the_agent(own, width)
        await own.get_by_role("link", name="Beranda").click()
        await own.get_by_role("link", name="Angka acara").click()
        await own.wait_for_url(f"{origin}{DASHBOARD}")
        await expect(own.get_by_role("link", name="BOTRAM Setu").first).to_be_visible()

        assert asked.count(("POST", SESSION)) == 1
        assert places == {origin}
        await own.get_by_role("button", name="Keluar").click()
        await own.wait_for_url(f"{origin}/masuk")
        for place in WALK:
            await own.goto(f"{origin}{place}")
            await own.wait_for_url(f"{origin}/masuk?lanjut=*")


async def test_a_booth_is_worked_by_keyboard_alone_and_the_pages_are_light(
    stack: Stack, browser: Browser
) -> None:
    origin, office, event = stack.origin("intake"), Office(stack), f"{EVENT}-papan"
    await office.plan(event)
    await office.queue(event, 2)
    async with opened(browser, 360) as page:
        await page.goto(f"{origin}/masuk")
        await page.locator("summary").click()
        await page.get_by_label("Tempel token Anda").fill(stack.token("papan", *GRANTS))
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{origin}/")
        await page.goto(f"{origin}{FLOOR}/{event}/gerai-1")
        call = page.get_by_role("button", name="Panggil berikutnya")
        for number in ("1", "2"):
            await expect(call).to_be_focused()
            await page.keyboard.press("Enter")
            await expect(page.locator("[data-angka]")).to_have_text(re.compile(f"^[A-Z]{number}$"))
        await tab_to(page, page.get_by_role("button", name="Selesai dilayani"))
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Tercatat: selesai dilayani.")).to_be_visible()
        for path in (FLOOR, f"{FLOOR}/{event}/gerai-1", AGENT):
            await page.goto(f"{origin}{path}")
            parts = await page.evaluate(
                """() => performance.getEntriesByType("resource").map((one) => one.name)"""
            )
            sizes = [len(await (await page.request.get(one)).body()) for one in {page.url, *parts}]
            assert sum(sizes) < LARGEST, path


async def test_without_a_script_the_agent_reports_steps_and_is_told_why_there_is_no_address(
    stack: Stack, browser: Browser
) -> None:
    origin, office = stack.origin("intake"), Office(stack)
    await until(office.programmes_known)
    await office.job("tanpa-skrip", "077")
    context = await browser.new_context(
        java_script_enabled=False, viewport={"width": 360, "height": 800}
    )
    token = stack.token("tanpa-skrip", "agent:*:*")
    await context.add_cookies([{"name": "jemput_token", "value": token, "url": origin}])
    page = await context.new_page()
    await page.goto(f"{origin}{AGENT}")
    # Chromium draws no <noscript> where a test has switched scripts off; it is there all the same.
    assert "Peramban ini tidak menjalankan skrip" in await page.content()
    await expect(page.get_by_role("button", name="Tampilkan alamat")).to_have_count(0)
    await page.get_by_role("button", name="Berkas sudah diambil").click()
    await expect(page.get_by_text("Tercatat: berkas sudah diambil.")).to_be_visible()
    await context.close()


async def test_an_agent_who_lost_the_job_is_told_so_instead_of_the_address(
    stack: Stack, browser: Browser
) -> None:
    origin, office = stack.origin("intake"), Office(stack)
    await until(office.programmes_known)
    await office.job("agen-lama", "088")
    async with opened(browser, 360) as page:
        token = stack.token("agen-lama", "agent:*:*")
        await page.context.add_cookies([{"name": "jemput_token", "value": token, "url": origin}])
        await page.goto(f"{origin}{AGENT}")
        address = await page.locator("[data-address]").get_attribute("data-address")
        assert address is not None
        case_id = address.split("/")[-2]
        given = {"agent_id": "agen-baru"}
        await office.send("POST", "courier", f"/api/jobs/{case_id}/assign", given)

        async def gone() -> bool:
            return (await page.request.get(f"{origin}{address}")).status == 403

        await until(gone)
        await page.get_by_role("button", name="Tampilkan alamat").click()
        await expect(page.get_by_text("bukan tugas Anda lagi")).to_be_visible()
        await looked_at(page, "tugas-bukan-lagi-360")
