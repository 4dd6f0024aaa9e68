"""A case goes back to its resident for some of its papers, and comes back with them."""

from collections.abc import Sequence
from typing import Any

from services.intake.domain import Case, PaperKind, ReturnedItem
from services.intake.domain.desk_work import answered, require_returnable, resubmitted, sent_back
from services.intake.usecases.allow import Allow, require_right
from services.intake.usecases.catalogues import entry_of
from services.intake.usecases.claims import keep_worked
from services.intake.usecases.restriction import require_processing
from shared.messaging.unit_of_work import UnitOfWork


async def return_case(
    case_id: str, items: Sequence[ReturnedItem], uow: UnitOfWork, *, allow: Allow
) -> dict[str, Any]:
    """Return a case for these requirements; only they are open again.

    Of two who return it at the same moment the second is refused, and told what it waits for.
    Raises Missing, and Refused as `sent_back` does, and `no_catalogue`, `restricted`.
    """
    case = await uow.require(Case, case_id)
    require_right(case, allow, backdated=False)
    await require_processing(case, uow)
    require_returnable(case)
    entry = await entry_of(case, uow)
    await keep_worked(case, sent_back(case, entry, items, uow.actor, uow.now()), uow)
    return {"backdated": False}


async def resubmit(case_id: str, uow: UnitOfWork, *, allow: Allow) -> dict[str, Any]:
    """Take a returned case back into the queue with what there is.

    Raises Missing, and Refused: `closed`, `not_returned`, `restricted`.
    """
    case = await uow.require(Case, case_id)
    require_right(case, allow, backdated=False)
    await require_processing(case, uow)
    await keep_worked(case, resubmitted(case), uow)
    return {"backdated": False}


async def note_paper(case: Case, kind: PaperKind, uow: UnitOfWork) -> None:
    """Note that a new paper answers what its case was returned for."""
    after = case
    if case.returned is not None:
        entry = await entry_of(case, uow)
        met = [
            one.id
            for one in entry.requirements
            if any(alternative.kind is kind for alternative in one.any_of)
        ]
        after = answered(case, met)
    await keep_worked(case, after, uow)
