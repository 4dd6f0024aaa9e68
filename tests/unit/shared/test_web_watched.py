"""What many look at: woken by changes, asked for once, and forgotten with the last who looks."""

import gc
from collections.abc import Iterable, Mapping

from shared.web.watched import Watched


class Source:
    """Revisions, and how often they were asked for."""

    def __init__(self) -> None:
        self.now: dict[str, int] = {"a": 1, "b": 1}
        self.asked: list[list[str]] = []

    async def revisions(self, keys: Iterable[str]) -> Mapping[str, int]:
        """What differs once a key has changed."""
        self.asked.append(sorted(keys))
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
