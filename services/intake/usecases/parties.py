"""People of a case beside its applicant: each a resident of his own, sealed like all others."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.intake.domain import (
    Case,
    LookupKeys,
    NamedParty,
    require_speaks_for_another,
)
from services.intake.domain.correction import with_birth_date
from services.intake.usecases.allow import Allow, require_right
from services.intake.usecases.case_events import keep
from services.intake.usecases.ports import Vault
from services.intake.usecases.residents import Company, Told, keep_told, resident_of
from services.intake.usecases.restriction import require_processing
from shared.messaging.unit_of_work import UnitOfWork


async def keep_party(
    case: Case,
    named: NamedParty,
    at: datetime,
    uow: UnitOfWork,
    *,
    vault: Vault,
    lookups: LookupKeys,
    company: Company | None = None,
) -> str:
    """Store what is said of somebody of a case, sealed with his own key; return the resident."""
    known = await resident_of(
        named.person,
        case.programme_id,
        at,
        uow,
        vault=vault,
        lookups=lookups,
        company=company,
    )
    said = Told(named.person, basis=named.basis)
    keep_told(known, case.id, said, uow, vault, at=at, party=named.party)
    return known.resident.id


async def name_party(
    case_id: str,
    named: NamedParty,
    uow: UnitOfWork,
    *,
    vault: Vault,
    lookups: LookupKeys,
    allow: Allow,
) -> dict[str, Any]:
    """Name somebody of an open case afterwards, such as a child's guardian.

    Whom it is for may be a child, and then a guardian is asked for. Raises Missing, and Refused:
    `closed`, `party_named`, `own_guardian`, `restricted`.
    """
    case = await uow.require(Case, case_id)
    require_right(case, allow, backdated=False)
    await require_processing(case, uow)
    joined = case.joined_by(named.party, "")
    resident_id = await keep_party(case, named, uow.now(), uow, vault=vault, lookups=lookups)
    joined = joined.involving(named.party, resident_id)
    require_speaks_for_another(named.party, joined.parties)
    if born := named.person.birth_date:
        aged = with_birth_date(joined, named.party, born)
        joined = replace(aged, version=joined.version)
    await keep(case, joined, uow)
    return {"warnings": list(joined.warnings), "backdated": False}
