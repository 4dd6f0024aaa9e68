"""Residents: found again or new, what they say sealed and opened, and erased."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.intake.domain import (
    Case,
    Lookup,
    LookupKeys,
    OpenRequests,
    Party,
    Person,
    Resident,
    ResidentKey,
    Statement,
    statement_id,
)
from services.intake.usecases.ports import Reader, Vault
from shared.contracts.envelope import new_id
from shared.messaging.errors import Missing
from shared.messaging.unit_of_work import UnitOfWork

REASON: Final = "reason"
"""The field of a statement that says why a person asked once more; it is free text."""


class KeyMissing(Exception):  # noqa: N818 - reads as the finding it is
    """A key or a statement is not there and nobody erased it: a restore is not complete."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of one party of a case, opened."""

    person: Person
    reason: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """A resident with his key, as a unit of work found or made them."""

    resident: Resident
    key: ResidentKey


async def resident_of(
    person: Person,
    programme_id: str,
    at: datetime,
    uow: UnitOfWork,
    *,
    vault: Vault,
    lookups: LookupKeys,
) -> Known:
    """Return the resident whom this NIK leads to, else a new one.

    Two requests at the same moment store the same look-up, so one of them is decided again.
    """
    hashes: tuple[str, ...] = ()
    if person.sure_identity is not None:
        hashes = lookups.hashes(programme_id, "resident", person.sure_identity)
    ways = [await uow.get(Lookup, hashed) for hashed in hashes]
    found = [await _usable(way, uow) for way in ways if way is not None]
    known = next((one for one in found if one is not None), None)
    known = known or _new(programme_id, at, uow, vault)
    if not hashes:
        return known
    _lead(hashes[0], ways[0], known.resident.id, uow)
    return Known(known.resident.found_by(hashes[0]), known.key)


async def _usable(way: Lookup, uow: UnitOfWork) -> Known | None:
    resident = await uow.get(Resident, way.resident_id)
    key = await uow.get(ResidentKey, way.resident_id)
    if resident is None or resident.erased_at is not None or key is None or key.destroyed:
        # A backup older than the erasure, or than the keys: nothing may be added to this one.
        return None
    return Known(resident, key)


def _new(programme_id: str, at: datetime, uow: UnitOfWork, vault: Vault) -> Known:
    id_ = new_id()
    key = vault.new_key(id_)
    uow.add(key)
    return Known(Resident(id_, programme_id, at, version=0), key)


def _lead(hashed: str, way: Lookup | None, resident_id: str, uow: UnitOfWork) -> None:
    if way is None:
        uow.add(Lookup(hashed, resident_id))
    elif way.resident_id != resident_id:
        uow.add(way.to(resident_id))


def keep_told(
    known: Known,
    case_id: str,
    told: Told,
    uow: UnitOfWork,
    vault: Vault,
    *,
    at: datetime,
    asked: str | None,
) -> None:
    """Store what a case's applicant said, sealed, and that the resident has this case."""
    id_ = statement_id(case_id, Party.APPLICANT)
    fields = {**told.person.said, **({REASON: told.reason} if told.reason else {})}
    uow.add(Statement(id_, known.resident.id, vault.seal(known.key, id_, fields)))
    uow.add(known.resident.joined(id_, at, asked))


async def told_of(case: Case, party: Party, reader: Reader, vault: Vault) -> Told | None:
    """Return what was said of a party of a case; None where the resident is erased.

    Raises Missing where the case has no such party, KeyMissing, and what the vault raises.
    """
    resident_id = case.parties.get(party)
    if resident_id is None:
        raise Missing(party.value.replace("_", " "))
    key = await reader.get(ResidentKey, resident_id)
    if key is not None and key.destroyed:
        return None
    statement = await reader.get(Statement, statement_id(case.id, party))
    if key is not None and statement is not None:
        return opened(key, statement, vault)
    # Asked last: he may have been erased between the two.
    resident = await reader.get(Resident, resident_id)
    if resident is None or resident.erased_at is None:
        raise KeyMissing
    return None


def opened(key: ResidentKey, statement: Statement, vault: Vault) -> Told:
    """Return what a statement says. Raises what the vault raises."""
    fields: Mapping[str, str | None] = vault.open(key, statement.id, statement.sealed)
    said = {name: value for name, value in fields.items() if name != REASON}
    return Told(Person(**said), fields.get(REASON))  # type: ignore[arg-type]


async def erase_resident(resident_id: str, uow: UnitOfWork) -> bool:
    """Destroy a resident's key and forget what leads to him; False where that was done before.

    His cases stay as they are. Raises Missing where there is nothing of him at all.
    """
    resident = await uow.get(Resident, resident_id)
    key = await uow.get(ResidentKey, resident_id)
    if resident is None and key is None:
        raise Missing("resident")
    changed = False
    if key is None or not key.destroyed:
        uow.add(key.destroy() if key else ResidentKey(resident_id))
        changed = True
    if resident is not None and (resident.erased_at is None or resident.said):
        await _forget(resident, uow)
        uow.add(resident.erased(uow.now()))
        changed = True
    return changed


async def erase_again(resident_id: str, uow: UnitOfWork) -> bool:
    """Erase whom a restore has brought back; False where there is nothing to erase."""
    try:
        return await erase_resident(resident_id, uow)
    except Missing:
        return False


async def _forget(resident: Resident, uow: UnitOfWork) -> None:
    for hashed in resident.lookups:
        way = await uow.get(Lookup, hashed)
        if way is not None and way.resident_id == resident.id:
            await uow.remove(Lookup, hashed)
    for said in resident.said:
        await uow.remove(Statement, said)
    for asked in resident.asked:
        await uow.remove(OpenRequests, asked)


async def rewrap(resident_ids: tuple[str, ...], uow: UnitOfWork, vault: Vault) -> int:
    """Wrap keys by the newest master key; return how many were not yet. Raises UnknownMasterKey."""
    many = 0
    for resident_id in resident_ids:
        key = await uow.get(ResidentKey, resident_id)
        if key is None or key.destroyed:
            continue
        fresh = vault.rewrap(key)
        if fresh is not key:
            uow.add(fresh)
            many += 1
    return many
