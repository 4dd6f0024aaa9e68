"""A service's own copy of what was revoked, kept when the event comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.contracts.intake import AccessRevoked
from shared.messaging.collections import Collection
from shared.messaging.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Revocation:
    """An account or a session whose tokens of before are not believed."""

    id: str
    version: int
    at: datetime


def _derived(revocation: Revocation) -> Mapping[str, Any]:
    # A date, not a text: it is compared, and the database forgets by it.
    return {"revoked": revocation.at}


REVOCATIONS: Final = Collection("revocations", Revocation, derived=_derived)


async def keep_revocation(event: AccessRevoked, uow: UnitOfWork) -> None:
    """Keep the latest revocation of an account or session."""
    await note_revocation(event.access_id, event.revoked_at, uow)


async def note_revocation(access_id: str, at: datetime, uow: UnitOfWork) -> None:
    """Keep that an account or session is revoked, unless a later revocation is known."""
    known = await uow.get(Revocation, access_id)
    if known is None or known.at < at:
        uow.add(Revocation(access_id, known.version + 1 if known else 1, at))
