"""What many look at: woken by changes, asked for once, and forgotten with the last who looks."""

import asyncio
import gc
from collections.abc import Iterable, Mapping

import pytest

from shared.messaging.errors import Unavailable
from shared.web import watched as module
from shared.web.watched import Watched


class Source:
    """Revisions, and how often they were asked for."""

    def __init__(self) -> None:
        self.now: dict[str, int] = {"a": 1, "b": 1}
        self.asked: list[list[str]] = []
        self.away = False

    async def revisions(self, keys: Iterable[str]) -> Mapping[str, int]:
        """What differs once a key has changed."""
        self.asked.append(sorted(keys))
        if self.away:
            raise Unavailable
        return {key: self.now[key] for key in keys if key in self.now}


async def test_only_what_has_changed_is_woken_after_the_first_look() -> None:
    source = Source()
    watched = Watched(source.revisions)
    a, b = watched.changes("a"), watched.changes("b")
    seen = await watched.look({})
    assert (a.revision, b.revision) == (1, 1)
    source.now["a"] = 2
    await watched.look(seen)
    assert (a.revision, b.revision) == (2, 1)
    assert source.asked == [["a", "b"], ["a", "b"]]


async def test_nothing_is_asked_for_nobody() -> None:
    source = Source()
    watched = Watched(source.revisions)
    held = watched.changes("a")
    assert watched.changes("a") is held
    del held
    gc.collect()
    assert await watched.look({"a": 1}) == {}
    assert source.asked == []


async def test_after_an_outage_all_look_again(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source()
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.001)
    watched = Watched(source.revisions)
    held = watched.changes("a")
    following = asyncio.create_task(watched.follow())
    await asyncio.wait_for(held.beyond(0), 5)
    source.away = True
    asked = len(source.asked)
    await asyncio.wait_for(_more_than(source.asked, asked), 5)
    before = held.revision
    source.away = False
    await asyncio.wait_for(held.beyond(before), 5)
    following.cancel()


async def _more_than(asked: list[list[str]], many: int) -> None:
    while len(asked) <= many:  # noqa: ASYNC110 - a list tells nobody that it grows
        await asyncio.sleep(0.001)
