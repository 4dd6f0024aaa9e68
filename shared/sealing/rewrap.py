"""Keys that are stored wrapped, wrapped anew by the newest master key."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from shared.sealing.masterkeys import UnknownMasterKey
from shared.sealing.seal import Unsealable

T = TypeVar("T")

Rewrapped = Mapping[str, Sequence[str]]
"""Whose keys were `wrapped` by the newest master key, and whose do not open and stay `shut`."""


class Unit(Protocol):
    """A unit of work, as far as keys are concerned."""

    async def get(self, kept: type[T], id_: str, /) -> T | None:
        """Return what is kept under an id, or None."""
        ...

    def add(self, one: Any, /) -> None:
        """Keep it as it is now."""
        ...


async def rewrap_each(
    kept: type[T], ids: Sequence[str], uow: Unit, rewrapped: Callable[[T], T]
) -> dict[str, list[str]]:
    """Wrap keys anew; `rewrapped` returns the same where nothing is to be done.

    One that does not open holds up no other.
    """
    found: dict[str, list[str]] = {"wrapped": [], "shut": []}
    for id_ in ids:
        one = await uow.get(kept, id_)
        if one is None:
            continue
        try:
            fresh = rewrapped(one)
        except (UnknownMasterKey, Unsealable):
            found["shut"].append(id_)
            continue
        if fresh is not one:
            uow.add(fresh)
            found["wrapped"].append(id_)
    return found
