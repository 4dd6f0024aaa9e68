"""Intake against its own OpenAPI document, and while the database is away."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from services.intake.api import RULES, residents
from shared.audit import looks
from shared.runtime import commands
from tests.component.fuzz import PATIENCE, Target, hold, hold_away
from tests.component.intake.catalogues import catalogue
from tests.component.intake.complaining import complaint
from tests.component.intake.kit import BOTRAM, at_home, desk, in_visit

KNOWN: Final = {
    **BOTRAM,
    **at_home(),
    **catalogue(),
    "people": in_visit()["people"],
    "requests": in_visit()["requests"],
    **{name: complaint()[name] for name in ("secrecy", "text", "phone")},
    "login": "siti",
    "grants": ["operator:botram:32.16"],
}
"""A programme and a request as intake takes them; the case and its codes are the fixture's."""


BY_PROOF: Final = {
    "POST /api/session",
    "POST /api/session/refresh",
    "POST /api/session/proof",
    "POST /api/invitations/code",
    "POST /api/invitations/password",
}
"""Nothing of these reaches the database without a device's proof or a link's code: `test_away.py`
holds them."""


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """Intake with a request from home to home."""
    async with desk() as office:
        recorded = await office.record(at_home())
        visit = await office.operator("POST", "/visits", json=in_visit())
        about = {"right": "access", "case_id": recorded["case_id"]}
        asked = await office.operator("POST", "/rights-requests", json=about)
        complained = await office.operator("POST", "/complaints", json=complaint())
        codes = {name: recorded[f"{name}_code"] for name in ("tracking", "receipt")}
        known = {
            **KNOWN,
            "case_id": recorded["case_id"],
            "code": codes["tracking"],
            "receipt_code": codes["receipt"],
            "request_id": asked.json()["request_id"],
            "complaint_id": complained.json()["complaint_id"],
            "visit_id": visit.json()["visit_id"],
            "resident_id": await office.resident(recorded["case_id"]),
        }
        yield await Target(office.messaging, office.client, known).described()


@pytest.mark.parametrize("route", sorted(RULES))
async def test_every_answer_is_as_the_document_says(target: Target, route: str) -> None:
    await hold(target, route)


@pytest.mark.parametrize("route", sorted(RULES.keys() - BY_PROOF))
async def test_every_route_is_put_off_while_the_database_is_away(
    target: Target, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "ANSWER_WITHIN", PATIENCE)
    monkeypatch.setattr(residents, "ANSWER_WITHIN", PATIENCE)
    monkeypatch.setattr(looks, "ANSWER_WITHIN", PATIENCE)
    await hold_away(target, route)
