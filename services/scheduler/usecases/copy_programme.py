"""Keep up with what intake publishes about programmes."""

from services.scheduler.domain import Programme
from services.scheduler.usecases.ports import Work
from shared.contracts.intake import ProgrammePublished


async def copy_programme(event: ProgrammePublished, work: Work) -> None:
    """Keep a programme if it is newer than our copy."""
    version = work.cause.version if work.cause else 0
    known = await work.programme(event.programme_id)
    if known is None or known.version < version:
        work.keep(_copy(event, version))


def _copy(event: ProgrammePublished, version: int) -> Programme:
    return Programme(
        id=event.programme_id,
        version=version,
        name=event.name,
        owner=event.owner,
        region_code=event.region_code,
        time_zone=event.time_zone,
        services=tuple(service.code for service in event.services),
        closed=event.calendar.closed,
        open=event.calendar.open,
    )
