"""Intake's own worker, started as `make up` starts it, hashes and verifies passwords."""

from collections.abc import AsyncIterator

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from shared.worker.client import Refused
from shared.worker.passwords import Passwords, Verified
from tests.component.worker.kit import Running, intakes

PASSWORD = "kata sandi yang panjang"


@pytest.fixture(scope="module")
async def worker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Run intake's worker, which is told its role and its socket and nothing else."""
    async with intakes(tmp_path_factory.mktemp("intake")) as at_work:
        yield at_work


async def test_a_password_is_hashed_verified_and_told_nowhere(worker: Running) -> None:
    passwords = Passwords(worker.client)
    stored = await passwords.hash(PASSWORD)
    assert await passwords.verify(stored, PASSWORD) == Verified(fits=True, anew=False)
    assert await passwords.verify(stored, PASSWORD + "x") == Verified(fits=False, anew=False)
    assert await passwords.hash(PASSWORD) != stored
    with pytest.raises(Refused, match="not_a_hash"):
        await passwords.verify(PASSWORD, PASSWORD)
    assert PASSWORD not in worker.log.read_text()
    assert PASSWORD not in stored


async def test_its_parameters_are_those_that_owasp_names(worker: Running) -> None:
    found = extract_parameters(await Passwords(worker.client).hash(PASSWORD))
    assert (found.type, found.version) == (Type.ID, 19)
    assert (found.memory_cost, found.time_cost, found.parallelism) == (19 * 1024, 2, 1)
    assert (found.salt_len, found.hash_len) == (16, 32)


async def test_a_hash_of_lower_parameters_fits_and_is_to_be_made_anew(worker: Running) -> None:
    stored = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    verified = await Passwords(worker.client).verify(stored, PASSWORD)
    assert verified == Verified(fits=True, anew=True)


async def test_the_longest_password_is_taken_and_a_longer_one_is_not(worker: Running) -> None:
    passwords = Passwords(worker.client)
    longest = "é" * 512
    assert (await passwords.verify(await passwords.hash(longest), longest)).fits
    with pytest.raises(Refused, match="too_long"):
        await passwords.hash(longest + "x")
