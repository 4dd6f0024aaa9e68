"""Reporting against its own OpenAPI document, and while the database is away."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from services.reporting.api import RULES
from shared.runtime import commands
from tests.component.fuzz import PATIENCE, Target, hold, hold_away
from tests.component.reporting.kit import SETU, desk, two_offices

KNOWN: Final = {
    "programme_id": "botram",
    "event_id": SETU,
    "from": "2023-03-01",
    "to": "2023-03-31",
    "year": 2023,
}
"""An event and a programme with figures, and the days in which they were counted.

The live stream `GET /acara/{event_id}/arus` is a page's, as all pages outside of the document: it
ends when its reader leaves, so test_pages.py reads it.
"""


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """Reporting with two offices' figures."""
    async with desk() as full:
        await two_offices(full)
        yield await Target(full.messaging, full.client, KNOWN).described()


@pytest.mark.parametrize("route", sorted(RULES))
async def test_every_answer_is_as_the_document_says(target: Target, route: str) -> None:
    await hold(target, route)


@pytest.mark.parametrize("route", sorted(RULES))
async def test_every_route_is_put_off_while_the_database_is_away(
    target: Target, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "ANSWER_WITHIN", PATIENCE)
    await hold_away(target, route)
