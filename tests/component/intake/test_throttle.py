"""Wrong passwords are counted, and whoever guesses locks nobody out of a device he knows."""

from collections.abc import AsyncIterator

import pytest

from tests.component.intake.kit import Desk, desk
from tests.component.intake.people import PASSWORD, Browser, person
from tests.component.intake.test_sessions import OPERATOR, at_work, reason

WRONG = "not the password at all"
PER_LOGIN = 20
PER_ADDRESS = 30
PER_DEVICE = 10


@pytest.fixture
async def office() -> AsyncIterator[Desk]:
    async with desk() as one:
        yield one


async def guess(office: Desk, login: str, times: int) -> list[int]:
    """What a browser that nobody knows is answered."""
    thief = Browser(office)
    return [(await thief.sign_in(login, WRONG)).status_code for _ in range(times)]


async def test_a_stranger_locks_nobody_out_of_a_device_he_has_signed_in_with(office: Desk) -> None:
    _, browser = await at_work(office)
    assert set(await guess(office, "siti", PER_LOGIN)) == {401}

    refused = await Browser(office).sign_in("siti", PASSWORD)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0

    assert (await browser.sign_in("siti", PASSWORD)).status_code == 200
    assert (await browser.refresh()).status_code == 200


async def test_a_known_device_has_a_budget_of_its_own(office: Desk) -> None:
    _, browser = await at_work(office)
    for _ in range(PER_DEVICE):
        assert reason(await browser.sign_in("siti", WRONG)) == "not_recognised"
    assert (await browser.sign_in("siti", PASSWORD)).status_code == 429
    assert (await Browser(office).sign_in("siti", PASSWORD)).status_code == 200


async def test_a_name_that_nobody_has_is_counted_alike(office: Desk) -> None:
    assert await guess(office, "nobody", PER_LOGIN + 1) == [401] * PER_LOGIN + [429]


async def test_an_address_tries_many_names_only_so_often(office: Desk) -> None:
    await person(office, "siti", OPERATOR)
    statuses = [
        (await Browser(office).sign_in(f"name{n}", WRONG)).status_code
        for n in range(PER_ADDRESS + 1)
    ]
    assert statuses == [401] * PER_ADDRESS + [429]
    assert (await Browser(office).sign_in("siti", PASSWORD)).status_code == 429


async def test_a_key_of_ones_own_making_is_no_known_device(office: Desk) -> None:
    await at_work(office)
    thief = Browser(office)
    for _ in range(PER_LOGIN):
        await thief.sign_in("siti", WRONG)
    assert (await thief.sign_in("siti", PASSWORD)).status_code == 429


async def test_wrong_codes_count_and_a_missing_one_does_not(office: Desk) -> None:
    one = await person(office, "budi", "auditor:*:*")
    thief = Browser(office)
    for _ in range(PER_LOGIN + 5):
        assert reason(await thief.sign_in("budi")) == "code_needed"
    for _ in range(PER_LOGIN):
        assert reason(await thief.sign_in("budi", code="000000")) == "code_wrong"
    assert (await thief.sign_in("budi", code=one.code(office))).status_code == 429


async def test_a_right_password_is_not_counted(office: Desk) -> None:
    await person(office, "siti", OPERATOR)
    for _ in range(PER_LOGIN + 5):
        assert (await Browser(office).sign_in("siti")).status_code == 200


async def test_guessing_at_an_open_session_is_counted(office: Desk) -> None:
    _, browser = await at_work(office)
    for _ in range(PER_DEVICE):
        await browser.ask("POST", "/session/proof", json={"password": WRONG})
    answer = await browser.ask("POST", "/session/proof", json={"password": PASSWORD})
    assert answer.status_code == 429
