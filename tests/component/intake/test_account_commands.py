"""Accounts at the shell: the second person of an office that has one admin."""

import re
from collections.abc import Iterator

import pytest

from services.intake.cli import accounts
from services.intake.cli.shell import CommandRefused
from services.intake.config import Settings
from shared.web.problems import Conflict
from tests.component.intake.kit import Desk, desk, settings
from tests.component.intake.people import ready
from tests.component.intake.shell import run_command
from tests.component.intake.test_account_requests import AUDITOR, asked, kept, told


@pytest.fixture
def given() -> Iterator[Settings]:
    with settings() as found:
        yield found


async def shell(office: Desk, given: Settings, *words: str) -> list[str]:
    """Run a command about accounts."""
    return await run_command(office, given, accounts, *words)


async def test_what_waits_is_listed_and_approved_by_another_name(given: Settings) -> None:
    async with desk() as office:
        account = await asked(office)
        (line,) = await shell(office, given, "requests")
        assert line.startswith(f"{account}: invite, {AUDITOR} -> {AUDITOR}; asked by a-root")
        approve = ("approve", "--account", account, "--by")
        with pytest.raises(Conflict, match="nobody approves what he asked for"):
            await shell(office, given, *approve, "a-root")
        done = await shell(office, given, *approve, "petugas")
        assert done[0] == f"account {account}: invite approved"
        found = re.search(r"#(\S+)$", done[1])
        assert found
        assert (await ready(office, "budi", found[1])).account_id == account
        assert await shell(office, given, "requests") == []


async def test_what_waits_is_refused_with_a_reason(given: Settings) -> None:
    async with desk() as office:
        account = await asked(office)
        words = ("refuse", "--account", account, "--reason", "Belum perlu", "--by", "petugas")
        assert await shell(office, given, *words) == [f"account {account}: invite refused"]
        assert account not in kept(office, "accounts")
        assert await told(office, "a-root") == ["request_refused"]


async def test_nothing_is_approved_that_nobody_asked_for(given: Settings) -> None:
    async with desk() as office:
        with pytest.raises(CommandRefused, match="nothing was asked for"):
            await shell(office, given, "approve", "--account", "a-1", "--by", "petugas")


async def test_the_first_admin_needs_nobody(given: Settings) -> None:
    async with desk() as office:
        lines = await shell(office, given, "first-admin", "--login", "kepala", "--by", "petugas")
        assert "as admin:*:*" in lines[0]
        assert kept(office, "account_requests") == {}
        (account,) = kept(office, "accounts").values()
        assert account["standing"] == "invited"
        assert "; put the office's address before it: /masuk/undangan#" in lines[1]


async def test_a_link_bears_the_office_s_address_where_it_is_known(given: Settings) -> None:
    known = given.model_copy(update={"office_address": "https://jemput.example"})
    async with desk() as office:
        lines = await shell(office, known, "first-admin", "--login", "kepala", "--by", "petugas")
        assert "one use: https://jemput.example/masuk/undangan#" in lines[1]
