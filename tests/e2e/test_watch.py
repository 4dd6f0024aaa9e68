"""The supervisor's page of an event's devices in a real browser."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, expect

from deploy.local.stack import Stack
from shared.contracts.envelope import new_id
from tests.e2e.browser_kit import opened_alone, stack_without
from tests.e2e.test_floor import arrive, call, looked, planned, signed_in

pytestmark = pytest.mark.browser

CODE: Final = "K7QW3ZTM"
SUPERVISOR: Final = "supervisor:botram:32.16"


stack = stack_without("courier", "reporting")


def lease(stack: Stack, event: str, who: str, device: str, body: Mapping[str, Any]) -> Any:
    """Have a device lease by an operator's account; return what it has."""
    return _ask(stack, who, "PUT", f"{event}/leases/{device}", body)


def tell(stack: Stack, event: str, who: str, device: str, number: int) -> Any:
    """Have a gate tell that it gave the one code with a number of its own."""
    story = {
        "entry_id": str(uuid4()),
        "code": CODE,
        "numbers": {"KIA": number},
        "claimed_at": datetime.now(UTC).isoformat(),
    }
    path = f"{event}/leases/{device}/stories"
    [answer] = _ask(stack, who, "POST", path, {"issued": [story]})
    assert answer["outcome"] == "merged"
    return answer


def _ask(stack: Stack, who: str, method: str, path: str, body: Mapping[str, Any]) -> Any:
    headers = {
        "Authorization": f"Bearer {stack.token(who, 'operator:botram:32.16')}",
        "Idempotency-Key": new_id(),
    }
    url = f"{stack.url('scheduler')}/api/events/{path}"
    answer = httpx.request(method, url, json=body, headers=headers, timeout=60)
    return answer.raise_for_status().json()


def floor_of(stack: Stack, event: str) -> tuple[str, str]:
    """Have a booth hold somebody and two gates give one code; return its device and his number."""
    planned(stack, event)
    held = arrive(stack, "KIA", event_id=event)["tickets"][0]["label"]
    booth = str(uuid4())
    lease(stack, event, "siti", booth, {"booth_id": "gerai-1", "hold": 1})
    for who in ("agus", "budi"):
        gate = str(uuid4())
        block = lease(stack, event, who, gate, {"numbers": {"KIA": 10}})["blocks"][0]
        tell(stack, event, who, gate, block["first"])
    return booth, held


@pytest.mark.parametrize("width", [360, 1280])
async def test_conflicts_are_looked_at_and_a_lease_is_taken_back(
    stack: Stack, browser: Browser, width: int
) -> None:
    event = f"botram-perangkat-w{width}"
    booth, held = await asyncio.to_thread(floor_of, stack, event)
    async with opened_alone(browser, width, "^$") as page:
        await signed_in(page, stack, SUPERVISOR)
        await page.goto(f"{stack.origin('scheduler')}/scheduler/perangkat")
        await looked(page, f"perangkat-acara-pilih-{width}")
        await page.locator(f'a[href$="/perangkat/{event}"]').click()
        conflict = page.locator("[data-jenis=same_code]")
        await expect(conflict).to_contain_text(f"Kode yang sama di dua gerbang: {CODE}")
        for who in ("agus", "budi"):
            await expect(conflict).to_contain_text(f"akun {who}: terjadi ")
        device = page.locator(f'[data-perangkat="{booth}"]')
        await expect(device).to_contain_text(f"{held} sampai pukul")
        await looked(page, f"perangkat-acara-{width}")
        # By keyboard alone: open the fold, read what follows, press the button.
        await device.locator("summary").focus()
        await page.keyboard.press("Enter")
        await expect(device).to_contain_text("Ini tidak dapat dibatalkan.")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("diambil kembali.")
        await expect(device.locator("summary")).to_have_count(0)
        await looked(page, f"perangkat-acara-diambil-{width}")
    # Whom it held is called by another booth now, before those who joined later.
    assert (await asyncio.to_thread(call, stack, "gerai-10", event))["label"] == held


async def test_who_does_not_supervise_here_sees_nothing_of_it(
    stack: Stack, browser: Browser
) -> None:
    event = "botram-perangkat-lain"
    await asyncio.to_thread(floor_of, stack, event)
    for grant in ("operator:botram:32.16", "supervisor:botram:32.16.06"):
        async with opened_alone(browser, 360, "status of 403") as page:
            await signed_in(page, stack, grant)
            url = f"{stack.origin('scheduler')}/scheduler/perangkat/{event}"
            answer = await page.goto(url)
            assert answer is not None
            assert answer.status == 403
            await expect(page.get_by_text(CODE)).to_have_count(0)
