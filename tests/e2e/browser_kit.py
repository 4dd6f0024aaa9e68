"""What tests in a real browser share: the whole stack at one address, pages, and a look at them."""

import asyncio
import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from deploy.local import install
from deploy.local.folder import ROOT
from deploy.local.servers import Servers
from deploy.local.stack import WORKER, Stack
from tests.unit.reporting.running import stack_of

SCREENSHOTS: Final = ROOT / "build" / "screenshots"
LARGEST: Final = 100 * 1024
"""Bytes of a first visit at most."""


@asynccontextmanager
async def whole_stack(
    servers: Servers, folder: Path, without: Collection[str] = ()
) -> AsyncIterator[Stack]:
    """Run every service behind nginx but those `without`, with the shipped programmes."""
    nginx = await asyncio.to_thread(install.nginx)
    async with stack_of(servers, folder, nginx) as running:
        for name in running.processes:
            if name.removesuffix(WORKER) not in without:
                running.start(name)
        await asyncio.to_thread(running.await_ready)
        await asyncio.to_thread(running.publish_shipped)
        yield running


def stack_without(*names: str) -> Any:
    """A module's fixture `stack`: every service behind nginx but these, until its last test."""

    @pytest.fixture(scope="module")
    async def stack(
        servers: Servers, tmp_path_factory: pytest.TempPathFactory
    ) -> AsyncIterator[Stack]:
        folder = tmp_path_factory.mktemp("stack")
        async with whole_stack(servers, folder, without=names) as running:
            yield running

    return stack


@asynccontextmanager
async def opened_alone(browser: Browser, width: int, expected: str) -> AsyncIterator[Page]:
    """A page in a browser of its own, whose console says nothing but what is `expected`.

    `expected` is a pattern: a browser notes every refusal of its own accord.
    """
    context = await browser.new_context(viewport={"width": width, "height": 800})
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    await context.close()
    strange = [line for line in said if not re.search(expected, line)]
    assert strange == [], strange


async def looked_at(page: Page, name: str) -> None:
    """Take a picture, and find neither a sideways scroll nor anything that axe complains of."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{name} is {wide} px too wide"
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
