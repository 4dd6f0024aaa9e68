"""Scheduler against its own OpenAPI document, and while the database is away."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from services.scheduler.api import RULES
from shared.runtime import commands
from tests.component.fuzz import PATIENCE, Target, hold, hold_away
from tests.component.scheduler.floor import DEVICE, event_body, floor
from tests.component.scheduler.test_rights import CALLED
from tests.unit.scheduler.sample import SETU

KNOWN: Final = {
    **event_body(),
    "event_id": SETU,
    "booth_id": "loket-1",
    "service": "KIA",
    "number": 1,
    "act": "serve",
    "code": "K7QW3ZTM",
    "agency_id": "dinkes",
    "name": "Dinas Kesehatan",
    "kind": "perangkat_daerah",
    "device": DEVICE,
    "numbers": {"KIA": 10},
    "called": [CALLED],
}
"""The event of the sample, a booth of it and its first ticket."""


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """Scheduler with an event at which somebody was called."""
    async with floor() as at:
        await at.request("case-1")
        (await at.call()).raise_for_status()
        yield await Target(at.messaging, at.client, KNOWN).described()


@pytest.mark.parametrize("route", sorted(RULES))
async def test_every_answer_is_as_the_document_says(target: Target, route: str) -> None:
    await hold(target, route)


@pytest.mark.parametrize("route", sorted(RULES))
async def test_every_route_is_put_off_while_the_database_is_away(
    target: Target, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "ANSWER_WITHIN", PATIENCE)
    await hold_away(target, route)
