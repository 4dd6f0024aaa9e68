"""What is planned: an event with its place, hours and booths."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.scheduler.domain.booth import Booth
from services.scheduler.domain.lease import LEASE_AFTER, LEASE_BEFORE, MERGE_DAYS, merge_open
from services.scheduler.domain.offer import Offer
from services.scheduler.domain.programme import Caution, Programme
from services.scheduler.domain.refusal import Refused

SLOT_MINUTES: Final = 15
"""Times are booked by the quarter of an hour."""
_AN_INSTANT: Final = timedelta(microseconds=1)
_PROMISED: Final = {
    "region_code": "region_fixed",
    "on": "day_fixed",
    "opens": "hours_fixed",
    "closes": "hours_fixed",
}
"""What stays for those who hold tickets, with the reason of a refusal."""


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
    offers: tuple[Offer, ...] = ()
    """What those are offered who are not served before the closing, beside the programme's own."""

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

    def with_line(self, service: str) -> tuple[Booth, ...]:
        """Return the booths that call the line of a service."""
        return tuple(one for one in self.booths if one.ticketed and service in one.services)

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
    """A plan that stands. `version` counts its changes; what was cancelled stays so."""

    id: str
    version: int
    plan: Plan
    time_zone: str
    cancelled: bool = False

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

    @property
    def over_at(self) -> datetime:
        """Return when its day ends, UTC: whoever waits then waits in vain."""
        return self._at(time(), self.plan.on + timedelta(days=1))

    def is_over(self, now: datetime) -> bool:
        """Return whether its day has gone by."""
        return now >= self.over_at

    def require_held(self) -> None:
        """Refuse what needs an event that takes place: cancelled."""
        if self.cancelled:
            raise Refused("cancelled", "event_id: the event was cancelled")

    def require_over(self, now: datetime) -> None:
        """Refuse to send people away before the closing: not_closing_yet."""
        if now < self.closes_at:
            raise Refused("not_closing_yet", f"event_id: it closes at {self.plan.closes:%H:%M}")

    def require_not_over(self, now: datetime) -> None:
        """Refuse to call off what has taken place: event_over."""
        if now >= self.closes_at:
            raise Refused("event_over", f"event_id: it closed at {self.plan.closes:%H:%M}")

    def in_its_day(self, now: datetime) -> datetime:
        """Return the time, or the last instant of the event's day where that has gone by."""
        return min(now, self.over_at - _AN_INSTANT)

    def require_today(self, now: datetime) -> None:
        """Refuse on any other day than the event's: cancelled, not_its_day."""
        self.require_held()
        self.require_its_day(now)

    def require_its_day(self, now: datetime) -> None:
        """Refuse on any other day than the event's: not_its_day."""
        today = self._day(now)
        if today != self.plan.on:
            said = f"event_id: it is on {self.plan.on}, and in {self.time_zone} it is {today}"
            raise Refused("not_its_day", said)

    def require_history(self, at: datetime, now: datetime) -> None:
        """Refuse what cannot be brought in as history: not_over_yet, not_its_day."""
        if not self.is_over(now):
            said = f"occurred_at: only of a day gone by, and the event is on {self.plan.on}"
            raise Refused("not_over_yet", said)
        if not self.is_on(at):
            raise Refused("not_its_day", f"occurred_at: the event was on {self.plan.on}")

    def require_leasable(self, now: datetime) -> None:
        """Refuse to lease anything of the event to a device: cancelled, too_early, closed."""
        self.require_held()
        if now < self.closes_at - LEASE_BEFORE:
            raise Refused("too_early", f"event_id: leases begin {LEASE_BEFORE} before it closes")
        if now >= self.leases_until:
            raise Refused("closed", f"event_id: it closed at {self.plan.closes:%H:%M}")

    @property
    def leases_until(self) -> datetime:
        """Return when every lease of the event ends."""
        return self.closes_at + LEASE_AFTER

    def require_merge_open(self, now: datetime) -> None:
        """Refuse what happened at an event that was too long ago: merge_too_late."""
        if not merge_open(self._day(now), self.plan.on):
            said = f"event_id: what happened there is taken in for {MERGE_DAYS} days"
            raise Refused("merge_too_late", said)

    def require_open(self, now: datetime, *, booked: bool = False) -> None:
        """Refuse to give a ticket where nobody can use it: cancelled, not_its_day, closed.

        Who books a time does so on any day up to the closing.
        """
        self.require_held()
        if not booked:
            self.require_today(now)
        if now >= self.closes_at:
            raise Refused("closed", f"event_id: it closed at {self.plan.closes:%H:%M}")

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
        """Take another plan; the same one changes nothing.

        Raises Refused: cancelled, other_programme.
        """
        self.require_held()
        if plan.programme_id != self.plan.programme_id:
            raise Refused("other_programme", "an event stays in its programme")
        return self if plan == self.plan else replace(self, version=self.version + 1, plan=plan)

    def cancel(self) -> "ScheduledEvent":
        """Let it not take place, for good."""
        return replace(self, version=self.version + 1, cancelled=True)

    def serves_who_missed(self, other: "ScheduledEvent", service: str) -> bool:
        """Return whether somebody whom another event did not serve can come to this one."""
        same = self.plan.programme_id == other.plan.programme_id
        offered = any(service in booth.services for booth in self.plan.booths)
        return same and offered and not self.cancelled and self.plan.on > other.plan.on

    def raised_to(self, version: int) -> "ScheduledEvent":
        """Return the same under a higher version. Raises Refused: version_not_above."""
        if version <= self.version:
            raise Refused("version_not_above", f"version: it is {self.version} already")
        return replace(self, version=version)

    def _day(self, now: datetime) -> date:
        return now.astimezone(ZoneInfo(self.time_zone)).date()

    def _at(self, local: time, day: date | None = None) -> datetime:
        zone = ZoneInfo(self.time_zone)
        return datetime.combine(day or self.plan.on, local, zone).astimezone(UTC)
