"""Daftar siswa: a school's list is checked and recorded, and each pupil's slip is printed.

The list goes to and fro in the form: nothing of it is kept before it is recorded.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Form, Path, UploadFile
from starlette.responses import RedirectResponse, Response

from services.intake.domain import (
    ONLINE,
    AlreadyOpen,
    Case,
    ChannelCannot,
    PlannedEvent,
    Programme,
    Refused,
    local_day,
)
from services.intake.domain.counter import AT_COUNTER, Offer, offered_in
from services.intake.domain.roster import ROSTER_LARGEST, Roster, list_text, read_roster
from services.intake.domain.visit import Visit
from services.intake.pages.desk import DeskDep
from services.intake.pages.people import ShowsPeople
from services.intake.usecases import (
    InVisit,
    Recorder,
    Regions,
    allowed_case,
    current_catalogue,
    require_right,
)
from services.intake.usecases.rosters import (
    ROSTER_SERVICE,
    ForClass,
    Slip,
    record_roster,
    slip_of,
)
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId, Channel, ProgrammeId, TypedRegionCode
from shared.runtime import CommandsDep, Sent, built, provided
from shared.web.problems import NotFound

ROSTERS: Final = "/daftar-siswa"
CLASS: Final = f"{ROSTERS}/{{programme_id}}/{{channel}}"
SLIPS: Final = "/slip-siswa/{visit_id}"
_OPERATOR: Final = Rule({Role.OPERATOR})
RULES: Final[RouteRules] = {
    f"GET {ROSTERS}": _OPERATOR,
    f"GET {CLASS}": _OPERATOR,
    f"POST {CLASS}": _OPERATOR,
    f"GET {SLIPS}": _OPERATOR,
}
REFUSALS: Final = frozenset(
    {"list_missing", "too_large", "no_utf8", "place_unknown", "event_needed"}
)
"""What can be refused of a form, below `roster.wrong` in the texts; all else is `other`."""
_AT: Final = {"place_unknown": "wilayah", "event_needed": "acara"}
_EVENTS: Final = 50
"""Events to choose from, the nearest."""
_SUGGESTED: Final = ("KIA_5_TO_17", "KIA_UNDER_5")
"""What pupils and those under five want, as the shipped catalogues call it."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Way:
    """A channel of a programme in which children's cards can be asked for, and which ones."""

    programme: Programme
    channel: str
    offers: Sequence[Offer]

    @property
    def at_event(self) -> bool:
        """Return whether a list of this channel belongs to an event."""
        return self.channel == AT_COUNTER

    def variant(self, typed: str) -> str | None:
        """Return an entry that is offered, or None."""
        codes = [one.entry.code for one in self.offers if one.entry]
        return typed if typed in codes else None


@dataclass(frozen=True, slots=True)
class RosterDesk:
    """What the pages of rosters work with."""

    desk: DeskDep
    commands: CommandsDep
    regions: Annotated[Regions, Depends(provided(Regions))]
    recorder: Annotated[Recorder, Depends(provided(Recorder))]
    people: Annotated[ShowsPeople, Depends(provided(ShowsPeople))]

    async def ways(self) -> Sequence[Way]:
        """Return in which channels of which programmes whoever looks can record a list."""
        found = await self.desk.programmes()
        return [way for one in found.values() for way in await self._of(one)]

    async def _of(self, programme: Programme) -> Sequence[Way]:
        catalogue = await current_catalogue(programme, self.recorder.catalogues)
        ways = [
            Way(programme, channel, [one for one in offers if one.service.code == ROSTER_SERVICE])
            for channel in sorted({*programme.channels} - {ONLINE})
            for offers in [list(offered_in(channel, programme, catalogue))]
        ]
        return [way for way in ways if way.offers]

    async def way(self, programme_id: str, channel: str) -> Way:
        """Return a way by its names. Raises NotFound."""
        for one in await self.ways():
            if (one.programme.id, one.channel) == (programme_id, channel):
                return one
        raise NotFound("way")

    async def events(self, way: Way) -> Sequence[PlannedEvent]:
        """Return the events that a list can belong to: today's and later ones."""
        if not way.at_event:
            return []
        today = local_day(self.desk.clock(), way.programme.time_zone)
        return await self.desk.reader.events_since(today, _EVENTS, [way.programme.id])

    def places(self, programme: Programme) -> Mapping[str, str]:
        """Return the sub-districts of a programme with their names."""
        codes = self.regions.subdistricts(programme.region_code)
        return {one: self.regions.name(one) or one for one in codes}


RosterDeskDep = Annotated[RosterDesk, Depends(built(RosterDesk))]


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was sent."""

    records: bool = False
    content: str = ""
    wrong: str = ""
    """Why the file could not be read, a reason of REFUSALS."""
    region: str = ""
    event: str = ""
    variant: str = _SUGGESTED[0]
    under_five: str = _SUGGESTED[1]


async def typed_form(
    aksi: Annotated[str, Form(max_length=10)] = "",
    berkas: Annotated[UploadFile | None, File()] = None,
    isi: Annotated[str, Form(max_length=ROSTER_LARGEST)] = "",
    wilayah: Annotated[TypedRegionCode | None, Form()] = None,
    acara: Annotated[AggregateId | None, Form()] = None,
    entri: Annotated[str, Form(max_length=64)] = "",
    balita: Annotated[str, Form(max_length=64)] = "",
) -> Typed:
    """Read the fields of the form; a file that was chosen counts before a list sent back."""
    typed = Typed(aksi == "catat", isi, "", wilayah or "", acara or "", entri, balita)
    raw = await berkas.read(ROSTER_LARGEST + 1) if berkas is not None else b""
    if raw:
        try:
            return replace(typed, content=list_text(raw), records=False)
        except Refused as refused:
            return replace(typed, content="", wrong=refused.reason)
    return typed if isi.strip() else replace(typed, wrong="list_missing")


@router.get(ROSTERS)
async def show_ways(at: RosterDeskDep) -> Response:
    """List for what a school's list can be recorded."""
    return at.desk.pages.render(at.desk.request, "siswa_pilih.html", ways=await at.ways())


