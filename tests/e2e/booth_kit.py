"""Booths of one line in real browsers whose network is cut, and one that is killed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, BrowserContext, Page, expect

from deploy.local import install
from deploy.local.stack import Stack
from tests.e2e.compose_kit import eventually
from tests.e2e.conftest import FLAGS
from tests.e2e.test_floor import send

HELD: Final = 6
PATIENCE: Final = 30_000
"""Milliseconds for what a busy machine has to send."""
READY: Final = """async () => {
    while (!navigator.serviceWorker.controller) await new Promise((again) => setTimeout(again, 50));
}"""
_WITHIN: Final = 30.0


def two_booths(stack: Stack, event: str) -> None:
    """Plan an event of today at which two booths have one line."""
    body = {
        "programme_id": "botram",
        "name": "BOTRAM Setu",
        "place": "Stadion Mini Desa Cijengkol",
        "region_code": "32.16.18",
        "on": datetime.now(ZoneInfo("Asia/Jakarta")).date().isoformat(),
        "opens": "00:00",
        "closes": "23:59",
        "booths": [
            {
                "booth_id": f"gerai-{number}",
                "agency": "Disdukcapil Kabupaten Bekasi",
                "services": ["KIA"],
                "ticketed": True,
            }
            for number in (1, 2)
        ],
    }
    eventually(lambda: send(stack, "PUT", f"/{event}", body).status_code, 200)


@asynccontextmanager
async def profile_of(
    browser: Browser, profile: Path, *, offline: bool = False
) -> AsyncIterator[Page]:
    """Open a browser that keeps its profile on the disk, also past its end by a signal."""
    context: BrowserContext = await browser.browser_type.launch_persistent_context(
        profile,
        executable_path=await asyncio.to_thread(install.chromium),
        args=FLAGS,
        viewport={"width": 360, "height": 800},
        offline=offline,
    )
    gone = False

    def ended(_: BrowserContext) -> None:
        nonlocal gone
        gone = True

    context.on("close", ended)
    yield context.pages[0]
    if not gone:
        await context.close()


async def kill(page: Page, profile: Path) -> None:
    """End a browser as a dead battery does."""
    async with page.context.expect_event("close"):
        await asyncio.to_thread(_killed, profile)


def _killed(profile: Path) -> None:
    mark = f"--user-data-dir={profile}".encode()
    for entry in Path("/proc").iterdir():
        try:
            said = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if mark in said and not any(one.startswith(b"--type=") for one in said):
            os.kill(int(entry.name), signal.SIGKILL)
            return
    raise AssertionError("no browser has this profile")


async def booth_of(page: Page, stack: Stack, event: str, booth: str, held: int = HELD) -> None:
    """Open a booth, and wait until it holds people and its page is kept."""
    await page.goto(f"{stack.origin('scheduler')}/scheduler/loket/{event}/{booth}")
    box = page.locator(f'[data-sambungan=connected][data-dipegang="{held}"]')
    await expect(box).to_be_visible(timeout=PATIENCE)
    # Not `wait_for_function`: it evaluates text in the page, whose policy forbids that.
    await asyncio.wait_for(page.evaluate(READY), _WITHIN)


async def call_here(page: Page, left: int) -> str:
    """Call the next; return his number."""
    await page.get_by_role("button", name="Panggil berikutnya").click()
    await expect(page.locator(f'[data-dipegang="{left}"]')).to_be_visible()
    await expect(page.locator("p[data-keadaan]")).to_contain_text("Sedang dipanggil")
    return await page.locator("[data-angka]").inner_text()


async def serve_here(page: Page) -> None:
    """Serve whom the booth has called."""
    await page.get_by_role("button", name="Selesai dilayani").first.click()
    await expect(page.locator("p[data-keadaan]")).to_contain_text("Selesai dilayani")


async def booth_told(page: Page) -> None:
    """Wait until the office knows all that this booth did."""
    box = page.locator('[data-sambungan=connected][data-tertunda="0"]')
    await expect(box).to_be_visible(timeout=PATIENCE)


def current(stack: Stack, event: str, booth: str) -> dict[str, Any]:
    """The ticket at a booth, as the office knows it."""
    answer = send(stack, "GET", f"/{event}/booths/{booth}/current").json()
    found: dict[str, Any] = answer["ticket"]
    return found
