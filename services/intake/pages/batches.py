"""Cetak dan serahkan: what waits to be printed, a new batch of it, and the batches there are.

Nobody is shown here: the people stand on a batch's own list and page (`handovers.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from starlette.responses import RedirectResponse, Response

from services.intake.domain import Deliverable, Programme, Refused
from services.intake.domain.batch import BATCH_LIMIT, USUAL
from services.intake.pages.desk import DESK, ChosenDep, DeskDep
from services.intake.usecases import Regions
from services.intake.usecases.batches import Wanted, make_batch, unprinted, waiting_to_print
from services.intake.usecases.reach import allowed_region
from shared.auth.roles import EVERYWHERE, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import ProgrammeId, ServiceCode, TypedRegionCode
from shared.runtime import CommandsDep, built, provided
from shared.web.problems import NotFound

BATCHES: Final = f"{DESK}/cetak"
RULES: Final[RouteRules] = {
    f"GET {BATCHES}": Rule({Role.OPERATOR}),
    f"POST {BATCHES}": Rule({Role.OPERATOR}),
}
SHOWN: Final = 20
"""Batches on the page, the newest."""
REFUSALS: Final = frozenset({"no_case_to_print", "nothing_to_print", "beyond_reach"})
"""What can be refused, below `batch.wrong` in the texts; all else is `other`."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A service whose documents are printed, and how many wait for it."""

    code: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class MakingDesk:
    """What the page of batches works with."""

    desk: DeskDep
    regions: Annotated[Regions, Depends(provided(Regions))]

    async def waiting(self, programme: Programme) -> Sequence[Waiting]:
        """Return the services that end in something printed, what most waits for first."""
        where, count = self.desk.caller.regions(programme.id), self.desk.reader.count_cases
        found = [
            Waiting(one.code, one.name, await count(unprinted(programme.id, where, one.code)))
            for one in programme.services
            if one.deliverable is not Deliverable.APP
        ]
        return sorted(found, key=lambda one: -one.count)

    def places(self, programme: Programme) -> Mapping[str, str]:
        """Return the regions for which whoever looks may print, with their names."""
        held = self.desk.caller.regions(programme.id)
        whole = {programme.region_code if one == EVERYWHERE else one for one in held}
        parts = [part for one in sorted(whole) for part in self.regions.subdistricts(one)]
        return {one: self.regions.name(one) or one for one in (*sorted(whole), *parts)}


MakingDeskDep = Annotated[MakingDesk, Depends(built(MakingDesk))]


@router.get(BATCHES)
async def show_batches(at: MakingDeskDep, chosen: ChosenDep) -> Response:
    """Show what waits to be printed, and the newest batches."""
    if chosen.programme is None:
        return at.desk.pages.render(at.desk.request, "meja_kosong.html")
    return await _page(at, chosen.programme, Asked(chosen.programme_id, service=chosen.service))


@dataclass(frozen=True, slots=True)
class Asked:
    """Of what a batch is to be made, as the form says it."""

    programme_id: str
    region_code: str = ""
    service: str = ""
    limit: int = USUAL


async def asked_form(
    program: Annotated[ProgrammeId, Form()],
    wilayah: Annotated[TypedRegionCode, Form()],
    layanan: Annotated[ServiceCode, Form()],
    banyak: Annotated[int, Form(ge=1, le=BATCH_LIMIT)] = USUAL,
) -> Asked:
    """Read the fields of the form."""
    return Asked(program, wilayah, layanan, banyak)


@router.post(BATCHES)
async def make(
    at: MakingDeskDep, commands: CommandsDep, asked: Annotated[Asked, Depends(asked_form)]
) -> Response:
    """Make a batch of the oldest that wait, and go to it."""
    caller, programme_id = at.desk.caller, asked.programme_id
    caller.require(programme=programme_id, region=asked.region_code)
    programme = await at.desk.reader.get(Programme, programme_id)
    if programme is None:
        raise NotFound("programme")
    wanted = Wanted(new_id(), programme_id, asked.region_code, asked.service, asked.limit)
    candidates = await waiting_to_print(wanted, at.desk.reader)
    content = f"{programme_id} {asked.region_code} {asked.service} {asked.limit}"
    try:
        made = await at.desk.form.run(
            commands,
            lambda uow: make_batch(wanted, candidates, uow, allow=allowed_region(caller)),
            content,
            wanted.batch_id,
        )
    except Refused as refused:
        return await _page(at, programme, asked, refused)
    to = at.desk.pages.at(f"{BATCHES}/{made['batch_id']}")
    return RedirectResponse(to, status_code=303)


async def _page(
    at: MakingDesk, programme: Programme, asked: Asked, refused: Refused | None = None
) -> Response:
    desk = at.desk
    where = desk.caller.regions(programme.id)
    reason = refused.reason if refused and refused.reason in REFUSALS else "other"
    return desk.pages.render(
        desk.request,
        "meja_cetak.html",
        status=409 if refused else 200,
        programme=programme,
        programmes=list((await desk.programmes()).values()),
        waiting=await at.waiting(programme),
        places=at.places(programme),
        asked=asked,
        batches=await desk.reader.batches(programme.id, where, SHOWN),
        names={one.code: one.name for one in programme.services},
        most=BATCH_LIMIT,
        wrong=reason if refused else "",
        new_key=new_id,
    )
