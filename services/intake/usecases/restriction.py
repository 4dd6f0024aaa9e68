"""Restriction: the processing of a person's data stops at his word, and goes on once it is lifted.

UU 27/2022 article 41. What others have done is noted all the same: an agent at a door and a booth
that has served report what has happened, and nothing of it is lost.
"""

from collections.abc import Sequence
from typing import Any

from services.intake.domain import Case, Deed, Resident
from services.intake.usecases.allow import Allow
from services.intake.usecases.erasure import allowed_resident
from services.intake.usecases.ports import Reader
from shared.audit.trail import note
from shared.messaging.unit_of_work import UnitOfWork


async def restrict(
    resident_id: str, reason: str, uow: UnitOfWork, *, allow: Allow
) -> dict[str, Any]:
    """Stop the processing for a resident. Raises Missing, and Refused: `restricted`."""
    resident, cases = await allowed_resident(resident_id, uow, allow)
    restricted = resident.restricted(uow.actor, uow.now(), reason)
    uow.add(restricted)
    note(Deed.RESTRICTED, resident_id, uow, reason)
    return _answer(restricted, cases)


async def lift_restriction(
    resident_id: str, reason: str, uow: UnitOfWork, *, allow: Allow
) -> dict[str, Any]:
    """Let the processing go on. Raises Missing, and Refused: `not_restricted`."""
    resident, cases = await allowed_resident(resident_id, uow, allow)
    lifted = resident.lifted()
    uow.add(lifted)
    note(Deed.RESTRICTION_LIFTED, resident_id, uow, reason)
    return _answer(lifted, cases)


async def require_processing(case: Case, uow: UnitOfWork) -> None:
    """Refuse work on a case while one of its people is restricted."""
    for resident_id in sorted(set(case.parties.values())):
        resident = await uow.get(Resident, resident_id)
        if resident is not None:
            resident.require_processing()


async def paused(case: Case, reader: Reader) -> bool:
    """Return whether one of a case's people is restricted."""
    found = await reader.many(Resident, sorted(set(case.parties.values())))
    return any(one.restriction is not None for one in found.values())


def _answer(resident: Resident, cases: Sequence[Case]) -> dict[str, Any]:
    """Return what the sender is told; `cases` is for the check of a replay."""
    restriction = resident.restriction
    since = restriction.since.isoformat() if restriction else None
    return {"since": since, "cases": [case.id for case in cases]}
