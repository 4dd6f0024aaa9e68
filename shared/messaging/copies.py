"""A service's copy of what another service owns and publishes: the newest version is kept."""

from typing import Protocol

from shared.messaging.unit_of_work import UnitOfWork


class Versioned(Protocol):
    """A copy carries the id and the version of the original."""

    @property
    def id(self) -> str:
        """Return the original's id."""
        ...

    @property
    def version(self) -> int:
        """Return the original's version, which rises with each of its events."""
        ...


def published_version(uow: UnitOfWork) -> int:
    """Return the version of the original that the event at hand states.

    Raises RuntimeError for a command, which states no other service's document.
    """
    if uow.cause is None:
        raise RuntimeError("a copy is made of an event")
    return uow.cause.version


async def keep_newest(copy: Versioned, uow: UnitOfWork) -> None:
    """Store a copy where it is newer than the one that is kept: events come in any order."""
    known = await uow.get(type(copy), copy.id)
    if known is None or known.version < copy.version:
        uow.add(copy)
