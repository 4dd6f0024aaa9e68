"""Programmes: published whole, and copied for somebody else."""

from collections.abc import Callable
from dataclasses import replace

from services.intake.domain import Programme, Refused
from services.intake.usecases.ports import Work
from shared.contracts.intake import (
    CalendarExceptions,
    CatalogueService,
    Deliverable,
    ProgrammePublished,
)
from shared.messaging.errors import Missing

AllowProgramme = Callable[[Programme], None]
"""Raises where the caller has no right to a programme as it stands, or as it shall stand."""


async def publish_programme(wanted: Programme, work: Work, *, allow: AllowProgramme) -> int:
    """Publish a programme as it shall stand, and return its version.

    Publishing the same again changes nothing. Raises Refused: time_zone_fixed.
    """
    known = await work.programme(wanted.id)
    if known is not None:
        allow(known)
    allow(wanted)
    following = known.succeeded_by(wanted) if known else replace(wanted, version=1)
    if following is not known:
        _keep(following, work)
    return following.version


async def publish_if_missing(wanted: Programme, work: Work, *, allow: AllowProgramme) -> int:
    """Publish a programme where none has its id, and return the version that stands there.

    What an office has published under that id stays as it is.
    """
    known = await work.programme(wanted.id)
    return known.version if known else await publish_programme(wanted, work, allow=allow)


async def copy_programme(
    source_id: str, new_id: str, name: str, owner: str, work: Work, *, allow: AllowProgramme
) -> int:
    """Publish a programme under another name and owner, and return the copy's version.

    Copying the same again changes nothing. Raises Missing, and Refused where the id is taken.
    """
    source = await work.programme(source_id)
    if source is None:
        raise Missing(f"programme {source_id}")
    copy = source.copied(new_id, name, owner)
    allow(source)
    allow(copy)
    known = await work.programme(new_id)
    if known is None:
        _keep(copy, work)
    elif not known.same_as(copy):
        raise Refused("programme_exists", "programme_id: taken, and what it holds is different")
    return (known or copy).version


def _keep(programme: Programme, work: Work) -> None:
    work.keep_programme(programme)
    work.publish(_published(programme), version=programme.version)


def _published(programme: Programme) -> ProgrammePublished:
    services = (
        CatalogueService(code=s.code, name=s.name, deliverable=Deliverable(s.deliverable))
        for s in programme.services
    )
    return ProgrammePublished(
        programme_id=programme.id,
        name=programme.name,
        owner=programme.owner,
        region_code=programme.region_code,
        time_zone=programme.time_zone,
        languages=programme.languages,
        channels=programme.channels,
        services=tuple(services),
        standard_working_days=programme.standard_working_days,
        calendar=CalendarExceptions(
            closed=tuple(sorted(programme.calendar.closed)),
            open=tuple(sorted(programme.calendar.open)),
        ),
        copied_from=programme.copied_from,
    )
