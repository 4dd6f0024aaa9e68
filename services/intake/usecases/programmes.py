"""Programmes: published whole, and copied for somebody else."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from services.intake.domain import Catalogue, LineOrder, Programme, Refused, catalogue_id
from services.intake.domain.sop import Sop, sop_id
from shared.contracts import intake as told
from shared.contracts.intake import (
    CalendarExceptions,
    CatalogueService,
    Deliverable,
    ProgrammePublished,
    SurveyQuestion,
)
from shared.messaging.errors import Missing
from shared.messaging.unit_of_work import UnitOfWork

AllowProgramme = Callable[[Programme], None]
"""Raises where the caller has no right to a programme as it stands, or as it shall stand."""


async def publish_programme(
    wanted: Programme,
    uow: UnitOfWork,
    *,
    allow: AllowProgramme,
    stated: Mapping[str, object] = MappingProxyType({}),
) -> int:
    """Publish a programme as it shall stand, and return its version.

    Publishing the same again changes nothing. `stated` is what its sender takes to stand of it,
    by field. Raises Refused: time_zone_fixed, not_as_stated.
    """
    known = await uow.get(Programme, wanted.id)
    if known is not None:
        allow(known)
    allow(wanted)
    (known or wanted).require_stated(stated)
    following = known.succeeded_by(wanted) if known else replace(wanted, version=1)
    if following is not known:
        keep_programme(following, uow)
    return following.version


async def publish_if_missing(wanted: Programme, uow: UnitOfWork, *, allow: AllowProgramme) -> int:
    """Publish a programme where none has its id, and return the version that stands there.

    What an office has published under that id stays as it is.
    """
    known = await uow.get(Programme, wanted.id)
    return known.version if known else await publish_programme(wanted, uow, allow=allow)


async def copy_programme(
    source_id: str, new_id: str, name: str, owner: str, uow: UnitOfWork, *, allow: AllowProgramme
) -> int:
    """Publish a programme under another name and owner, and return the copy's version.

    Copying the same again changes nothing. Raises Missing, and Refused where the id is taken.
    """
    source = await uow.get(Programme, source_id)
    if source is None:
        raise Missing(f"programme {source_id}")
    copy = source.copied(new_id, name, owner)
    allow(source)
    allow(copy)
    known = await uow.get(Programme, new_id)
    if known is None:
        await _copy_beside(source, copy, uow)
        keep_programme(copy, uow)
    elif not known.same_as(copy):
        raise Refused("programme_exists", "programme_id: taken, and what it holds is different")
    return (known or copy).version


async def republish_programme(programme_id: str, version: int, uow: UnitOfWork) -> int:
    """Publish a programme as it stands under a higher version, and return that.

    A copy elsewhere keeps the newest version it has seen. Where a forged one is higher than ours,
    this puts the copy right. Raises Missing, and Refused: version_not_above.
    """
    programme = await uow.require(Programme, programme_id)
    keep_programme(programme.raised_to(version), uow)
    return version


async def _copy_beside(source: Programme, copy: Programme, uow: UnitOfWork) -> None:
    if source.catalogue_version is not None:
        kept = await uow.require(Catalogue, catalogue_id(source.id, source.catalogue_version))
        uow.add(kept.copied(copy.id))
    if source.sop_version is not None:
        sop = await uow.require(Sop, sop_id(source.id, source.sop_version))
        uow.add(sop.copied(copy.id))


def keep_programme(programme: Programme, uow: UnitOfWork) -> None:
    """Keep a programme's next version, and tell it."""
    uow.add(programme)
    uow.publish(_published(programme), version=programme.version)


def _line_order(line: LineOrder) -> told.LineOrder:
    weights = (told.ServiceWeight(service=s, weight=n) for s, n in sorted(line.weights.items()))
    return told.LineOrder(
        priority_every=line.priority_every,
        recall_after=line.recall_after,
        no_show_minutes=line.no_show_minutes,
        weights=tuple(weights),
    )


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
        line=_line_order(programme.line),
        at_home=tuple(s.code for s in programme.services if programme.brings(s)),
        copied_from=programme.copied_from,
        survey_questions=tuple(
            SurveyQuestion(code=one.code, wording=one.text) for one in programme.survey_questions
        ),
    )
