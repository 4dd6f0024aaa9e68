"""One address with real services behind the shipped nginx, in a real browser."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from deploy.local.proxy import PROXY
from deploy.local.stack import Stack
from deploy.provision import service_names
from shared.contracts.envelope import new_id
from tests.e2e.browser_kit import LARGEST, looked_at, opened_alone, stack_without

pytestmark = pytest.mark.browser

GRANTS = ("head:*:*", "operator:*:*", "planner:*:*", "admin:*:*", "agent:*:*", "importer:*:*")


stack = stack_without()


def opened(browser: Browser, width: int = 1280) -> AbstractAsyncContextManager[Page]:
    """A page whose console must stay silent."""
    return opened_alone(browser, width, "status of 422")


async def sign_in(page: Page, stack: Stack, *grants: str) -> None:
    """Do what the page asks for."""
    await page.locator("summary").click()
    await page.get_by_label("Tempel token Anda").fill(stack.token("contoh", *grants))
    await page.get_by_role("button", name="Masuk dengan token").click()


def links(hrefs: list[str | None]) -> Iterator[str]:
    """Addresses that lead to another page."""
    yield from {href for href in hrefs if href and not href.startswith("#")}


async def addresses(page: Page) -> set[str]:
    """Every link on the page."""
    found = await page.locator("a").all()
    return set(links([await link.get_attribute("href") for link in found]))


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_start_page_at_every_width_leads_nowhere_dead(
    stack: Stack, browser: Browser, width: int
) -> None:
    origin = stack.origin("intake")
    async with opened(browser, width) as page:
        await page.goto(f"{origin}/")
        await expect(page.locator("h1")).to_have_text("Jemput")
        await looked_at(page, f"depan-{width}")
        assert {"/intake/lacak", "/masuk"} <= await addresses(page)
        await page.get_by_role("link", name="Lacak permohonan").first.click()
        await looked_at(page, f"lacak-{width}")
        await page.get_by_label("Kode permohonan").fill("bukan kode")
        async with page.expect_response("**/intake/lacak") as answered:
            await page.get_by_role("button", name="Lihat").click()
        assert (await answered.value).status == 422
        await looked_at(page, f"lacak-salah-{width}")
        await page.goto(f"{origin}/masuk")
        await looked_at(page, f"masuk-{width}")
        await sign_in(page, stack, *GRANTS)
        await page.wait_for_url(f"{origin}/")
        await expect(page.get_by_role("link", name="Angka acara")).to_be_visible()
        await looked_at(page, f"depan-masuk-{width}")
        for address in await addresses(page):
            found = await page.request.get(f"{origin}{address}")
            assert found.status == 200, address
            assert "/masuk" not in found.url or address == "/masuk"


@pytest.mark.parametrize("width", [360, 1280])
async def test_residents_read_what_is_needed_and_what_is_held_of_them(
    stack: Stack, browser: Browser, width: int
) -> None:
    origin = stack.origin("intake")
    async with opened(browser, width) as page:
        await page.goto(f"{origin}/intake/layanan")
        await looked_at(page, f"layanan-{width}")
        await page.goto(f"{origin}/intake/layanan/botram/KTP_EL_REPRINT")
        await expect(page.get_by_role("heading", name="Persyaratan")).to_be_visible()
        await looked_at(page, f"layanan-ktp-{width}")
        await page.goto(f"{origin}/intake/data-pribadi")
        await looked_at(page, f"data-pribadi-{width}")
        await page.goto(f"{origin}/intake/data-pribadi/botram")
        await looked_at(page, f"data-pribadi-botram-{width}")
        await page.goto(f"{origin}/intake/lacak")
        await page.get_by_label("Kode permohonan").fill(recorded(stack)["tracking_code"])
        await page.get_by_role("button", name="Lihat").click()
        await expect(page.get_by_role("heading", name="Berkas yang belum ada")).to_be_visible()
        await looked_at(page, f"lacak-berkas-{width}")


def recorded(stack: Stack) -> dict[str, str]:
    """Record a request of a made-up resident, without any paper."""
    body = {
        "programme_id": "dik_jamila",
        "service": "KK",
        "channel": "whatsapp",
        "region_code": "63.11.01.2001",
        "applicant": {"name": "Siti Contoh", "nik": "3216990101900001"},
    }
    headers = {
        "Authorization": f"Bearer {stack.token('operator-1', 'operator:*:*')}",
        "Idempotency-Key": new_id(),
    }
    url = f"{stack.url('intake')}/api/requests"
    answer = httpx.post(url, json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    return found


async def test_one_sign_in_serves_all_services_and_one_sign_out_ends_it(
    stack: Stack, browser: Browser
) -> None:
    origin = stack.origin("intake")
    places = [f"{origin}/{name}/api/programmes" for name in service_names()]
    async with opened(browser) as page:
        await page.goto(f"{origin}/reporting/acara")
        assert page.url == f"{origin}/masuk?lanjut=%2Freporting%2Facara"
        for place in places:
            assert (await page.request.get(place)).status == 401
        await sign_in(page, stack, *GRANTS)
        await page.wait_for_url(f"{origin}/reporting/acara")
        for place in places:
            assert (await page.request.get(place)).status == 200, place
        (cookie,) = await page.context.cookies()
        assert (cookie["path"], cookie["httpOnly"], cookie["sameSite"]) == ("/", True, "Strict")
        await page.get_by_role("link", name="Beranda").click()
        await page.wait_for_url(f"{origin}/")
        await page.get_by_role("button", name="Keluar").click()
        await page.wait_for_url(f"{origin}/masuk")
        for place in places:
            assert (await page.request.get(place)).status == 401


async def test_every_api_describes_itself_below_its_prefix(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=stack.origin("intake")) as http:
        for name in service_names():
            said = (await http.get(f"/{name}/api/openapi.json")).raise_for_status().json()
            assert all(path.startswith(f"/{name}/") for path in said["paths"])


async def test_what_looks_after_a_process_is_at_its_own_port_alone(stack: Stack) -> None:
    async with httpx.AsyncClient() as http:
        for path in ("/healthz", "/readyz", "/metrics"):
            for name in service_names():
                assert (await http.get(stack.direct(name) + path)).status_code == 200
                for place in (stack.origin(name), stack.url(name)):
                    assert (await http.get(place + path)).status_code == 404, place + path


async def test_while_a_service_is_down_people_are_told_and_the_others_serve(
    stack: Stack, browser: Browser
) -> None:
    origin = stack.origin("intake")
    await asyncio.to_thread(stack.process("reporting").terminate)
    context = await browser.new_context(viewport={"width": 360, "height": 800})
    page = await context.new_page()
    answer = await page.goto(f"{origin}/reporting/acara")
    assert answer is not None
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    await expect(page.locator("h1")).to_have_text("Layanan sedang tidak tersedia")
    await looked_at(page, "layanan-mati-360")
    problem = await page.request.get(f"{origin}/reporting/api/programmes")
    assert problem.headers["content-type"] == "application/problem+json"
    assert (await page.request.get(f"{origin}/courier/api/openapi.json")).status == 200
    await page.get_by_role("link", name="Kembali ke beranda").click()
    await page.wait_for_url(f"{origin}/")
    stack.start("reporting")
    await asyncio.to_thread(stack.await_ready, ["reporting"])
    await page.goto(f"{origin}/reporting/acara")
    await page.wait_for_url("**/masuk**")
    await context.close()


async def test_the_proxy_that_dies_is_the_one_that_comes_back(stack: Stack) -> None:
    before = stack.process(PROXY).pid
    await asyncio.to_thread(stack.kill, PROXY)
    async with httpx.AsyncClient(base_url=stack.origin("intake")) as http:
        with pytest.raises(httpx.TransportError):
            await http.get("/")
        stack.start(PROXY)
        await asyncio.to_thread(stack.await_ready, [PROXY])
        assert stack.process(PROXY).pid != before
        assert (await http.get("/")).status_code == 200


async def test_the_start_page_is_light(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=stack.origin("intake")) as http:
        page = await http.get("/", headers={"Accept": "text/html"})
        size = len(page.content)
        for part in page.text.split('"'):
            if part.startswith("/intake/static/"):
                size += int((await http.get(part)).headers["content-length"])
    assert size < LARGEST
