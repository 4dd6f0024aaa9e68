"""Agencies of a programme: named, and known to its events."""

from collections.abc import Callable

from services.scheduler.domain import Agency, Caution, Plan, Programme
from services.scheduler.domain.audit import Deed
from shared.audit.trail import note
from shared.messaging.unit_of_work import UnitOfWork

AllowProgramme = Callable[[Programme], None]
"""Raises where the caller has no right to a whole programme."""


async def name_agency(wanted: Agency, uow: UnitOfWork, *, allow: AllowProgramme) -> int:
    """Keep an agency under its name and kind, and return its version.

    The same again changes nothing. Raises Missing without the programme.
    """
    allow(await uow.require(Programme, wanted.programme_id))
    known = await uow.get(Agency, wanted.id)
    agency = known.described(wanted.name, wanted.kind) if known else wanted
    if agency is not known:
        uow.add(agency)
        note(Deed.AGENCY_NAMED, agency.id, uow, agency.kind)
    return agency.version


async def strangers(plan: Plan, uow: UnitOfWork) -> Caution | None:
    """Return that booths are of agencies which the programme does not know."""
    named = sorted({booth.agency_id for booth in plan.booths if booth.agency_id})
    keys = {one: Agency.key(plan.programme_id, one) for one in named}
    unknown = [one for one in named if await uow.get(Agency, keys[one]) is None]
    if not unknown:
        return None
    return Caution("agency_unknown", f"the programme names no such agency: {', '.join(unknown)}")
