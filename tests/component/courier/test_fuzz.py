"""Courier against its own OpenAPI document, and while the database is away."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from services.courier.api import RULES
from shared.runtime import commands
from tests.component.courier.counter import counter
from tests.component.fuzz import PATIENCE, Target, hold, hold_away
from tests.unit.courier.sample import AGENT, VILLAGE

KNOWN: Final = {
    "programme_id": "halo_pamor",
    "village": VILLAGE,
    "rw": "005",
    "job_id": "case-1",
    "agent_id": AGENT,
}
"""The job of the sample, where it is and who carries it."""


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """Courier with a job that an agent has."""
    async with counter() as at:
        await at.assigned_job()
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
