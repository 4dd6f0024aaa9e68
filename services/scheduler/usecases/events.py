"""Events: planned, and planned anew."""

from typing import Any, Final

from services.scheduler.domain import Plan, Policy, Programme, ScheduledEvent, next_letter
from services.scheduler.domain.audit import Deed
from services.scheduler.usecases.agencies import strangers
from services.scheduler.usecases.closing import EVENT_OVER, close_all
from services.scheduler.usecases.offers import no_way
from services.scheduler.usecases.ports import Allow, Holidays
from services.scheduler.usecases.waiting import lines_of
from shared.audit.trail import note
from shared.contracts.scheduler import BoothPlan, EventScheduled
from shared.messaging.unit_of_work import UnitOfWork

PEOPLE_AHEAD: Final = 100
"""For so many people before somebody a planner is told how many more may be called before him."""


async def schedule_event(
    event_id: str,
    plan: Plan,
    uow: UnitOfWork,
    *,
    allow: Allow,
    holidays: Holidays,
    weekday: int | None = None,
) -> dict[str, Any]:
    """Let a plan stand from now on; return its version and what is unusual about its day.

    The same plan again changes nothing. `weekday` (Monday is 0) is what the printed schedule says.
    Raises Missing without the programme, and Refused where the plan cannot be carried out, or would
    move what people hold tickets for or take it away.
    """
    allow(plan, None)
    programme = await uow.require(Programme, plan.programme_id)
    known = await uow.get(ScheduledEvent, event_id)
    if known is not None:
        allow(known.plan, None)
    plan.check(programme)
    event = known.replan(plan) if known else _first(event_id, plan, programme)
    await _await_end(event, known, uow)
    if event is not known:
        await _open_lines(event, known, uow)
        uow.add(event)
        uow.publish(_scheduled(event), version=event.version)
        agencies = sorted({booth.agency_id for booth in plan.booths if booth.agency_id})
        note(Deed.EVENT_PLANNED, event_id, uow, f"version {event.version}", *agencies)
    cautions = list(programme.cautions(plan.on, holidays.on(plan.on), weekday))
    others = plan.beside(programme), await strangers(plan, uow), await no_way(event, uow)
    cautions += [one for one in others if one]
    warnings = [{"reason": caution.reason, "detail": caution.detail} for caution in cautions]
    return {
        "version": event.version,
        "warnings": warnings,
        "passed_by": passed_by(programme.line),
    }


def passed_by(policy: Policy) -> int:
    """Return how many who join later can be called before somebody with a hundred before him."""
    return policy.passed_by(PEOPLE_AHEAD)


async def cancel_event(event_id: str, uow: UnitOfWork, *, allow: Allow) -> int:
    """Let an event not take place, for good; return its version.

    Whoever waits is offered other ways. Cancelled again it changes nothing. Raises Missing, and
    Refused: event_over, from the closing on.
    """
    known = await uow.require(ScheduledEvent, event_id)
    allow(known.plan, None)
    if known.cancelled:
        return known.version
    known.require_not_over(uow.now())
    event = known.cancel()
    uow.add(event)
    uow.publish(_scheduled(event), version=event.version)
    note(Deed.EVENT_CANCELLED, event_id, uow, f"version {event.version}")
    await uow.clear_timer(EVENT_OVER, event.id)
    await close_all(event, uow)
    return event.version


async def republish_event(event_id: str, version: int, uow: UnitOfWork) -> int:
    """Publish an event as it stands under a higher version, and return that.

    A copy elsewhere keeps the newest version it has seen. Where a forged one is higher than ours,
    this puts the copy right. Raises Missing, and Refused: version_not_above.
    """
    event = (await uow.require(ScheduledEvent, event_id)).raised_to(version)
    uow.add(event)
    uow.publish(_scheduled(event), version=version)
    note(Deed.EVENT_REPUBLISHED, event_id, uow, f"version {version}")
    return version


def _first(event_id: str, plan: Plan, programme: Programme) -> ScheduledEvent:
    return ScheduledEvent(event_id, 1, plan, programme.time_zone)


async def _open_lines(
    event: ScheduledEvent, before: ScheduledEvent | None, uow: UnitOfWork
) -> None:
    """Open and close lines; those that people hold tickets of stay where and when they are.

    They are written here, although nothing in them changes, because numbers are given out by the
    lines alone: an issue and a plan that are decided at the same moment meet in one document.
    """
    now = event.plan.ticketed_services
    moved = event.plan.moved_from(before.plan) if before else None
    gone = set(before.plan.ticketed_services).difference(now) if before else set()
    for line in await lines_of(event.id, sorted(gone), uow):
        uow.add(line.withdraw())
    lines = await lines_of(event.id, now, uow)
    letters = {line.letter for line in lines if line.has_booth}
    for line in lines:
        if not line.has_booth:
            letter = next_letter(letters)
            letters.add(letter)
            uow.add(line.open(letter))
        elif moved:
            uow.add(line.move(*moved))


async def _await_end(event: ScheduledEvent, before: ScheduledEvent | None, uow: UnitOfWork) -> None:
    """Wait for the end of its day; what is written down of a day gone by is closed by nobody.

    Also where the same plan is put again: it may stand since before there were such ends. A timer
    that is due is left alone.
    """
    if event.over_at > uow.now():
        await uow.set_timer(EVENT_OVER, event.id, event.over_at)
    elif before is not None and before.over_at != event.over_at:
        await uow.clear_timer(EVENT_OVER, event.id)


def _scheduled(event: ScheduledEvent) -> EventScheduled:
    plan = event.plan
    return EventScheduled(
        event_id=event.id,
        programme_id=plan.programme_id,
        name=plan.name,
        place=plan.place,
        region_code=plan.region_code,
        on=plan.on,
        opens_at=event.opens_at,
        closes_at=event.closes_at,
        booths=tuple(
            BoothPlan(
                booth_id=b.id,
                agency=b.agency,
                agency_id=b.agency_id,
                services=b.services,
                ticketed=b.ticketed,
            )
            for b in plan.booths
        ),
        cancelled=event.cancelled,
    )
