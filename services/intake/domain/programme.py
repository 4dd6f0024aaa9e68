"""A programme is a document: what it offers, how, where, and how soon."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from services.intake.domain.calendar import CalendarExceptions
from services.intake.domain.complaint import WORKING_DAYS, ComplaintKind
from services.intake.domain.data_use import DataUse
from services.intake.domain.line_order import LineOrder
from services.intake.domain.refusal import Refused
from services.intake.domain.region import within
from services.intake.domain.service_point import ServicePoint
from services.intake.domain.survey import SurveyQuestion, require_same_words

ONLINE: Final = "online"
"""The channel by which residents ask on intake's own page, where a programme offers it."""


class Deliverable(StrEnum):
    """What a resident holds in the end."""

    CARD = "card"
    PDF = "pdf"
    APP = "app"


@dataclass(frozen=True, slots=True)
class CatalogueService:
    """One service a programme offers. `home`: it can be had without leaving the house.

    `child`: it is about a child, whose data are specific data (UU 27/2022, article 4).
    """

    code: str
    name: str
    deliverable: Deliverable
    home: bool = True
    child: bool = False
    """Whom it is for is a child, unless a birth date says otherwise."""


@dataclass(frozen=True, slots=True)
class Programme:
    """A tenant. `version` counts what was published of it."""

    id: str
    name: str
    owner: str
    region_code: str
    time_zone: str
    languages: tuple[str, ...]
    channels: tuple[str, ...]
    services: tuple[CatalogueService, ...]
    standard_working_days: int | None
    pick_up_and_delivery: bool
    calendar: CalendarExceptions = field(default_factory=CalendarExceptions)
    retention_days: int | None = None
    """Days after the last of a person's cases was closed; then he is erased. None: never."""
    copied_from: str | None = None
    catalogue_version: int | None = None
    """The catalogue that cases are opened under from now on; None: none was published."""
    version: int = 0
    data_use: DataUse = field(default_factory=DataUse)
    sop_version: int | None = None
    """The SOP that cases are opened under from now on; None: none was published."""
    requests_per_person_and_day: int | None = None
    """Requests that one person may make in a day; None: any number."""
    service_points: tuple[ServicePoint, ...] = ()
    """Where it is reached beside its events, as far as that is stated."""
    line: LineOrder = field(default_factory=LineOrder)
    complaint_days: Mapping[ComplaintKind, int] = field(default_factory=dict)
    """Working days in which complaints are answered, of kinds that have other than the usual."""
    survey_questions: tuple[SurveyQuestion, ...] = ()
    """What the satisfaction survey asks beside its nine elements."""

    def days_to_answer(self, kind: ComplaintKind) -> int:
        """Return the working days in which a complaint of a kind is to be answered."""
        return self.complaint_days.get(kind, WORKING_DAYS[kind])

    @property
    def catalogue(self) -> Mapping[str, CatalogueService]:
        """Return the services by their codes."""
        return {service.code: service for service in self.services}

    def same_as(self, other: "Programme") -> bool:
        """Return whether both have the same content, whatever their versions."""
        return replace(self, version=0) == replace(other, version=0)

    def require_stated(self, stated: Mapping[str, object]) -> None:
        """Refuse what somebody takes to stand of this programme, by field, and does not."""
        for name, value in stated.items():
            if (stands := getattr(self, name)) != value:
                field = "programme_id" if name == "id" else name
                said = "nothing" if stands is None else stands
                raise Refused("not_as_stated", f"{field}: it is {said}; read the programme anew")

    def succeeded_by(self, changed: "Programme") -> "Programme":
        """Return what a new publication makes of this one: itself where nothing changed.

        Days already counted would change with the time zone, so that stays for ever.
        """
        if changed.time_zone != self.time_zone:
            raise Refused("time_zone_fixed", "time_zone: it never changes once published")
        require_same_words(self.survey_questions, changed.survey_questions)
        following = replace(
            changed,
            version=self.version + 1,
            copied_from=self.copied_from,
            catalogue_version=self.catalogue_version,
            sop_version=self.sop_version,
        )
        return self if self.same_as(following) else following

    def raised_to(self, version: int) -> "Programme":
        """Return the same under a higher version. Raises Refused: version_not_above."""
        if version <= self.version:
            raise Refused("version_not_above", f"version: it is {self.version} already")
        return replace(self, version=version)

    def with_catalogue(self, version: int) -> "Programme":
        """Return the same with another catalogue, as the next version."""
        return replace(self, version=self.version + 1, catalogue_version=version)

    def with_sop(self, version: int) -> "Programme":
        """Return the same with another SOP, as the next version."""
        return replace(self, version=self.version + 1, sop_version=version)

    def copied(self, programme_id: str, name: str, owner: str) -> "Programme":
        """Return the same programme for somebody else."""
        if programme_id == self.id:
            raise Refused("programme_exists", "programme_id: a copy needs an id of its own")
        return replace(
            self,
            id=programme_id,
            name=name,
            owner=owner,
            copied_from=self.id,
            catalogue_version=None if self.catalogue_version is None else 1,
            sop_version=None if self.sop_version is None else 1,
            version=1,
        )

    def service(self, code: str) -> CatalogueService:
        """Return a service of the catalogue; Refused where it is not offered."""
        found = self.catalogue.get(code)
        if found is None:
            raise Refused("service_not_offered", f"service: {self.id} does not offer it")
        return found

    def require_channel(self, channel: str) -> None:
        """Refuse a way in that is not the programme's."""
        if channel not in self.channels:
            raise Refused("channel_not_offered", f"channel: {self.id} does not offer it")

    def brings(self, service: CatalogueService) -> bool:
        """Return whether papers are fetched and the document is brought for a service."""
        return self.pick_up_and_delivery and service.home

    def require_home(self, service: CatalogueService, region_code: str) -> None:
        """Refuse to fetch or bring where nobody of this programme comes to the door."""
        if not self.brings(service):
            raise Refused(
                "no_pick_up_and_delivery",
                f"pick_up, deliver: {self.id} does not come to the door for this service",
            )
        if not within(region_code, self.region_code):
            raise Refused(
                "outside_programme_region", "region_code: agents carry within their region alone"
            )


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """Our copy of an event, as scheduler last published it."""

    id: str
    version: int
    programme_id: str
    name: str
    place: str
    region_code: str
    on: date
    services: frozenset[str]
    ticketed: frozenset[str] = frozenset()
    """Services that have a line; to booths of the others people simply walk up."""
    opens_at: datetime | None = None
    """None in copies that were kept before intake told residents the hours."""
    closes_at: datetime | None = None
    cancelled: bool = False
    """It does not take place, for good."""

    def is_over(self, now: datetime, today: date) -> bool:
        """Return whether nobody can come any more; `today` is in the programme's zone."""
        return self.on < today if self.closes_at is None else self.closes_at <= now

    def require(
        self, programme_id: str, service: str, received_on: date, *, at_counter: bool = False
    ) -> None:
        """Refuse a request for another programme's event, or one over, off or without this service.

        `received_on` is in the programme's zone. Before the event's day a request is a booking.
        `at_counter`: people stood there and have a receipt, also where it was cancelled meanwhile.
        """
        if self.programme_id != programme_id:
            raise Refused("event_of_another_programme", "event_id: another programme's event")
        if self.cancelled and not at_counter:
            raise Refused("event_cancelled", "event_id: the event was cancelled")
        if service not in self.services:
            raise Refused("service_not_at_event", "service: no booth of the event offers it")
        if received_on > self.on:
            raise Refused("event_over", "event_id: the event's day has passed")


def office_region(programme: Programme, event: PlannedEvent | None, domicile: str) -> str:
    """Return the region that works on a request.

    Neighbours are invited (S0), so this is not always where the applicant lives: the event's
    region, else the domicile where it lies in the programme's region, else the programme's.
    """
    if event is not None:
        return event.region_code
    return domicile if within(domicile, programme.region_code) else programme.region_code
