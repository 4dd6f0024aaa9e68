"""What is planned: an event with its place, hours and booths."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from services.scheduler.domain.programme import Caution, Programme
from services.scheduler.domain.refusal import Refused

SLOT_MINUTES: Final = 15
"""Times are booked by the quarter of an hour."""
_PROMISED: Final = {
    "region_code": "region_fixed",
    "on": "day_fixed",
    "opens": "hours_fixed",
    "closes": "hours_fixed",
}
"""What stays for those who hold tickets, with the reason of a refusal."""


@dataclass(frozen=True, slots=True)
class Booth:
    """A booth of one agency, with one counter. Without tickets people simply walk up.

    `agency` is its name as people read it; `agency_id` names it in its operators' grants.
    `weights`: how many calls in turn it gives its services, where its programme says otherwise.
    """

    id: str
    agency: str
    services: tuple[str, ...]
    ticketed: bool
    agency_id: str | None = None
    weights: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """An event as its planner wants it; `opens` and `closes` by the programme's own clock."""

    programme_id: str
    name: str
    place: str
    region_code: str
    on: date
    opens: time
    closes: time
    booths: tuple[Booth, ...]

    @property
    def ticketed_services(self) -> tuple[str, ...]:
        """Return the services that have a line, each once, in order of their codes."""
        offered = (booth.services for booth in self.booths if booth.ticketed)
        return tuple(sorted({service for services in offered for service in services}))

    def moved_from(self, before: "Plan") -> tuple[str, str] | None:
        """Return what changed of where and when people come, as the reason that forbids it.

        With it the name of the field. None: whoever holds a ticket finds everything as it was.
        """
        changed = (
            (reason, field)
            for field, reason in _PROMISED.items()
            if getattr(self, field) != getattr(before, field)
        )
        return next(changed, None)

    def booth(self, booth_id: str) -> Booth | None:
        """Return a booth."""
        return next((booth for booth in self.booths if booth.id == booth_id), None)

    def booths_for(self, service: str) -> tuple[Booth, ...]:
        """Return the booths that call the line of a service."""
        return tuple(b for b in self.booths if b.ticketed and service in b.services)

    def of_agencies(self, agencies: frozenset[str]) -> "Plan":
        """Return the plan with the booths of these agencies alone."""
        kept = tuple(booth for booth in self.booths if booth.agency_id in agencies)
        return replace(self, booths=kept)

    def check(self, programme: Programme) -> None:
        """Refuse a plan that its programme cannot carry out.

        Raises Refused: `region_outside_programme`; `no_ticketed_booth`, because requests are taken
        for the event and none of them would ever get a place in a line.
        """
        if not programme.reaches(self.region_code):
            said = f"region_code: must lie in {programme.region_code}"
            raise Refused("region_outside_programme", said)
        if not self.ticketed_services:
            raise Refused("no_ticketed_booth", "booths: at least one must be ticketed")

    def beside(self, programme: Programme) -> Caution | None:
        """Return that some lines are of services which nobody can request: the gate fills them."""
        others = sorted(set(self.ticketed_services) - set(programme.services))
        if not others:
            return None
        return Caution("not_in_catalogue", f"tickets at the gate alone: {', '.join(others)}")


@dataclass(frozen=True, slots=True)
class ScheduledEvent:
    """A plan that stands. `version` counts its changes."""

    id: str
    version: int
    plan: Plan
    time_zone: str

    @property
    def opens_at(self) -> datetime:
        """Return when the booths open, UTC."""
        return self._at(self.plan.opens)

    @property
    def closes_at(self) -> datetime:
        """Return when the booths close, UTC."""
        return self._at(self.plan.closes)

    def is_on(self, now: datetime) -> bool:
        """Return whether it is the event's day, by the programme's clock."""
        return self._day(now) == self.plan.on

    def require_today(self, now: datetime) -> None:
        """Refuse on any other day than the event's: not_its_day."""
        today = self._day(now)
        if today != self.plan.on:
            said = f"the event is on {self.plan.on}, and in {self.time_zone} it is {today}"
            raise Refused("not_its_day", said)

    def require_open(self, now: datetime, *, booked: bool = False) -> None:
        """Refuse to give a ticket where nobody can use it: not_its_day, closed.

        Who books a time does so on any day up to the closing.
        """
        if not booked:
            self.require_today(now)
        if now >= self.closes_at:
            raise Refused("closed", f"the event closed at {self.plan.closes:%H:%M}")

    def booked_at(self, local: time) -> datetime:
        """Return when somebody is to come who booked a time of the event's day, UTC.

        By the quarter of an hour: each time is a lane of every line. Raises Refused: not_in_hours,
        not_in_slots.
        """
        if local.minute % SLOT_MINUTES or local.second:
            said = "booked_for: is booked by the quarter of an hour, such as 09:15"
            raise Refused("not_in_slots", said)
        if not self.plan.opens <= local < self.plan.closes:
            said = (
                f"booked_for: the event is from {self.plan.opens:%H:%M} to {self.plan.closes:%H:%M}"
            )
            raise Refused("not_in_hours", said)
        return self._at(local)

    def replan(self, plan: Plan) -> "ScheduledEvent":
        """Take another plan; the same plan changes nothing. Raises Refused: other_programme."""
        if plan.programme_id != self.plan.programme_id:
            raise Refused("other_programme", "an event stays in its programme")
        return self if plan == self.plan else replace(self, version=self.version + 1, plan=plan)

    def raised_to(self, version: int) -> "ScheduledEvent":
        """Return the same under a higher version. Raises Refused: version_not_above."""
        if version <= self.version:
            raise Refused("version_not_above", f"version: it is {self.version} already")
        return replace(self, version=version)

    def _day(self, now: datetime) -> date:
        return now.astimezone(ZoneInfo(self.time_zone)).date()

    def _at(self, local: time) -> datetime:
        zone = ZoneInfo(self.time_zone)
        return datetime.combine(self.plan.on, local, zone).astimezone(UTC)
