"""Petunjuk: the manual, for residents and for staff, one page for each chapter; for everybody.

It holds no secret: whoever has no account reads what those do who have one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from services.intake.domain import Programme
from services.intake.pages.manual.chapters import (
    PICTURES,
    Book,
    Chapter,
    picture_folders,
    shipped_book,
)
from services.intake.pages.manual.tables import catalogue_blocks, folded
from services.intake.pages.services import offer_of
from services.intake.usecases import Catalogues, KnownProgrammes
from shared.auth.rules import PUBLIC, RouteRules
from shared.contracts.event import ProgrammeId
from shared.messaging.errors import Unavailable
from shared.runtime import gathered
from shared.web.neighbours import Neighbours
from shared.web.pages import Pages
from shared.web.problems import NotFound

HELP: Final = "/bantuan"
"""At the root of the origin, so that the frame of every service leads there."""
MANUAL: Final = "/petunjuk"
_CHAPTER: Final = f"{MANUAL}/{{chapter}}"
_CATALOGUE: Final = f"{MANUAL}/katalog/{{programme_id}}"
_ANOTHER: Final = "petunjuk:"
"""Begins a link to another chapter."""
_AT_ROOT: Final = frozenset({"", "masuk"})
"""What lies below no service."""
LONGEST: Final = 60
"""Characters of a chapter's name."""

FRONT_RULES: Final[RouteRules] = {f"GET {HELP}": PUBLIC}
RULES: Final[RouteRules] = {
    f"GET {MANUAL}": PUBLIC,
    f"GET {_CATALOGUE}": PUBLIC,
    f"GET {_CHAPTER}": PUBLIC,
}

front_router = APIRouter(include_in_schema=False)
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages work with."""

    pages: Pages
    known: KnownProgrammes
    catalogues: Catalogues
    neighbours: Neighbours

    def address(self, link: str) -> str:
        """Return where a chapter's link leads."""
        if link.startswith(_ANOTHER):
            return self.pages.at(f"{MANUAL}/{link.removeprefix(_ANOTHER)}")
        _, service, *rest = link.split("/", 2)
        return link if service in _AT_ROOT else self.neighbours.at(service, f"/{'/'.join(rest)}")

    def shown(self, **more: Any) -> Mapping[str, Any]:
        """Return what every page of the manual is given."""
        return {"to": self.address, "picture": self.pages.assets.url, **more}


DeskDep = Annotated[Desk, Depends(gathered(Desk))]


@front_router.get(HELP)
@router.get(MANUAL)
async def show_manual(request: Request, desk: DeskDep) -> Response:
    """Show what the manual holds. While the database is away, without the catalogues."""
    try:
        programmes = await desk.known.all()
    except Unavailable:
        programmes = {}
    catalogues = [one for one in programmes.values() if one.catalogue_version is not None]
    return desk.pages.render(
        request, "petunjuk.html", book=shipped_book(), catalogues=sorted(catalogues, key=_name)
    )


@router.get(_CATALOGUE)
async def show_catalogue(
    request: Request, programme_id: Annotated[ProgrammeId, Path()], desk: DeskDep
) -> Response:
    """Show what a programme promises and each of its services needs, as officers look it up."""
    programme = (await desk.known.all()).get(programme_id)
    offer = await offer_of(programme, desk.catalogues) if programme else None
    if offer is None:
        raise NotFound("catalogue")
    blocks, singles = folded(catalogue_blocks([offer], desk.pages.texts))
    return desk.pages.render(
        request,
        "petunjuk_katalog.html",
        programme=offer.programme,
        **desk.shown(blocks=blocks, singles=singles),
    )


@router.get(_CHAPTER)
async def show_chapter(
    request: Request, chapter: Annotated[str, Path(max_length=LONGEST)], desk: DeskDep
) -> Response:
    """Show one chapter."""
    book = shipped_book()
    found = book.chapter(chapter)
    if found is None:
        raise NotFound("chapter")
    before, after = book.beside(found)
    return desk.pages.render(
        request,
        "petunjuk_bab.html",
        chapter=found,
        before=before,
        after=after,
        **desk.shown(blocks=found.blocks),
    )


def _name(programme: Programme) -> str:
    return programme.name


__all__ = [
    "FRONT_RULES",
    "HELP",
    "MANUAL",
    "PICTURES",
    "RULES",
    "Book",
    "Chapter",
    "front_router",
    "picture_folders",
    "router",
]
