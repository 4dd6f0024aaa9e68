"""Claims: an officer takes a case at the desk, works on it, and lets it go, or time does."""

from collections.abc import Sequence
from typing import Any, Final

from services.intake.domain import Case, Refused
from services.intake.domain.desk_work import claimed, released, worked
from services.intake.usecases.allow import Allow, require_right
from services.intake.usecases.case_events import keep
from services.intake.usecases.restriction import require_processing
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork

CLAIM_OVER: Final = "claim_over"
"""The timer that ends a claim; its key is the case."""


async def claim_case(case_id: str, uow: UnitOfWork, *, allow: Allow) -> dict[str, Any]:
    """Give a case to whoever asks, for a while; return until when.

    `backdated` in it is for the check of a replay.

    Raises Missing, and Refused: `closed`, `claimed`, `restricted`.
    """
    case = await uow.require(Case, case_id)
    require_right(case, allow, backdated=False)
    await require_processing(case, uow)
    taken = claimed(case, uow.actor, uow.now())
    await _keep(case, taken, uow)
    until = taken.claim.until.isoformat() if taken.claim else None
    return {"until": until, "backdated": False}


async def claim_next(case_ids: Sequence[str], uow: UnitOfWork, *, allow: Allow) -> str | None:
    """Give the first of these cases that is free to whoever asks; return which, or None.

    Of two who ask at the same moment one has his decided again, and gets the one behind it.
    """
    for case_id in case_ids:
        try:
            await claim_case(case_id, uow, allow=allow)
        except Refused:
            continue
        return case_id
    return None


async def release_claim(
    case_id: str, uow: UnitOfWork, *, allow: Allow, allow_others: Allow
) -> dict[str, Any]:
    """Let anybody take a case again; nothing where nobody holds it.

    `allow_others` is held against who ends the claim of another. Raises Missing and Refused.
    """
    case = await uow.require(Case, case_id)
    require_right(case, allow, backdated=False)
    claim = case.claim
    if claim is not None and claim.by != uow.actor and claim.lasts(uow.now()):
        require_right(case, allow_others, backdated=False)
    await _keep(case, released(case), uow)
    return {"backdated": False}


async def note_claim_over(timer: Timer, uow: UnitOfWork) -> None:
    """End a claim whose time is over; nothing where it was renewed or let go."""
    case = await uow.require(Case, timer.key)
    if case.claim is not None and not case.claim.lasts(uow.now()):
        await keep(case, released(case), uow)


async def keep_worked(before: Case, after: Case, uow: UnitOfWork) -> None:
    """Store a case after its officer's work: his claim is renewed, or over with the case."""
    await _keep(before, worked(after, uow.actor, uow.now()), uow)


async def _keep(before: Case, after: Case, uow: UnitOfWork) -> None:
    await keep(before, after, uow)
    if after.claim == before.claim:
        return
    if after.claim is None:
        await uow.clear_timer(CLAIM_OVER, after.id)
    else:
        await uow.set_timer(CLAIM_OVER, after.id, after.claim.until)
