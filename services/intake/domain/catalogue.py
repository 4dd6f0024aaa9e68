"""The catalogue of a programme: what each service needs, and what each channel may promise.

A catalogue is published whole and never changed: a case keeps the version that it was opened under,
so that what its applicant was told stays true. Which services there are, what they end in and
within how many days is the programme's to say and stands there alone.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from services.intake.domain.beside import Beside
from services.intake.domain.life_event import LifeEvent
from services.intake.domain.paper import PaperKind, Whose
from services.intake.domain.programme import Programme
from services.intake.domain.refusal import Refused
from services.intake.domain.resident import Party


class Promise(StrEnum):
    """How much of a service a channel can do."""

    WHOLE = "whole"
    PART = "part"
    """It takes the request; something is left to the resident, which the text says."""
    NONE = "none"
    """It cannot; the text says what can be done instead."""


class ChannelCannot(Exception):  # noqa: N818 - reads as the decision it is
    """This channel cannot do what is asked for. `instead`: what can be done, for the resident."""

    def __init__(self, instead: str) -> None:
        super().__init__(instead)
        self.instead = instead


@dataclass(frozen=True, slots=True)
class Alternative:
    """One paper that meets a requirement. `form`: its number by Permendagri 109/2019.

    `of`: whose it must be where it was brought once for a whole visit.
    """

    kind: PaperKind
    text: str
    form: str | None = None
    of: Whose = Whose.REQUEST


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement, met by any of its alternatives (an SPTJM in place of a lost proof).

    `missing` is what a resident is told where none is there; `condition`, in words, when it is
    needed at all (None: always); `waivers` for which reasons an operator may do without it.
    """

    id: str
    missing: str
    any_of: tuple[Alternative, ...]
    condition: str | None = None
    waivers: tuple[str, ...] = ()

    @property
    def shows_power(self) -> bool:
        """Return whether nothing but a power of attorney meets it: who saw one, saw that."""
        return all(one.kind is PaperKind.POWER_OF_ATTORNEY for one in self.any_of)


