"""Catat permohonan: an officer writes down what people ask for who are not at an event.

The form is a counter's (`templates/kunjungan_*.html`, `static/konter-*.js`). Here the
office answers at once, so nothing is kept in the browser.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from services.intake.domain import Programme
from services.intake.domain.counter import KIT_SHAPE, office_channels
from services.intake.domain.person import NAME_LIMIT
from services.intake.domain.visit import VISIT_PEOPLE, VISIT_REQUESTS
from services.intake.usecases import KnownProgrammes
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import Channel, ProgrammeId
from shared.runtime import gathered
from shared.web.guard import CallerDep
from shared.web.pages import Pages
from shared.web.problems import NotFound

RECORD: Final = "/catat"
RULES: Final[RouteRules] = {
    f"GET {RECORD}": Rule({Role.OPERATOR}),
    f"GET {RECORD}/{{programme_id}}/{{channel}}": Rule({Role.OPERATOR}),
}
_MOST: Final = {"people": VISIT_PEOPLE, "requests": VISIT_REQUESTS}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Recording:
    """What the pages work with."""

    known: KnownProgrammes
    pages: Pages


@dataclass(frozen=True, slots=True)
class Way:
    """A channel of a programme that the office writes down."""

    programme: Programme
    channel: str


RecordingDep = Annotated[Recording, Depends(gathered(Recording))]


@router.get(RECORD)
async def show_ways(request: Request, caller: CallerDep, parts: RecordingDep) -> Response:
    """List what the caller may write down."""
    return parts.pages.render(request, "catat_pilih.html", ways=await _ways(caller, parts))


async def _ways(caller: Caller, parts: Recording) -> Sequence[Way]:
    programmes = sorted((await parts.known.all()).values(), key=lambda one: one.name)
    return [way for one in programmes if caller.belongs_to(one.id) for way in _of(one)]


def _of(programme: Programme) -> Iterator[Way]:
    for channel in office_channels(programme):
        yield Way(programme, channel)


@router.get(f"{RECORD}/{{programme_id}}/{{channel}}")
async def show_form(
    request: Request,
    programme_id: Annotated[ProgrammeId, Path()],
    channel: Annotated[Channel, Path()],
    caller: CallerDep,
    parts: RecordingDep,
) -> Response:
    """Show the form of a channel; what can be asked for there it asks the API itself."""
    caller.regions(programme_id)
    ways = await _ways(caller, parts)
    way = next((w for w in ways if (w.programme.id, w.channel) == (programme_id, channel)), None)
    if way is None:
        raise NotFound("way")
    return parts.pages.render(
        request,
        "catat.html",
        way=way,
        words=parts.pages.texts.below("counter.word"),
        most=_MOST,
        shape=KIT_SHAPE,
        name_limit=NAME_LIMIT,
    )
