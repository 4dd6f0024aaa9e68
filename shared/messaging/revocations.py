"""A service's own copy of what was revoked, kept when the event comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shared.contracts.intake import AccessKind, AccessRevoked
from shared.messaging.collections import Collection
from shared.messaging.unit_of_work import UnitOfWork

REMEMBERED: Final = timedelta(hours=1)
"""How long a revocation is of use that does not say it: tokens of sessions live ten minutes."""
_MACHINE: Final = "machine:"
"""Before the name of a machine or the id of its token: no account and no session has such an id."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Tokens of before that are not believed: of an account, a session or a machine, or one."""

    id: str
    version: int
    at: datetime
    until: datetime | None = None
    """Until when it is remembered; None: for REMEMBERED."""

    @property
    def machine(self) -> str | None:
        """Return the machine or token that it ends; None where it is an account or session."""
        return self.id.removeprefix(_MACHINE) if self.id.startswith(_MACHINE) else None


def _derived(revocation: Revocation) -> Mapping[str, Any]:
    # A date, not a text: it is compared, and the database forgets by it.
    return {"forgotten": revocation.until or revocation.at + REMEMBERED}


REVOCATIONS: Final = Collection("revocations", Revocation, derived=_derived)


async def keep_revocation(event: AccessRevoked, uow: UnitOfWork) -> None:
    """Keep what an event says is revoked, unless a later revocation of the same is known."""
    await note_revocation(event, uow)


async def note_revocation(event: AccessRevoked, uow: UnitOfWork) -> Revocation:
    """Keep the same; return what is known of that account, session, machine or token from now."""
    machine = event.kind in (AccessKind.MACHINE, AccessKind.TOKEN)
    id_ = f"{_MACHINE}{event.access_id}" if machine else event.access_id
    known = await uow.get(Revocation, id_)
    if known is not None and known.at >= event.revoked_at:
        return known
    version = known.version + 1 if known else 1
    newer = Revocation(id_, version, event.revoked_at, event.until)
    uow.add(newer)
    return newer
