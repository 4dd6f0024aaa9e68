"""Corrections (UU 27/2022 article 30): what is said in open cases is sealed anew.

What stood before stays, sealed in a place of its own. Closed cases keep what was said when they
were decided.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from services.intake.domain import (
    Case,
    Deed,
    Lookup,
    LookupKeys,
    OpenRequests,
    Person,
    Refused,
    Resident,
    ResidentKey,
    Statement,
    asked_for,
    case_of,
    former_id,
)
from services.intake.domain.correction import with_birth_date
from services.intake.domain.resident import party_of
from services.intake.domain.visit import subject_apart
from services.intake.usecases.allow import Allow
from services.intake.usecases.case_events import keep
from services.intake.usecases.erasure import allowed_resident
from services.intake.usecases.person_reads import note_person_read
from services.intake.usecases.ports import Vault
from services.intake.usecases.residents import as_told
from shared.audit.trail import note
from shared.messaging.unit_of_work import UnitOfWork

CORRECTION: Final = "residents correct"
"""What the access log says of it, over HTTP and at the shell."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """With what a resident's statements are sealed and he is found."""

    vault: Vault
    lookups: LookupKeys


async def correct(
    resident_id: str, wanted: Mapping[str, str], uow: UnitOfWork, *, by: Sealing, allow: Allow
) -> dict[str, Any]:
    """Correct these fields in all open cases of a resident.

    Raises Missing, and Refused: `nothing_open`, `nik_of_another`, `too_many_corrections`.
    """
    resident, cases = await allowed_resident(resident_id, uow, allow)
    open_ = {case.id: case for case in cases if case.outcome is None}
    if not open_:
        why = "resident: none of his requests is open, and closed ones keep what was said"
        raise Refused("nothing_open", why)
    resident = await _moved(resident, wanted.get("nik"), uow, by.lookups)
    key = await uow.require(ResidentKey, resident_id)
    for said in resident.said:
        if (case := open_.get(case_of(said))) is not None:
            resident = await _corrected(said, wanted, case, resident, key, uow, by)
            if born := wanted.get("birth_date"):
                await keep(case, with_birth_date(case, party_of(said), born), uow)
    uow.add(replace(resident, version=resident.version + 1))
    note(Deed.CORRECTED, resident_id, uow, *sorted(wanted))
    for case_id in open_:
        await note_person_read(uow.actor, case_id, CORRECTION, uow)
    return {"cases": [case.id for case in cases], "corrected": list(open_)}


async def _corrected(
    said: str,
    wanted: Mapping[str, str],
    case: Case,
    resident: Resident,
    key: ResidentKey,
    uow: UnitOfWork,
    by: Sealing,
) -> Resident:
    """Seal one statement anew, and what it said before in its own place."""
    statement = await uow.require(Statement, said)
    before = by.vault.open(key, said, statement.sealed)
    after, former = {**before, **wanted}, former_id(said, statement.version)
    uow.add(Statement(former, resident.id, by.vault.seal(key, former, before)))
    sealed = by.vault.seal(key, said, after)
    uow.add(replace(statement, sealed=sealed, version=statement.version + 1))
    resident = replace(resident, former=(*resident.former, former))
    persons = as_told(before).person, as_told(after).person
    return await _asked_anew(case, *persons, resident, uow, by.lookups)


async def _moved(
    resident: Resident, nik: str | None, uow: UnitOfWork, lookups: LookupKeys
) -> Resident:
    """Have the right NIK lead to him, and no other any more."""
    if nik is None:
        return resident
    hashes = lookups.hashes(resident.programme_id, "resident", f"nik:{nik}")
    for way in [await uow.get(Lookup, hashed) for hashed in hashes]:
        if way is not None and way.resident_id != resident.id:
            raise Refused("nik_of_another", "nik: it leads to another resident of the programme")
    for hashed in set(resident.lookups) - set(hashes):
        old = await uow.get(Lookup, hashed)
        if old is not None and old.resident_id == resident.id:
            uow.delete(old)
    if await uow.get(Lookup, hashes[0]) is None:
        uow.add(Lookup(hashes[0], resident.id))
    kept = [hashed for hashed in resident.lookups if hashed in hashes[1:]]
    return replace(resident, lookups=(hashes[0], *kept))


async def _asked_anew(
    case: Case,
    before: Person,
    after: Person,
    resident: Resident,
    uow: UnitOfWork,
    lookups: LookupKeys,
) -> Resident:
    """Have an open request at an event found by who he is now, and not by who he was."""
    if case.event_id is None or before.identity in (None, after.identity):
        return resident
    purpose = asked_for(case.event_id, case.service, subject_apart(case))
    for hashed in lookups.hashes(case.programme_id, *purpose, before.identity or ""):
        old = await uow.get(OpenRequests, hashed)
        if old is not None and case.id in old.case_ids:
            uow.add(old.without(case.id))
            new_id = lookups.hashes(case.programme_id, *purpose, after.identity or "")[0]
            uow.add((await uow.get(OpenRequests, new_id) or OpenRequests(new_id)).having(case.id))
            asked = tuple(dict.fromkeys((*resident.asked, new_id)))
            return replace(resident, asked=asked)
    return resident
