"""Keeping up with what intake publishes about programmes."""

from services.scheduler.domain import Policy, Programme
from services.scheduler.domain.audit import Deed
from shared.audit.trail import note
from shared.contracts.intake import ProgrammePublished
from shared.messaging.copies import keep_newest, published_version
from shared.messaging.unit_of_work import UnitOfWork


async def copy_programme(event: ProgrammePublished, uow: UnitOfWork) -> None:
    """Keep our copy of a programme up to date."""
    copy = Programme(
        id=event.programme_id,
        version=published_version(uow),
        name=event.name,
        owner=event.owner,
        region_code=event.region_code,
        time_zone=event.time_zone,
        services=tuple(service.code for service in event.services),
        closed=event.calendar.closed,
        open=event.calendar.open,
        line=Policy(
            priority_every=event.line.priority_every,
            recall_after=event.line.recall_after,
            no_show_minutes=event.line.no_show_minutes,
            weights={one.service: one.weight for one in event.line.weights},
        ),
        whatsapp="whatsapp" in event.channels,
        at_home=event.at_home,
        names={service.code: service.name for service in event.services},
    )
    known = await uow.get(Programme, copy.id)
    await keep_newest(copy, uow)
    if known is None or known.version < copy.version:
        _note_policy(known.line if known else Policy(), copy, uow)


def _note_policy(before: Policy, copy: Programme, uow: UnitOfWork) -> None:
    """Note that lines are called by another policy from now on, at the word of who published."""
    if copy.line != before and uow.cause is not None:
        said = f"version {copy.version}"
        note(Deed.POLICY_CHANGED, copy.id, uow, said, actor=uow.cause.actor)
