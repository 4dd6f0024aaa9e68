"""Layanan: a service-standard page for each entry of each catalogue, for everybody."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from services.intake.domain import Catalogue, CatalogueService, Entry, Programme
from services.intake.usecases import Catalogues, Reader, current_catalogue
from shared.auth.rules import PUBLIC, RouteRules
from shared.contracts.event import ProgrammeId, ServiceCode
from shared.runtime import provided
from shared.web.pages import Pages
from shared.web.problems import NotFound

SERVICES: Final = "/layanan"
_ONE: Final = f"{SERVICES}/{{programme_id}}/{{entry}}"
RULES: Final[RouteRules] = {f"GET {SERVICES}": PUBLIC, f"GET {_ONE}": PUBLIC}

router = APIRouter(include_in_schema=False)
PagesDep = Annotated[Pages, Depends(provided(Pages))]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
CataloguesDep = Annotated[Catalogues, Depends(provided(Catalogues))]


@dataclass(frozen=True, slots=True)
class Offer:
    """A programme with the catalogue that counts now."""

    programme: Programme
    catalogue: Catalogue

    def service(self, entry: Entry) -> CatalogueService | None:
        """Return what an entry ends in; None where the programme cannot do it."""
        return self.programme.catalogue.get(entry.service)


@router.get(SERVICES)
async def list_services(
    request: Request, pages: PagesDep, reader: ReaderDep, catalogues: CataloguesDep
) -> Response:
    """Show every programme's services."""
    found = [await offer_of(one, catalogues) for one in await reader.find(Programme)]
    offers = [offer for offer in found if offer is not None]
    return pages.render(request, "layanan.html", offers=offers)


@router.get(_ONE)
async def show_service(
    request: Request,
    programme_id: Annotated[ProgrammeId, Path()],
    entry: Annotated[ServiceCode, Path()],
    pages: PagesDep,
    reader: ReaderDep,
    catalogues: CataloguesDep,
) -> Response:
    """Show one service's standard: requirements, procedure, time, cost and complaints."""
    programme = await reader.get(Programme, programme_id)
    offer = await offer_of(programme, catalogues) if programme else None
    found = offer.catalogue.entry(entry) if offer else None
    if found is None:
        raise NotFound("service")
    return pages.render(request, "layanan_satu.html", offer=offer, entry=found)


async def offer_of(programme: Programme, catalogues: Catalogues) -> Offer | None:
    """Return a programme with the catalogue that counts now; None where it has none."""
    found = await current_catalogue(programme, catalogues)
    return Offer(programme, found) if found else None