@router.get(CLASS)
async def show_class(
    at: RosterDeskDep,
    programme_id: Annotated[ProgrammeId, Path()],
    channel: Annotated[Channel, Path()],
) -> Response:
    """Show the form for one class."""
    at.desk.caller.regions(programme_id)
    return await _page(at, await at.way(programme_id, channel), Typed())


@router.post(CLASS)
async def post_class(
    at: RosterDeskDep,
    programme_id: Annotated[ProgrammeId, Path()],
    channel: Annotated[Channel, Path()],
    typed: Annotated[Typed, Depends(typed_form)],
) -> Response:
    """Check a list and show what is wrong with it, or record it and go to its slips."""
    at.desk.caller.regions(programme_id)
    way = await at.way(programme_id, channel)
    today = local_day(at.desk.clock(), way.programme.time_zone)
    roster = read_roster(typed.content, today) if typed.content else None
    try:
        _require(way, typed, at.places(way.programme))
        if roster is not None and typed.records and roster.ready:
            visit_id = await _recorded(at, way, typed, roster)
            to = at.desk.pages.at(SLIPS.format(visit_id=visit_id))
            return RedirectResponse(to, status_code=303)
    except Refused as refused:
        return await _page(at, way, typed, roster, [_worded(at, refused)])
    except InVisit as refused:
        return await _page(at, way, typed, roster, [("berkas", _said(at, refused, roster))])
    return await _page(at, way, typed, roster)


def _require(way: Way, typed: Typed, places: Mapping[str, str]) -> None:
    """Refuse a form that cannot be recorded whatever stands in the list."""
    if typed.wrong:
        raise Refused(typed.wrong, "the list cannot be read")
    if typed.region not in places:
        raise Refused("place_unknown", "wilayah: no sub-district of the programme")
    if way.at_event and not typed.event:
        raise Refused("event_needed", "acara: a list of an event names it")


async def _recorded(at: RosterDesk, way: Way, typed: Typed, roster: Roster) -> str:
    """Record the visit and return its id; the same list sent again brings the same one."""
    desk = at.desk
    asked = ForClass(
        programme_id=way.programme.id,
        channel=way.channel,
        region_code=typed.region,
        event_id=typed.event or None,
        variant=way.variant(typed.variant),
        under_five=way.variant(typed.under_five),
    )
    visit = asked.visit(roster, local_day(desk.clock(), way.programme.time_zone))
    allow = allowed_case(desk.caller)
    print_ = asked.print_of(typed.content, at.recorder.lookups)
    sent = Sent(print_, print_, actor=desk.caller.subject, action=f"POST {CLASS}")
    outcome = await at.commands.run(
        lambda uow: record_roster(visit, uow, recorder=at.recorder, allow=allow),
        sent=sent,
        key=visit.id,
    )
    answer: dict[str, Any] = outcome.answer
    visit_id: str = answer["visit_id"]
    return visit_id


def _worded(at: RosterDesk, refused: Refused) -> tuple[str, str]:
    reason = refused.reason if refused.reason in REFUSALS else "other"
    return _AT.get(reason, "berkas"), at.desk.pages.texts(f"roster.wrong.{reason}")


def _said(at: RosterDesk, refused: InVisit, roster: Roster | None) -> str:
    """Return why a pupil's request was refused, with the row where he stands."""
    texts = at.desk.pages.texts
    match refused.cause:
        case AlreadyOpen():
            why = texts("roster.wrong.already_open")
        case ChannelCannot(instead=instead):
            why = instead
        case Refused():
            why = texts("roster.wrong.other")
        case cause:
            raise cause
    row = roster.consented[refused.index].row if roster else "-"
    return texts("roster.refused", row=row, words=why)


async def _page(
    at: RosterDesk,
    way: Way,
    typed: Typed,
    roster: Roster | None = None,
    wrong: Sequence[tuple[str, str]] = (),
) -> Response:
    return at.desk.pages.render(
        at.desk.request,
        "siswa.html",
        status=422 if wrong or (roster is not None and roster.faults) else 200,
        way=way,
        typed=typed,
        roster=roster,
        wrong=list(wrong),
        places=at.places(way.programme),
        events=await at.events(way),
    )


@router.get(SLIPS)
async def show_slips(at: RosterDeskDep, visit_id: Annotated[AggregateId, Path()]) -> Response:
    """Show what each pupil of a list has yet to bring, to print it; each look is kept first."""
    reader = at.desk.reader
    visit = await reader.get(Visit, visit_id)
    if visit is None:
        raise NotFound("visit")
    at.desk.caller.within(visit.programme_id)
    cases = await reader.many(Case, visit.case_ids)
    allow = allowed_case(at.desk.caller)
    for one in cases.values():
        require_right(one, allow, backdated=False)
    programme = await reader.get(Programme, visit.programme_id)
    known = [cases[one] for one in visit.case_ids if one in cases]
    slips = await asyncio.gather(*(_slip(at, one, programme) for one in known))
    return at.desk.pages.render(
        at.desk.request,
        "siswa_slip.html",
        slips=[one for one in slips if one is not None],
        programme=programme,
    )


async def _slip(at: RosterDesk, case: Case, programme: Programme | None) -> Slip | None:
    told = await at.people.shown_to(at.desk.caller, at.desk.request, case, None)
    return await slip_of(case, told, programme, at.desk.reader, at.recorder)
