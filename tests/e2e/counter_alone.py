"""The counter's page in a browser, on an intake that runs in the test itself: no stack."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import Browser, Page, Route, expect

from services.intake.domain import PlannedEvent
from services.intake.store import COLLECTIONS
from tests.component.intake.catalogues import publish
from tests.component.intake.kit import Desk, desk
from tests.unit.intake.sample import EVENT

ORIGIN: Final = "http://localhost:9"
"""Nothing listens there: every request is answered by the test."""
PIN: Final = "kopi-2468"


@dataclass
class Alone:
    """A counter's laptop, the office behind it, and who is signed in."""

    page: Page
    office: Desk
    account: str = "agus"
    away: bool = False

    async def uplink(self, *, there: bool) -> None:
        """Give or take the uplink."""
        self.away = not there
        await self.page.context.set_offline(self.away)

    async def answer(self, route: Route) -> None:
        """Answer for the office, which a browser without uplink does not reach."""
        if self.away:
            await route.abort("internetdisconnected")
            return
        asked = route.request
        path = asked.url.removeprefix(ORIGIN)
        if path.startswith("/masuk"):
            await route.fulfill(status=204)
            return
        kept = ("accept", "content-type", "idempotency-key")
        headers = self.office.messaging.headers("operator", subject=self.account)
        headers |= {name: value for name, value in asked.headers.items() if name in kept}
        address = path.removeprefix("/intake") if path.startswith("/intake") else path
        said = await self.office.client.request(
            asked.method, address, headers=headers, content=asked.post_data
        )
        await route.fulfill(status=said.status_code, headers=dict(said.headers), body=said.content)

    async def open(self, event: str = EVENT) -> None:
        """Open the page of an event's counter."""
        await self.page.goto(f"{ORIGIN}/intake/konter/acara/{event}")

    async def set_up(self) -> None:
        """Choose a PIN."""
        await self.open()
        await self.page.get_by_label("PIN baru", exact=True).fill(PIN)
        await self.page.get_by_label("PIN baru sekali lagi").fill(PIN)
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_label("Nama lengkap")).to_be_visible()

    async def unlock(self) -> None:
        """Type the PIN."""
        await self.page.get_by_label("PIN", exact=True).fill(PIN)
        await self.page.keyboard.press("Enter")

    async def save(self) -> None:
        """Save what is typed."""
        await self.page.keyboard.press("Control+Enter")

    async def put(self, name: str, what: Any) -> None:
        """Have the laptop keep something under a name, as an older page left it."""
        await self.page.evaluate("([name, what]) => JemputGudang.write(name, what)", [name, what])


@asynccontextmanager
async def alone(browser: Browser, **catalogue: Any) -> AsyncIterator[Alone]:
    """Give a laptop at which nobody has set up a counter yet."""
    async with desk() as office:
        (await publish(office, **catalogue)).raise_for_status()
        context = await browser.new_context(service_workers="block")
        page = await context.new_page()
        failed: list[str] = []
        page.on("pageerror", lambda error: failed.append(str(error)))
        laptop = Alone(page, office)
        await page.clock.install(time=office.messaging.clock())
        await context.route("**/*", laptop.answer)
        yield laptop
        await context.close()
        assert failed == []


def later_event(office: Desk) -> str:
    """Have the office know of another event, two weeks later; return its id."""
    events = office.messaging.memory.collections[COLLECTIONS.of(PlannedEvent).name]
    events["botram-later"] = {**events[EVENT], "_id": "botram-later", "on": "2023-03-25"}
    return "botram-later"
