"""Copies of the programmes that intake publishes."""

from services.courier.domain import Programme
from shared.contracts.intake import ProgrammePublished
from shared.messaging.copies import keep_newest, published_version
from shared.messaging.unit_of_work import UnitOfWork


async def copy_programme(event: ProgrammePublished, uow: UnitOfWork) -> None:
    """Keep our copy of a programme up to date."""
    version = published_version(uow)
    copy = Programme(
        event.programme_id,
        version,
        event.name,
        event.owner,
        event.region_code,
        event.time_zone,
        {service.code: service.name for service in event.services},
    )
    await keep_newest(copy, uow)
