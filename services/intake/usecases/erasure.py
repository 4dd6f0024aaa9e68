"""Erasing residents: asked for by one, approved by another, carried out, and again after a restore.

Three steps, each a transaction of its own, with a line in the list of erasures between the second
and the third: decided, noted apart from the data, destroyed. Whatever is cut off is ended by
`Eraser`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from services.intake.domain import (
    Case,
    CaseDocument,
    CasePapers,
    Deed,
    Erasure,
    ErasureState,
    Lookup,
    OpenRequests,
    Party,
    Resident,
    ResidentKey,
    Statement,
    case_of,
    require_all_closed,
    statement_id,
)
from services.intake.domain.complaint import ComplaintText
from services.intake.domain.survey import Survey
from services.intake.usecases.allow import Allow, require_right
from services.intake.usecases.ports import Clock, Reader
from shared.audit.trail import note
from shared.files.stored import begin_removal
from shared.messaging.errors import Conflict, Missing, Unavailable
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import OwnCommands, UnitOfWork

ERASURE: Final = "erasure_expires"
"""The timer that ends an erasure which nobody approves; its key is the resident."""
RETENTION: Final = "retention_over"
"""The timer that waits for the end of retention; its key is the resident."""
EVERY: Final = 30.0
"""Seconds between two looks for erasures that are decided and not carried out."""
PAGE: Final = 100

_log = logging.getLogger(__name__)


class ErasureNotes(Protocol):
    """Where erasures are noted apart from the data."""

    def add(self, resident_id: str, at: datetime, requested_by: str, approved_by: str) -> None:
        """Note an erasure, durably. Raises OSError."""
        ...


async def cases_of(resident: Resident, uow: UnitOfWork) -> list[Case]:
    """Return the cases that a resident is a party of, each once."""
    ids = dict.fromkeys(case_of(said) for said in resident.said)
    found = [await uow.get(Case, id_) for id_ in ids]
    return [case for case in found if case is not None]


async def allowed_resident(
    resident_id: str, uow: UnitOfWork, allow: Allow
) -> tuple[Resident, list[Case]]:
    """Return a resident and his cases, where the caller has a right to each of these.

    Raises Missing where there is no such resident, or nothing of him any more, and what `allow`
    raises.
    """
    resident = await uow.get(Resident, resident_id)
    if resident is None or resident.gone:
        raise Missing("resident")
    cases = await cases_of(resident, uow)
    for case in cases:
        require_right(case, allow, backdated=False)
    return resident, cases


async def ask_erasure(resident_id: str, uow: UnitOfWork, *, allow: Allow) -> dict[str, Any]:
    """Ask for a resident's erasure; it waits for another account's approval, 72 hours at most.

    Raises Missing, and Refused: `open_request`, `erasure_asked`.
    """
    _, cases = await allowed_resident(resident_id, uow, allow)
    require_all_closed(cases)
    before, now = await uow.get(Erasure, resident_id), uow.now()
    asked = before.asked_again(uow.actor, now) if before else Erasure(resident_id, uow.actor, now)
    uow.add(asked)
    await uow.set_timer(ERASURE, resident_id, asked.until)
    note(Deed.ERASURE_ASKED, resident_id, uow)
    return _answer(asked, cases)


async def approve_erasure(resident_id: str, uow: UnitOfWork, *, allow: Allow) -> dict[str, Any]:
    """Approve what another account has asked for: from here on there is no way back.

    Raises Missing, and Refused: `no_erasure_asked`, `own_erasure`, `open_request`.
    """
    resident, cases = await allowed_resident(resident_id, uow, allow)
    approved = (await _asked(resident_id, uow)).approved(uow.actor, uow.now())
    require_all_closed(cases)
    await decide(approved, resident, uow)
    return _answer(approved, cases)


async def decline_erasure(
    resident_id: str, reason: str, uow: UnitOfWork, *, allow: Allow
) -> dict[str, Any]:
    """Refuse an erasure that waits, with a reason that its resident reads when he tracks.

    Raises Missing, and Refused: `no_erasure_asked`.
    """
    _, cases = await allowed_resident(resident_id, uow, allow)
    declined = (await _asked(resident_id, uow)).declined(uow.actor, uow.now(), reason)
    uow.add(declined)
    await uow.clear_timer(ERASURE, resident_id)
    note(Deed.ERASURE_DECLINED, resident_id, uow, f"asked by {declined.asked_by}", reason)
    return _answer(declined, cases)


async def _asked(resident_id: str, uow: UnitOfWork) -> Erasure:
    """Return a resident's erasure; where nobody ever asked, one that is over."""
    never = Erasure(resident_id, uow.actor, uow.now(), ErasureState.EXPIRED)
    return await uow.get(Erasure, resident_id) or never


async def why_declined(case: Case, reader: Reader) -> str | None:
    """Return why its applicant's erasure was refused, where it was and was not asked for anew."""
    resident_id = case.parties.get(Party.APPLICANT)
    asked = await reader.get(Erasure, resident_id) if resident_id else None
    return asked.reason if asked and asked.state is ErasureState.DECLINED else None


async def decide(approved: Erasure, resident: Resident, uow: UnitOfWork) -> None:
    """Keep that an erasure is decided; from now on nothing is added to the resident."""
    uow.add(approved, resident.leave())
    await uow.clear_timer(ERASURE, resident.id)
    said = (f"asked by {approved.asked_by}",)
    note(Deed.ERASURE_APPROVED, resident.id, uow, *said, actor=approved.approved_by or "")


