"""Residents: found again or new, and what they say, sealed and opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.intake.domain import (
    Basis,
    Case,
    Lookup,
    LookupKeys,
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
from shared.sealing.rewrap import Rewrapped, rewrap_each

BASIS: Final = "basis"
REASON: Final = "reason"
"""The field of a statement that says why a person asked once more; it is free text."""


class KeyMissing(Exception):  # noqa: N818 - reads as the finding it is
    """A key or a statement is not there and nobody erased it: a restore is not complete."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of one party of a case, opened."""

    person: Person
    reason: str | None = None
    basis: Basis | None = None
    """On which he speaks for another."""

    @property
    def fields(self) -> Mapping[str, str]:
        """Return what is sealed of it, by its fields."""
        more = {REASON: self.reason, BASIS: self.basis}
        return {**self.person.said, **{name: said for name, said in more.items() if said}}


@dataclass(frozen=True, slots=True)
class Known:
    """A resident with his key, as a unit of work found or made them."""

    resident: Resident
    key: ResidentKey


class Company:
    """People who come together: whoever was met before is the same resident, also without a NIK.

    The same object, not an equal one, is the same human: twins of a day have equal names and dates.
    """

    def __init__(self) -> None:
        self._met: list[tuple[Person, Known]] = []

    def meet(self, person: Person, known: "Known") -> None:
        """Keep who somebody is."""
        self._met.append((person, known))

    async def known(self, person: Person, uow: UnitOfWork) -> "Known | None":
        """Return somebody who was met in this unit of work, with what he has said since."""
        met = next((known for one, known in self._met if one is person), None)
        if met is None:
            return None
        return Known(await uow.get(Resident, met.resident.id) or met.resident, met.key)


async def resident_of(
    person: Person,
    programme_id: str,
    at: datetime,
    uow: UnitOfWork,
    *,
    vault: Vault,
    lookups: LookupKeys,
    company: Company | None = None,
) -> Known:
    """Return the resident whom this NIK leads to, else a new one; in company, who was met before.

    Two requests at the same moment store the same look-up, so one of them is decided again.
    Raises Refused where he is restricted.
    """
    met = await company.known(person, uow) if company else None
    if met is not None:
        return met
    hashes: tuple[str, ...] = ()
    if person.sure_identity is not None:
        hashes = lookups.hashes(programme_id, "resident", person.sure_identity)
    ways = [await uow.get(Lookup, hashed) for hashed in hashes]
    known = await _led_to(ways, uow) or _new(programme_id, at, uow, vault)
    if hashes:
        _lead(hashes[0], ways[0], known.resident.id, uow)
        known = Known(known.resident.found_by(hashes[0]), known.key)
    if company is not None:
        company.meet(person, known)
    return known


async def _led_to(ways: Sequence[Lookup | None], uow: UnitOfWork) -> Known | None:
    """Return the first usable resident whom look-ups lead to. Raises Refused: restricted."""
    found = [await _usable(way, uow) for way in ways if way is not None]
    known = next((one for one in found if one is not None), None)
    if known is not None:
        known.resident.require_processing()
    return known


async def _usable(way: Lookup, uow: UnitOfWork) -> Known | None:
    resident = await uow.get(Resident, way.resident_id)
    key = await uow.get(ResidentKey, way.resident_id)
    if resident is None or resident.gone or key is None or key.destroyed:
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
    asked: str | None = None,
    party: Party = Party.APPLICANT,
) -> None:
    """Store what a party of a case said, sealed, and that the resident has this case."""
    id_ = statement_id(case_id, party)
    uow.add(Statement(id_, known.resident.id, vault.seal(known.key, id_, told.fields)))
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
    return as_told(fields)


def as_told(fields: Mapping[str, str | None]) -> Told:
    """Return what opened fields say."""
    said = {name: value for name, value in fields.items() if name not in (REASON, BASIS)}
    basis = fields.get(BASIS)
    return Told(Person(**said), fields.get(REASON), Basis(basis) if basis else None)  # type: ignore[arg-type]


async def rewrap(resident_ids: tuple[str, ...], uow: UnitOfWork, vault: Vault) -> Rewrapped:
    """Wrap residents' keys by the newest master key; a destroyed one stays as it is."""
    return await rewrap_each(
        ResidentKey, resident_ids, uow, lambda key: key if key.destroyed else vault.rewrap(key)
    )
