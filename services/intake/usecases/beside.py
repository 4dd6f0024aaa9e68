"""Documents that lie beside a programme: published whole, in versions that never change.

The programme holds the number of the version that counts, a case the one that it was opened under.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.intake.domain import Programme, Refused
from services.intake.domain.beside import Beside
from services.intake.usecases.programmes import AllowProgramme, keep_programme
from shared.messaging.unit_of_work import UnitOfWork

D = TypeVar("D", bound=Beside)


@dataclass(frozen=True, slots=True)
class Place(Generic[D]):
    """Where a programme holds the number of one kind of document."""

    kept: type[D]
    version_of: Callable[[Programme], int | None]
    moved: Callable[[Programme, int], Programme]
    """Returns the programme's next version, with another number."""


async def publish_beside(
    wanted: D,
    place: Place[D],
    uow: UnitOfWork,
    *,
    allow: AllowProgramme,
    stated: int | None = None,
) -> int:
    """Publish a document as it shall stand, and return its version.

    Publishing the same again changes nothing. Cases that are open keep the version they have.
    `stated` is the version that its sender has changed. Raises Missing, and Refused where it does
    not fit the programme, or another version counts by now: not_as_stated.
    """
    programme = await uow.require(Programme, wanted.programme_id)
    allow(programme)
    wanted.require_fit(programme)
    number = place.version_of(programme)
    known = None if number is None else await uow.get(place.kept, _id(programme, number))
    if known is not None and known.same_as(wanted):
        return known.version
    if stated is not None and stated != number:
        said = "none" if number is None else number
        raise Refused("not_as_stated", f"version: {said} counts; read the document anew")
    following = wanted.numbered(known.version + 1 if known else 1)
    uow.add(following)
    keep_programme(place.moved(programme, following.version), uow)
    return following.version


async def publish_beside_if_missing(
    wanted: D, place: Place[D], uow: UnitOfWork, *, allow: AllowProgramme
) -> int | None:
    """Publish a document where its programme has none; return the version that stands there.

    None where the office has made the programme another one, which this does not fit.
    """
    programme = await uow.require(Programme, wanted.programme_id)
    if (number := place.version_of(programme)) is not None:
        return number
    try:
        return await publish_beside(wanted, place, uow, allow=allow)
    except Refused:
        return None


def _id(programme: Programme, number: int) -> str:
    return f"{programme.id}:{number}"