async def note_expired(timer: Timer, uow: UnitOfWork) -> None:
    """End an erasure that nobody has approved in time."""
    asked = await uow.get(Erasure, timer.key)
    if asked is not None and asked.expired() is not asked:
        uow.add(asked.expired())
        note(Deed.ERASURE_EXPIRED, asked.id, uow)


async def erase_resident(resident_id: str, uow: UnitOfWork) -> bool:
    """Destroy a resident's key and forget what leads to him; False where that was done before.

    His cases stay as they are, and the frames of his papers go. A complaint has a key of its own,
    under its id: then it is its words that go. Raises Missing where there is nothing of him at all.
    """
    resident = await uow.get(Resident, resident_id)
    key = await uow.get(ResidentKey, resident_id)
    if resident is None and key is None:
        raise Missing("resident")
    changed = False
    if key is None or not key.destroyed:
        uow.add(key.destroy() if key else ResidentKey(resident_id))
        changed = True
    words = await uow.get(ComplaintText, resident_id)
    if words is not None:
        uow.delete(words)
        changed = True
    if resident is not None and (resident.erased_at is None or resident.said):
        await _forget(resident, uow)
        uow.add(resident.erased(uow.now()))
        changed = True
    if changed:
        await _end(resident_id, uow)
    return changed


async def erase_again(resident_id: str, uow: UnitOfWork) -> bool:
    """Erase whom a restore has brought back; False where there is nothing to erase."""
    try:
        return await erase_resident(resident_id, uow)
    except Missing:
        return False


async def _end(resident_id: str, uow: UnitOfWork) -> None:
    asked = await uow.get(Erasure, resident_id)
    if asked is not None and asked.state is not ErasureState.DONE:
        uow.add(asked.done())
    for timer in (ERASURE, RETENTION):
        await uow.clear_timer(timer, resident_id)
    note(Deed.ERASED, resident_id, uow)


async def _forget(resident: Resident, uow: UnitOfWork) -> None:
    for hashed in resident.lookups:
        way = await uow.get(Lookup, hashed)
        if way is not None and way.resident_id == resident.id:
            uow.delete(way)
    await _forget_papers(resident, uow)
    for kept, ids in (
        (Statement, (*resident.said, *resident.former)),
        (OpenRequests, resident.asked),
    ):
        for id_ in ids:
            there = await uow.get(kept, id_)
            if there is not None:
                uow.delete(there)


async def _forget_papers(resident: Resident, uow: UnitOfWork) -> None:
    """Have the frames go of papers and documents sealed with his key: those of his own requests.

    And those that serve a visit as his, sealed with the key of whoever applied there. What nobody
    has bound goes by its own timer within a day.
    """
    for case_id in dict.fromkeys(case_of(said) for said in resident.said):
        applied = statement_id(case_id, Party.APPLICANT) in resident.said
        if applied:
            await _forget_document(case_id, uow)
            await _forget_survey(case_id, uow)
        papers = await uow.get(CasePapers, case_id)
        if papers is None or papers.erased:
            continue
        going = papers.papers if applied else papers.of(resident.id)
        for paper in going:
            await begin_removal(paper.id, uow, unless=frozenset())
        if applied:
            uow.add(papers.without_papers())
        elif going:
            uow.add(papers.without_those_of(resident.id))


async def _forget_document(case_id: str, uow: UnitOfWork) -> None:
    kept = await uow.get(CaseDocument, case_id)
    if kept is None or kept.erased:
        return
    if kept.document is not None:
        await begin_removal(kept.document.id, uow, unless=frozenset())
    uow.add(kept.without_document())


async def _forget_survey(case_id: str, uow: UnitOfWork) -> None:
    """Forget what he answered; what was counted of it names nobody and stays."""
    kept = await uow.get(Survey, case_id)
    if kept is not None and not kept.erased:
        uow.add(kept.without_answers())


def _answer(erasure: Erasure, cases: Sequence[Case]) -> dict[str, Any]:
    """Return what the sender is told; `cases` is for the check of a replay."""
    return {
        "state": erasure.state.value,
        "until": erasure.until.isoformat(),
        "cases": [case.id for case in cases],
    }


FindApproved = Callable[[int], Awaitable[Sequence[Erasure]]]
"""Returns erasures that are decided and not carried out, so many at most."""


class Eraser:
    """Carries out what is decided, by any number of instances: to erase twice changes nothing."""

    def __init__(
        self, notes: ErasureNotes | None, find: FindApproved, commands: OwnCommands, clock: Clock
    ) -> None:
        self._notes = notes
        self._find = find
        self._commands = commands
        self._clock = clock

    @property
    def ready(self) -> bool:
        """Return whether erasures can be noted: without the list none is carried out."""
        return self._notes is not None

    async def run(self) -> None:
        """Look every half minute until cancelled."""
        while True:
            try:
                await self.look()
            except (Unavailable, Conflict):
                pass
            except OSError:
                _log.exception("the list of erasures cannot be written")
            await asyncio.sleep(EVERY)

    async def look(self) -> int:
        """Carry out a page of decided erasures; return how many. Raises OSError, Unavailable."""
        decided = await self._find(PAGE) if self.ready else ()
        for erasure in decided:
            await self.carry_out(erasure)
        return len(decided)

    async def carry_out(self, erasure: Erasure) -> None:
        """Note a decided erasure apart from the data, then destroy the key. Raises OSError."""
        if self._notes is None:
            raise OSError("there is no list of erasures")
        by = erasure.asked_by, erasure.approved_by or ""
        await asyncio.to_thread(self._notes.add, erasure.id, self._clock(), *by)
        await self._commands.run_own(lambda uow: erase_again(erasure.id, uow), key=erasure.id)
