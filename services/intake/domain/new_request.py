"""From what somebody asks for to a case, or to the reason why not."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.intake.domain.calendar import Holidays, day_end, due_day, local_day
from services.intake.domain.case import Case
from services.intake.domain.counter import counted_as
from services.intake.domain.parties import (
    NamedParty,
    TargetGroup,
    about_child,
    require_parties,
)
from services.intake.domain.person import Person, require_born
from services.intake.domain.programme import PlannedEvent, Programme, office_region
from services.intake.domain.refusal import Refused
from services.intake.domain.region import is_village
from services.intake.domain.resident import Party
from services.intake.domain.stages import Fact
from services.intake.domain.time_in_state import TimeInState


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request as it comes in. `tracking` is the hash of its code."""

    case_id: str
    tracking: str
    programme_id: str
    service: str
    channel: str
    person: Person
    region_code: str
    rw: str | None = None
    event_id: str | None = None
    pick_up: bool = False
    deliver: bool = False
    repeat_reason: str | None = None
    """Why this person asks once more while an earlier request is open."""
    others: tuple[NamedParty, ...] = ()
    """Who else is in it: a child's guardian, a proxy, whose phone it is."""
    variant: str | None = None
    """Which entry of the catalogue; None: the service's first."""
    target_group: TargetGroup | None = None
    visit_id: str | None = None
    """The visit that it is recorded with."""
    arrival_code: str | None = None
    """What the applicant was given at the event's gate."""
    at_counter: bool = False
    """A counter of the event wrote it down, and may have sent it after the event."""
    seen: tuple[str, ...] = ()
    """Requirements whose papers an officer saw when it was recorded."""

    @property
    def at_home(self) -> bool:
        """Return whether somebody has to come to the door."""
        return self.pick_up or self.deliver


@dataclass(frozen=True, slots=True)
class TakenUp:
    """Under which entry of which catalogue a request runs, and on which day it is taken up.

    `on` is None where that is the day it came.
    """

    catalogue_version: int | None = None
    entry: str | None = None
    on: date | None = None
    needs: tuple[Party, ...] = ()


NOTHING_SAID: Final = TakenUp()
"""A programme without a catalogue."""


def open_case(
    new: NewRequest,
    programme: Programme,
    event: PlannedEvent | None,
    received_at: datetime,
    holidays: Holidays,
    taken: TakenUp = NOTHING_SAID,
) -> Case:
    """Return the case of a request. Raises Refused naming the field and the reason."""
    service = programme.service(new.service)
    programme.require_channel(new.channel)
    asked_on = local_day(received_at, programme.time_zone)
    if event is not None:
        asked_on = counted_as(asked_on, event.on) if new.at_counter else asked_on
        event.require(programme.id, new.service, asked_on, at_counter=new.at_counter)
    require_parties(new.person, new.others)
    people = (new.person, *(one.person for one in new.others))
    require_born(people, local_day(received_at, programme.time_zone))
    if new.at_home:
        require_door(new)
        programme.require_home(service, new.region_code)
    return Case(
        id=new.case_id,
        version=1,
        tracking=new.tracking,
        programme_id=programme.id,
        service=new.service,
        channel=new.channel,
        region_code=new.region_code,
        office_region=office_region(programme, event, new.region_code),
        time_zone=programme.time_zone,
        rw=new.rw,
        event_id=new.event_id,
        pick_up=new.pick_up,
        deliver=new.deliver,
        due_on=_due_on(programme, taken.on or asked_on, holidays),
        facts={Fact.RECEIVED: received_at},
        child=about_child(
            new.person,
            new.others,
            local_day(received_at, programme.time_zone),
            service=service.child,
        ),
        catalogue_version=taken.catalogue_version,
        entry=taken.entry,
        taken_up_on=taken.on,
        sop_version=programme.sop_version,
        waits=_waits(programme, event, received_at, taken.on),
        visit_id=new.visit_id,
        arrival_code=new.arrival_code,
        target_group=new.target_group,
        needs=taken.needs,
    )


def _waits(
    programme: Programme, event: PlannedEvent | None, received_at: datetime, carried_to: date | None
) -> TimeInState | None:
    """Return from when time counts: what is booked or carried over begins with its day."""
    if programme.sop_version is None:
        return None
    days = [day for day in (event.on if event else None, carried_to) if day is not None]
    begins = (day_end(day - timedelta(days=1), programme.time_zone) for day in days)
    return TimeInState(max((received_at, *begins)))


def require_door(new: NewRequest) -> None:
    """Refuse a visit without the door to knock at: village, RW and address."""
    if not is_village(new.region_code):
        raise Refused("village_needed", "region_code: pick-up and delivery need the village")
    if new.rw is None:
        raise Refused("rw_needed", "rw: pick-up and delivery need the RW of domicile")
    if new.person.address is None:
        raise Refused("address_needed", "applicant.address: pick-up and delivery need it")


def _due_on(programme: Programme, taken_up_on: date, holidays: Holidays) -> date | None:
    if programme.standard_working_days is None:
        return None
    return due_day(taken_up_on, programme.standard_working_days, holidays, programme.calendar)
