"""Kemendagri codes: `32`, `32.16`, `32.16.18`, `32.16.18.2001`."""

from typing import Final

_VILLAGE_PARTS: Final = 4


def within(inner: str, outer: str) -> bool:
    """Return whether a region is the other or lies in it, compared segment by segment."""
    above = outer.split(".")
    return inner.split(".")[: len(above)] == above


def is_village(code: str) -> bool:
    """Return whether the code names a village (kelurahan or desa)."""
    return len(code.split(".")) == _VILLAGE_PARTS


def path(code: str) -> tuple[str, ...]:
    """Return the region and everything it lies in, from the province down."""
    parts = code.split(".")
    return tuple(".".join(parts[:length]) for length in range(1, len(parts) + 1))
