"""Reads by id that are made at the same time: one command, and an answer for each."""

import asyncio
from typing import Any

import pytest

from shared.messaging.errors import Unavailable
from shared.messaging.message import Document
from shared.mongo.client import Places
from shared.mongo.gets import Gets
from shared.testing.documents import MemoryDatabase
from shared.testing.memory import Memory


class _Noted(Places):
    """Notes each command by the collection that it names."""

    def __init__(self, database: Any) -> None:
        super().__init__(database)
        self.commands: list[str] = []

    def of(self, name: str, apart: str = "") -> Any:
        self.commands.append(name)
        return super().of(name, apart)


@pytest.fixture
def memory() -> Memory:
    memory = Memory()
    for name in ("letters", "drawers"):
        memory.collections[name] = {id_: {"_id": id_, "in": name} for id_ in "abc"}
    return memory


@pytest.fixture
def noted(memory: Memory) -> _Noted:
    return _Noted(MemoryDatabase(memory))


@pytest.fixture
def gets(noted: _Noted) -> Gets:
    return Gets(noted)


async def _started_by_a_task(gets: Gets) -> list[dict[str, Document]]:
    both = gets.documents("letters", "", "b"), gets.documents("drawers", "", "b")
    return list(await asyncio.gather(*both))


async def test_what_tasks_and_their_tasks_ask_is_one_command(gets: Gets, noted: _Noted) -> None:
    one, two, many = await asyncio.gather(
        gets.documents("letters", "", "a"),
        gets.documents("drawers", "", "ax"),
        _started_by_a_task(gets),
    )
    assert (one["a"]["in"], two["a"]["in"]) == ("letters", "drawers")
    assert [each["b"]["in"] for each in many] == ["letters", "drawers"]
    assert noted.commands == ["letters"]


async def test_one_after_the_other_are_commands_of_their_own(gets: Gets, noted: _Noted) -> None:
    assert await gets.documents("letters", "", "a") == {"a": {"_id": "a", "in": "letters"}}
    assert await gets.documents("letters", "", "x") == {}
    assert noted.commands == ["letters", "letters"]


async def test_another_part_of_the_data_is_another_command(gets: Gets, noted: _Noted) -> None:
    await asyncio.gather(gets.documents("letters", "", "a"), gets.documents("drawers", "s", "a"))
    assert sorted(noted.commands) == ["drawers", "letters"]


async def test_an_error_is_told_to_each_and_the_next_ask_anew(gets: Gets, memory: Memory) -> None:
    memory.away = True
    asked = gets.documents("letters", "", "a"), gets.documents("drawers", "", "a")
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(error) for error in told] == [Unavailable, Unavailable]
    memory.away = False
    assert await gets.documents("letters", "", "a")


async def test_who_goes_takes_nothing_from_the_others(gets: Gets) -> None:
    gone = asyncio.ensure_future(gets.documents("letters", "", "a"))
    stays = asyncio.ensure_future(gets.documents("letters", "", "b"))
    await asyncio.sleep(0)
    gone.cancel()
    assert list(await stays) == ["b"]
    assert gone.cancelled()