@dataclass(frozen=True, slots=True)
class ChannelPromise:
    """What one channel may promise of one entry."""

    channel: str
    promise: Promise
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One variant of a service, such as KIA under five. `sources`: law or standard of what it says.

    `presence` says why somebody has to come, None where nobody has; `disagreement` where sources
    differ, and which one is followed; `needs` whom the law wants named beside the applicant.
    """

    code: str
    service: str
    name: str
    requirements: tuple[Requirement, ...]
    procedure: tuple[str, ...]
    channels: tuple[ChannelPromise, ...]
    sources: tuple[str, ...]
    presence: str | None = None
    disagreement: str | None = None
    needs: tuple[Party, ...] = ()

    def alternative(self, kind: PaperKind) -> Alternative | None:
        """Return where a kind of paper counts; None where it does not."""
        found = (a for one in self.requirements for a in one.any_of if a.kind is kind)
        return next(found, None)

    def requirement(self, requirement_id: str) -> Requirement | None:
        """Return one of its requirements, or None."""
        return next((one for one in self.requirements if one.id == requirement_id), None)

    @property
    def kinds(self) -> frozenset[PaperKind]:
        """Return the kinds of papers that meet any of its requirements."""
        return frozenset(one.kind for each in self.requirements for one in each.any_of)

    def promised(self, channel: str) -> ChannelPromise | None:
        """Return what is said of a channel; None where nothing is."""
        return next((one for one in self.channels if one.channel == channel), None)

    def taken_in(self, channel: str) -> bool:
        """Return whether a channel promises anything of it."""
        found = self.promised(channel)
        return found is not None and found.promise is not Promise.NONE

    def require_channel(self, channel: str) -> None:
        """Raise ChannelCannot where this way in cannot do it."""
        found = self.promised(channel)
        if found is not None and found.promise is Promise.NONE:
            raise ChannelCannot(found.text or "")

    @property
    def offered(self) -> bool:
        """Return whether some channel takes it."""
        return any(one.promise is not Promise.NONE for one in self.channels)


@dataclass(frozen=True, slots=True)
class Bringing:
    """How papers are given in a channel: copies at a counter, photos of the original online."""

    channel: str
    text: str


@dataclass(frozen=True, slots=True)
class DailyCap:
    """Requests for one service that one day takes; what comes above waits for the next."""

    service: str
    requests: int


@dataclass(frozen=True, slots=True)
class WaiverReason:
    """Why an operator may do without a paper."""

    code: str
    text: str


def catalogue_id(programme_id: str, version: int) -> str:
    """Return the id of one version."""
    return f"{programme_id}:{version}"


@dataclass(frozen=True, slots=True)
class Catalogue(Beside):
    """One version of a programme's catalogue. `cost` and `complaints` are words for residents."""

    entries: tuple[Entry, ...]
    bringing: tuple[Bringing, ...]
    waiver_reasons: tuple[WaiverReason, ...]
    daily_caps: tuple[DailyCap, ...]
    cost: str
    complaints: str
    life_events: tuple[LifeEvent, ...] = ()

    @property
    def id(self) -> str:
        """Return the id that this version is kept under."""
        return catalogue_id(self.programme_id, self.version)

    def entry(self, code: str) -> Entry | None:
        """Return one of its entries, or None."""
        return next((entry for entry in self.entries if entry.code == code), None)

    def entry_for(self, service: str, variant: str | None) -> Entry | None:
        """Return what is asked for: the variant, else the service's first. None: nothing is said.

        Raises Refused: variant_unknown.
        """
        fitting = self.entries_of(service)
        if variant is None:
            return fitting[0] if fitting else None
        found = next((entry for entry in fitting if entry.code == variant), None)
        if found is None:
            raise Refused("variant_unknown", "variant: the service has no such variant")
        return found

    def entries_of(self, service: str) -> tuple[Entry, ...]:
        """Return the variants of a service."""
        return tuple(entry for entry in self.entries if entry.service == service)

    def life_event(self, code: str) -> LifeEvent:
        """Return what belongs together after such an event. Raises Refused."""
        found = next((one for one in self.life_events if one.code == code), None)
        if found is None:
            raise Refused("life_event_unknown", "life_event: the catalogue has no such event")
        return found

    def together_in(
        self, channel: str, services: Collection[str]
    ) -> list[tuple[LifeEvent, tuple[Entry, ...]]]:
        """Return the life events of which a channel takes everything where these services are."""
        found = [(one, self._opened_by(one)) for one in self.life_events]
        return [
            (one, entries)
            for one, entries in found
            if all(entry.service in services and entry.taken_in(channel) for entry in entries)
        ]

    def _opened_by(self, event: LifeEvent) -> tuple[Entry, ...]:
        return tuple(entry for entry in map(self.entry, event.entries) if entry)

    def bring(self, channel: str) -> str | None:
        """Return how papers are given in a channel."""
        return next((one.text for one in self.bringing if one.channel == channel), None)

    def cap(self, service: str) -> int | None:
        """Return how many requests a day takes; None: any number."""
        return next((one.requests for one in self.daily_caps if one.service == service), None)

    def _faults(self, programme: Programme) -> Iterator[Refused]:
        services = {entry.service for entry in self.entries}
        for code in sorted(programme.catalogue.keys() - services):
            yield Refused("service_without_entry", f"entries: nothing is said of {code}")
        for cap in self.daily_caps:
            if cap.service not in programme.catalogue:
                yield Refused("service_not_offered", f"daily_caps: {cap.service} is not offered")
        for entry in self.entries:
            yield from self._faults_of(entry, programme)
        for event in self.life_events:
            yield from self._faults_of_event(event, programme)

    def _faults_of_event(self, event: LifeEvent, programme: Programme) -> Iterator[Refused]:
        at = f"life_events: {event.code}:"
        for code in event.entries:
            entry = self.entry(code)
            if entry is None:
                yield Refused("entry_unknown", f"{at} the catalogue has no entry {code}")
            elif not entry.offered or entry.service not in programme.catalogue:
                yield Refused("service_not_offered", f"{at} nobody can ask for {code}; tell it")

    def _faults_of(self, entry: Entry, programme: Programme) -> Iterator[Refused]:
        at = f"entries: {entry.code}:"
        if entry.offered and entry.service not in programme.catalogue:
            yield Refused("service_not_offered", f"{at} the programme does not offer its service")
        for channel in programme.channels:
            if entry.promised(channel) is None:
                yield Refused("channel_without_promise", f"{at} nothing is said of {channel}")
        for promise in entry.channels:
            if promise.promise is not Promise.WHOLE and promise.text is None:
                yield Refused("promise_without_text", f"{at} no text for {promise.channel}")
        if _repeats([a.kind for one in entry.requirements for a in one.any_of]):
            # Else one paper would be taken for two requirements.
            yield Refused("kind_twice", f"{at} a kind of paper meets one requirement alone")
        known = {reason.code for reason in self.waiver_reasons}
        if any(not known.issuperset(one.waivers) for one in entry.requirements):
            yield Refused("waiver_reason_unknown", f"{at} a reason that the catalogue lacks")


def _repeats(kinds: list[PaperKind]) -> bool:
    return len(set(kinds)) < len(kinds)
