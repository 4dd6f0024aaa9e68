"""A unit of work in memory, committed as it goes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.courier.domain import Area, Job, Place, Programme
from shared.contracts.envelope import Envelope
from shared.contracts.event import Event
from shared.messaging.errors import PredecessorMissing

NOW = datetime(2023, 3, 11, 2, 15, tzinfo=UTC)


@dataclass
class FakeWork:
    """`usecases.Work`."""

    jobs: dict[str, Job] = field(default_factory=dict)
    areas: dict[tuple[str, Place], Area] = field(default_factory=dict)
    programmes: dict[str, Programme] = field(default_factory=dict)
    published: list[tuple[Event, int, datetime | None]] = field(default_factory=list)
    cause: Envelope | None = None

    def caused_by(self, version: int) -> "FakeWork":
        """The same data in the face of an event with this version."""
        self.cause = Envelope(
            id="m1",
            type="intake.programme_published.v1",
            source="intake",
            aggregate_id="halo_pamor",
            version=version,
            correlation_id="halo_pamor",
            causation_id=None,
            occurred_at=NOW,
            recorded_at=NOW,
        )
        return self

    @property
    def events(self) -> list[str]:
        """The types that were published, in order, without producer and version."""
        return [event.type.split(".")[1] for event, _, _ in self.published]

    def now(self) -> datetime:
        """The time, always the same."""
        return NOW

    async def job(self, job_id: str) -> Job | None:
        """A job."""
        return self.jobs.get(job_id)

    async def job_of(self, case_id: str) -> Job:
        """The job of a case, or a wait for it."""
        if case_id not in self.jobs:
            raise PredecessorMissing("jobs", case_id)
        return self.jobs[case_id]

    async def area(self, programme_id: str, place: Place) -> Area:
        """An area."""
        return self.areas.get((programme_id, place), Area(programme_id, place))

    async def programme(self, programme_id: str) -> Programme | None:
        """A programme."""
        return self.programmes.get(programme_id)

    def keep_job(self, job: Job) -> None:
        """Store a job, in rising versions as the kernel demands."""
        before = self.jobs.get(job.id)
        assert job.version > (before.version if before else 0)
        self.jobs[job.id] = job

    def keep_area(self, area: Area) -> None:
        """Store an area, in rising versions."""
        before = self.areas.get((area.programme_id, area.place))
        assert area.version > (before.version if before else 0)
        self.areas[area.programme_id, area.place] = area

    def keep_programme(self, programme: Programme) -> None:
        """Store a programme, in rising versions."""
        before = self.programmes.get(programme.id)
        assert programme.version > (before.version if before else 0)
        self.programmes[programme.id] = programme

    def publish(self, event: Event, *, version: int, occurred_at: datetime | None = None) -> None:
        """Note an event."""
        self.published.append((event, version, occurred_at))
