"""What residents do themselves, without an account: they ask by page, and send papers."""

from dataclasses import dataclass
from typing import Any, Final

from services.intake.domain import (
    ONLINE,
    Case,
    CasePapers,
    Catalogue,
    Entry,
    Holidays,
    LookupKeys,
    NewRequest,
    PaperKind,
    Refused,
    catalogue_id,
)
from services.intake.usecases.papers import add_paper
from services.intake.usecases.ports import Catalogues, Limiter, Vault
from services.intake.usecases.requests import record_request
from services.intake.usecases.restriction import require_processing
from shared.files.stored import keep_checked
from shared.files.upload import Received
from shared.messaging.unit_of_work import UnitOfWork

SEND_AT_ONCE: Final = 4
"""Residents' files that one process takes in at the same time, beside the office's."""
RESIDENT: Final = "resident"
"""The actor of what residents do themselves; they have no account."""


@dataclass(frozen=True, slots=True)
class ResidentLimits:
    """How often residents may ask, and send papers."""

    ask: Limiter
    """Requests of one address."""
    send: Limiter
    """Papers of one address, and of one case."""


async def ask(
    new: NewRequest,
    uow: UnitOfWork,
    *,
    holidays: Holidays,
    lookups: LookupKeys,
    vault: Vault,
    catalogues: Catalogues,
) -> dict[str, Any]:
    """Record what a resident asks for by page; raises what `record_request` raises.

    Refused where it is not asked by page, where somebody would have to come to a door, or at an
    event: whoever has no account states none of these.
    """
    if new.channel != ONLINE or new.at_home or new.event_id is not None:
        raise Refused("not_by_page", "channel: residents ask by page alone")
    return await record_request(
        new,
        uow,
        holidays=holidays,
        lookups=lookups,
        vault=vault,
        allow=_anybody,
        catalogues=catalogues,
    )


def require_wanted(case: Case, kind: PaperKind, papers: CasePapers, entry: Entry | None) -> None:
    """Refuse a paper that nobody waits for.

    Raises Refused: closed, already_issued, not_wanted, erased, too_many_papers.
    """
    if case.outcome is not None:
        raise Refused("closed", f"the request is closed: {case.outcome}")
    if not case.awaits_issue:
        raise Refused("already_issued", "the document has been issued")
    if entry is None or kind not in entry.kinds:
        raise Refused("not_wanted", "kind: no requirement of this request names it")
    papers.require_somebody()
    papers.require_own_room(RESIDENT)


async def keep_own_paper(
    received: Received, case_id: str, kind: PaperKind, uow: UnitOfWork
) -> dict[str, Any]:
    """Keep a file that was found good, bound to its case as a paper of this kind.

    Raises Missing, and Refused where nobody waits for it.
    """
    case = await uow.require(Case, case_id)
    await require_processing(case, uow)
    papers = await uow.get(CasePapers, case_id) or CasePapers(case_id)
    require_wanted(case, kind, papers, await _entry(case, uow))
    await keep_checked(received.id, received.content, uow)
    paper = await add_paper(case, received.id, kind, uow)
    return {"file_id": paper.id, "type": paper.type, "bytes": paper.size}


async def _entry(case: Case, uow: UnitOfWork) -> Entry | None:
    if case.catalogue_version is None or case.entry is None:
        return None
    id_ = catalogue_id(case.programme_id, case.catalogue_version)
    return (await uow.require(Catalogue, id_)).entry(case.entry)


def _anybody(**_: object) -> None:
    """Let everybody ask, wherever he lives; the programme says by its channels whether at all."""
