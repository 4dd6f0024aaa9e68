"""A day gone by is brought in with its own times, by an importer, and nothing runs by the clock."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

import httpx
import pytest

from shared.contracts.envelope import Envelope
from shared.contracts.intake import LineOrder
from tests.component.scheduler.floor import Floor, event_body, floor
from tests.unit.scheduler.sample import SETU, published

BOTH: Final = ("operator:botram:32.16", "importer:botram:32.16")
EVENT: Final = f"/api/events/{SETU}"
CAME: Final = "2023-03-11T09:10:00+07:00"
CALLED: Final = "2023-03-11T09:17:00+07:00"
SERVED: Final = "2023-03-11T09:21:30+07:00"


@pytest.fixture
async def setu() -> AsyncIterator[Floor]:
    """Setu, ten days after its event, where whoever does not come is a no-show at once."""
    async with floor(planned=False) as running:
        strict = published().model_copy(update={"line": LineOrder(no_show_minutes=3)})
        await running.messaging.deliver(strict, version=2)
        running.messaging.clock.advance(hours=10 * 24)
        (await running.put(event_body())).raise_for_status()
        yield running


async def send(floor: Floor, path: str, *grants: str, **body: Any) -> httpx.Response:
    headers = floor.messaging.headers_of(*(grants or BOTH))
    return await floor.client.post(f"{EVENT}{path}", json=body, headers=headers)


async def came(floor: Floor, at: str = CAME) -> httpx.Response:
    return await send(floor, "/arrivals", services=["KIA"], occurred_at=at)


async def called(floor: Floor, at: str = CALLED) -> httpx.Response:
    return await send(floor, "/booths/loket-1/calls", occurred_at=at)


async def acted(floor: Floor, act: str, at: str) -> httpx.Response:
    path = f"/services/KIA/tickets/1/{act}"
    return await send(floor, path, booth_id="loket-1", occurred_at=at)


def told(floor: Floor, name: str) -> tuple[Envelope, dict[str, Any]]:
    sent = floor.messaging.messages
    [one] = [each for each in sent if each.envelope.type == f"scheduler.{name}.v1"]
    return one.envelope, json.loads(one.body)


async def test_numbers_calls_and_service_have_the_times_of_that_day(setu: Floor) -> None:
    for sent in (await came(setu), await called(setu), await acted(setu, "serve", SERVED)):
        assert sent.status_code == 200, sent.text
    await setu.messaging.settle()
    issued, call, served = (told(setu, f"ticket_{one}") for one in ("issued", "called", "served"))
    at = [envelope.occurred_at for envelope, _ in (issued, call, served)]
    assert at == [datetime.fromisoformat(one) for one in (CAME, CALLED, SERVED)]
    assert all(one.recorded_at > one.occurred_at for one, _ in (issued, call, served))
    assert (call[1]["waited_seconds"], served[1]["served_seconds"]) == (7 * 60, 4 * 60 + 30)


async def test_no_clock_runs_for_who_was_called_that_day(setu: Floor) -> None:
    await came(setu)
    await called(setu)
    await setu.messaging.settle()
    setu.messaging.clock.advance(hours=1)
    await setu.messaging.settle()
    assert (await setu.lines())["KIA"]["no_show"] == 0
    absent = await acted(setu, "no_show", SERVED)
    assert absent.status_code == 200, absent.text


async def test_only_an_importer_says_when_something_happened(setu: Floor) -> None:
    answer = await send(setu, "/arrivals", BOTH[0], services=["KIA"], occurred_at=CAME)
    assert answer.status_code == 403
    elsewhere = (BOTH[0], "importer:botram:32.16.06")
    answer = await send(setu, "/booths/loket-1/calls", *elsewhere, occurred_at=CALLED)
    assert answer.status_code == 403
    assert (await send(setu, "/arrivals", BOTH[1], services=["KIA"])).status_code == 403
    assert (await setu.lines())["KIA"]["issued"] == 0


@pytest.mark.parametrize(
    ("at", "status", "reason"),
    [
        ("2023-03-12T00:00:00+07:00", 409, "not_its_day"),
        ("2023-03-10T23:59:59+07:00", 409, "not_its_day"),
        ("2023-03-11T11:30:00+07:00", 409, "closed"),
        ("2023-03-11T09:10:00", 422, None),
    ],
)
async def test_what_is_not_of_that_days_hours_is_refused(
    setu: Floor, at: str, status: int, reason: str | None
) -> None:
    answer = await came(setu, at)
    assert (answer.status_code, answer.json().get("reason")) == (status, reason)
    assert (await setu.lines())["KIA"]["issued"] == 0


async def test_steps_of_a_ticket_keep_their_order(setu: Floor) -> None:
    await came(setu)
    early = await called(setu, "2023-03-11T09:09:59+07:00")
    assert (early.status_code, early.json()["reason"]) == (409, "before_last_step")
    assert (await called(setu)).json()["ticket"]["number"] == 1
    early = await acted(setu, "serve", CAME)
    assert (early.status_code, early.json()["reason"]) == (409, "before_last_step")
    assert (await setu.lines())["KIA"]["called"] == 1


async def test_a_line_that_was_closed_on_its_day_stays_closed() -> None:
    async with floor() as running:
        running.messaging.clock.advance(hours=10 * 24)
        await running.messaging.settle()
        answer = await came(running)
    assert (answer.status_code, answer.json()["reason"]) == (409, "closed")


async def test_a_day_that_is_not_over_is_no_history() -> None:
    async with floor() as running:
        answer = await came(running)
    assert (answer.status_code, answer.json()["reason"]) == (409, "not_over_yet")
