"""Catalogues: published whole, and what a request finds in the one that counts now."""

from datetime import date, datetime
from typing import Final

from services.intake.domain import (
    Case,
    Catalogue,
    Entry,
    Holidays,
    NewRequest,
    PlannedEvent,
    Programme,
    Refused,
    TakenUp,
    catalogue_id,
    local_day,
)
from services.intake.domain.daily_cap import DayShare, days_from, share_id, share_order, shares_of
from services.intake.usecases.beside import Place, publish_beside, publish_beside_if_missing
from services.intake.usecases.ports import Catalogues
from services.intake.usecases.programmes import AllowProgramme
from shared.messaging.unit_of_work import UnitOfWork

_PLACE: Final = Place(
    Catalogue, lambda programme: programme.catalogue_version, Programme.with_catalogue
)


async def publish_catalogue(
    wanted: Catalogue, uow: UnitOfWork, *, allow: AllowProgramme, stated: int | None = None
) -> int:
    """Publish a catalogue as it shall stand, and return its version: `publish_beside`."""
    return await publish_beside(wanted, _PLACE, uow, allow=allow, stated=stated)


async def publish_catalogue_if_missing(
    wanted: Catalogue, uow: UnitOfWork, *, allow: AllowProgramme
) -> int | None:
    """Publish a catalogue where its programme has none: `publish_beside_if_missing`."""
    return await publish_beside_if_missing(wanted, _PLACE, uow, allow=allow)


async def current_catalogue(programme: Programme, catalogues: Catalogues) -> Catalogue | None:
    """Return the catalogue of a programme that counts now; None where it has none."""
    if programme.catalogue_version is None:
        return None
    return await catalogues.get(catalogue_id(programme.id, programme.catalogue_version))


async def take_up(
    new: NewRequest,
    programme: Programme,
    event: PlannedEvent | None,
    at: datetime,
    uow: UnitOfWork,
    *,
    catalogues: Catalogues,
    holidays: Holidays,
    counted: bool,
) -> TakenUp:
    """Return under what a request runs, and the day it is carried over to.

    `counted`: it takes a place of a day's cap. What is brought in later does not; it was done.
    Raises ChannelCannot, and Refused: variant_unknown, no_day_left.
    """
    version = programme.catalogue_version
    if version is None:
        if new.variant is not None:
            raise Refused("variant_unknown", "variant: the programme has no catalogue")
        return TakenUp()
    id_ = catalogue_id(programme.id, version)
    catalogue = await counting(id_, uow, catalogues)
    entry = catalogue.entry_for(new.service, new.variant)
    if entry is None:
        return TakenUp(version)
    entry.require_channel(new.channel)
    cap = catalogue.cap(new.service) if counted else None
    today = local_day(at, programme.time_zone)
    first = max(today, event.on) if event else today
    day = first
    if cap is not None:
        day = await _place(new, cap, (today, first), programme, uow, holidays)
    return TakenUp(version, entry.code, None if day == first else day, entry.needs)


async def counting(id_: str, uow: UnitOfWork, catalogues: Catalogues) -> Catalogue:
    """Return a catalogue. What this batch has published is known to the unit of work alone."""
    known = catalogues.known(id_)
    return await uow.require(Catalogue, id_) if known is None else known


async def entry_of(case: Case, uow: UnitOfWork) -> Entry:
    """Return what of its catalogue a case asked for. Raises Refused: no_catalogue."""
    if case.catalogue_version is None or case.entry is None:
        raise Refused("no_catalogue", "the request runs under no catalogue")
    id_ = catalogue_id(case.programme_id, case.catalogue_version)
    entry = (await uow.require(Catalogue, id_)).entry(case.entry)
    if entry is None:
        raise Refused("no_catalogue", "the catalogue has nothing of what was asked for")
    return entry


async def _place(
    new: NewRequest,
    cap: int,
    today_and_first: tuple[date, date],
    programme: Programme,
    uow: UnitOfWork,
    holidays: Holidays,
) -> date:
    """Take a place on the first day that has one, and return that day."""
    today, first = today_and_first
    limits = shares_of(cap)
    order = share_order(new.case_id, len(limits))
    for day in days_from(first, holidays, programme.calendar):
        for number in order:
            id_ = share_id(programme.id, new.service, number)
            share = await uow.get(DayShare, id_) or DayShare(id_)
            if share.has_room(day, limits[number]):
                uow.add(share.with_one(day, today))
                return day
    raise Refused("no_day_left", "service: every day that is looked at is full")
