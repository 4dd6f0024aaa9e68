"""Ke mana saya bisa pergi: coming events, service points and ways in from home, for everybody.

What is asked for stands in the address: a sub-district and a service, so that it can be passed on.
Neither tells who asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.intake.domain import Programme
from services.intake.usecases import (
    Catalogues,
    Clock,
    KnownProgrammes,
    Reader,
    Regions,
    Wanted,
    places,
)
from shared.auth.rules import PUBLIC, RouteRules
from shared.runtime import gathered
from shared.web.pages import Pages

PLACES: Final = "/ke-mana"
RULES: Final[RouteRules] = {f"GET {PLACES}": PUBLIC}
MAX_CODE: Final = 60
"""Characters of a field that are looked at."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Looking:
    """What the page works with."""

    pages: Pages
    reader: Reader
    catalogues: Catalogues
    known: KnownProgrammes
    regions: Regions
    clock: Clock


@dataclass(frozen=True, slots=True)
class Group:
    """The sub-districts of one region, as (code, name), for one group of a list."""

    name: str
    options: Sequence[tuple[str, str]]


LookingDep = Annotated[Looking, Depends(gathered(Looking))]


@router.get(PLACES)
async def show_places(
    request: Request,
    parts: LookingDep,
    kecamatan: Annotated[str, Query()] = "",
    layanan: Annotated[str, Query()] = "",
) -> Response:
    """Show where somebody can go. What is in no list is named beside its field."""
    programmes = await known_programmes(parts.known)
    groups = subdistricts(programmes, parts.regions)
    services = _services(programmes)
    wrong = list(_wrong(kecamatan, layanan, groups, services))
    wanted = Wanted() if wrong else Wanted(kecamatan[:MAX_CODE], layanan[:MAX_CODE])
    now = parts.clock()
    found = await places(wanted, programmes, now, parts.reader, parts.catalogues)
    return parts.pages.render(
        request,
        "ke_mana.html",
        status=422 if wrong else 200,
        wanted=wanted,
        wrong=wrong,
        errors=[(field, parts.pages.texts(words)) for field, words in wrong],
        groups=groups,
        services=services,
        found=found,
        name=parts.regions.name,
    )


async def known_programmes(known: KnownProgrammes) -> Sequence[Programme]:
    """Return the programmes by their names."""
    return sorted((await known.all()).values(), key=lambda one: one.name)


def subdistricts(programmes: Sequence[Programme], regions: Regions) -> Sequence[Group]:
    """Return the sub-districts of the programmes' regions, each region once."""
    codes = sorted({one.region_code for one in programmes})
    return [
        Group(
            regions.name(code) or code,
            [(one, regions.name(one) or one) for one in regions.subdistricts(code)],
        )
        for code in codes
    ]


def _services(programmes: Sequence[Programme]) -> Sequence[tuple[str, str]]:
    found = {code: one.name for each in programmes for code, one in each.catalogue.items()}
    return sorted(found.items(), key=lambda pair: pair[1])


def _wrong(
    subdistrict: str,
    service: str,
    groups: Sequence[Group],
    services: Sequence[tuple[str, str]],
) -> Sequence[tuple[str, str]]:
    """Return the fields that hold what their lists do not, each with the key of its words."""
    known = {code for group in groups for code, _ in group.options}
    checks = (
        ("kecamatan", subdistrict, known, "places.no_subdistrict"),
        ("layanan", service, {code for code, _ in services}, "places.no_service"),
    )
    return [(name, words) for name, given, all_, words in checks if given and given not in all_]
