"""Attacks on the database's side: errors that are on no list, and a database that hangs."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import aiohttp
import httpx

from shared.contracts.envelope import new_id
from tests.torture.hostile.stage import PROGRAMME, Stage, request, shipped

CODES: Final = (14031, 211)
HANG_SECONDS: Final = 12.0
ABANDONED: Final = 3_000
AT_ONCE: Final = 100
GIVE_UP_SECONDS: Final = 0.3
GROWTH_MIB: Final = 64
_HUNG = {
    "failCommands": ["insert", "update", "find", "commitTransaction"],
    "blockConnection": True,
    "blockTimeMS": int(HANG_SECONDS * 1000),
}


@contextmanager
def failing(stage: Stage, service: str, mode: Any, data: dict[str, Any]) -> Iterator[list[int]]:
    """Have commands of one service fail; at the end the list holds how many did."""
    said = {"appName": service, **data}
    hits: list[int] = []
    admin = stage.client.admin
    admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": said})
    try:
        yield hits
    finally:
        off = admin.command({"configureFailPoint": "failCommand", "mode": "off"})
        hits.append(int(off["count"]))


async def unlisted_errors(stage: Stage) -> str:
    """A4: disk full and a missing key, once each, on a write of courier and of reporting."""
    failed = 0
    for service in ("courier", "reporting"):
        for code in CODES:
            data = {"failCommands": ["insert", "update"], "errorCode": code}
            with failing(stage, service, {"times": 1}, data) as hits:
                await stage.works()
            assert hits[0] >= 1, f"{service} wrote nothing while it was to fail"
            assert stage.unharmed(), f"{service} ended over code {code}"
            failed += 1
    await stage.works()
    return f"{failed} failed writes ({CODES[0]}, {CODES[1]} in two services), no process ended"


async def hung(stage: Stage) -> str:
    """A6: intake's database hangs while commands of 20 KB are sent and abandoned."""
    before = stage.memory("intake")
    with failing(stage, "intake", "alwaysOn", _HUNG):
        honest = asyncio.create_task(_refusal(stage))
        watching = asyncio.create_task(_highest(stage, before))
        ended = asyncio.get_running_loop().time() + HANG_SECONDS
        statuses = await _send(stage, _twenty_kilobytes(), GIVE_UP_SECONDS)
        await asyncio.sleep(max(0.0, ended - asyncio.get_running_loop().time()))
    retry_after = await honest
    await stage.works()
    watching.cancel()
    growth = await watching - before
    assert growth < GROWTH_MIB, f"intake grew by {growth:.0f} MiB"
    assert stage.unharmed()
    return (
        f"{ABANDONED} commands abandoned ({statuses} answered before), 503 with Retry-After "
        f"{retry_after}, intake grew by {growth:.0f} MiB, and recovered"
    )


async def _refusal(stage: Stage) -> str:
    """Send one honest request until it is answered 503, and return its Retry-After."""
    token = stage.stack.token("hostile-operator", f"operator:{PROGRAMME}:32.75")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
    url = f"{stage.stack.url('intake')}/api/requests"
    async with httpx.AsyncClient(timeout=30) as http:
        answer = await http.post(url, json=request(6), headers=headers)
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.status_code
    assert int(answer.headers["Retry-After"]) > 0
    return str(answer.headers["Retry-After"])


async def _highest(stage: Stage, least: float) -> float:
    """Watch intake's memory until cancelled, and return the most it had."""
    try:
        while True:
            least = max(least, stage.memory("intake"))
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        return least


async def no_errors(stage: Stage) -> None:
    """Do what `unlisted_errors` does while no write fails."""
    for _ in range(2 * len(CODES) + 1):
        await stage.works()


async def not_hung(stage: Stage) -> None:
    """Send as much as `hung`, at its pace, while the database is well; each lacks a field."""
    body = _twenty_kilobytes()
    del body["name"]
    await _send(stage, body, GIVE_UP_SECONDS)
    await stage.works()


async def _send(stage: Stage, body: dict[str, Any], patience: float) -> int:
    """Send commands, each in a place for `patience` seconds; how many were answered by then."""
    gate, answered = asyncio.Semaphore(AT_ONCE), 0
    headers = {"Authorization": f"Bearer {stage.stack.token('hostile-admin', 'admin:*:*')}"}
    timeout = aiohttp.ClientTimeout(total=patience)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)

    async def one(http: aiohttp.ClientSession, number: int) -> None:
        nonlocal answered
        url = f"{stage.stack.url('intake')}/api/programmes/flood_{number}"
        own = {"Idempotency-Key": new_id()}
        async with gate:
            leaves = asyncio.get_running_loop().time() + patience
            with suppress(aiohttp.ClientError, TimeoutError):
                async with http.put(url, json=body, headers=own) as answer:
                    await answer.read()
                    answered += 1
            await asyncio.sleep(leaves - asyncio.get_running_loop().time())

    async with (
        aiohttp.ClientSession(headers=headers, timeout=timeout, connector=connector) as http,
        asyncio.timeout(60),
    ):
        await asyncio.gather(*[one(http, number) for number in range(ABANDONED)])
    return answered


def _twenty_kilobytes() -> dict[str, Any]:
    """A programme as big as its limits allow."""
    programme = shipped(PROGRAMME)
    del programme["id"]
    letters = "ABCDEFGHIJ"
    services = [
        {"code": f"S{one}{two}", "name": "Layanan " + 100 * "x", "deliverable": "pdf"}
        for one in letters
        for two in letters
    ]
    days = [f"{year}-{month:02}-01" for year in range(2030, 2063) for month in range(1, 13)]
    calendar = {"closed": days, "open": []}
    return {**programme, "services": services, "calendar": calendar}
