"""What a job is and which step may follow which. Standard library only, no clock, no IO.

A job is the carrying for one case: papers from the home to the office, the document from a service
point back to the home (HALO PAMOR, JIPPNAS: steps 4 to 7). What the office and the recipient say
arrives by message, late or early, so it is kept as facts beside the agent's own steps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum


class JobState(StrEnum):
    """How far the agent has come."""

    OPEN = "open"
    """Nobody has it: no agent is known for that RW."""
    ASSIGNED = "assigned"
    PAPERS_COLLECTED = "papers_collected"
    PAPERS_HANDED_IN = "papers_handed_in"
    DOCUMENT_COLLECTED = "document_collected"
    DELIVERY_REPORTED = "delivery_reported"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """What an agent can report."""

    COLLECT_PAPERS = "collect_papers"
    HAND_IN_PAPERS = "hand_in_papers"
    COLLECT_DOCUMENT = "collect_document"
    DELIVER = "deliver"
    FAIL = "fail"


class Deed(StrEnum):
    """What courier notes in its trail (`shared/audit`)."""

    AREA_SERVED = "area_served"
    """An agent was put in charge of an RW: `said` has who. He reads whom he visits (intake)."""
    JOB_GIVEN = "job_given"
    """Somebody gave a job to another agent: `said` has whom."""
    JOB_READ = "job_read"
    """Somebody of the office looked at a job that he does not carry."""
    JOBS_LISTED = "jobs_listed"
    """Somebody of the office listed a programme's jobs: `said` has how many were shown, and
    what was chosen: `state=`, `ended=`, `agent=`, and `after=`, the last job of the page before."""


class Refused(Exception):  # noqa: N818 - reads as the decision it is
    """A step that the rules do not allow; `reason` is stable, `detail` a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


SETTLES_AFTER = timedelta(minutes=2)
"""Longer than a transaction lives: whoever read an area before it had an agent has committed."""

ENDED = frozenset({JobState.DONE, JobState.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody lives as far as carrying needs it. RW numbers repeat in every village."""

    village: str
    rw: str


@dataclass(frozen=True, slots=True)
class Job:
    """The carrying for one case. `version` counts its changes."""

    id: str
    version: int
    programme_id: str
    service: str
    channel: str
    place: Place
    pick_up: bool
    deliver: bool
    state: JobState = JobState.OPEN
    agent_id: str | None = None
    document_issued: bool = False
    receipt_confirmed: bool = False
    attempts: int = 0
    opened_at: datetime | None = None
    """When the request came. Jobs stored before times were kept have none of the three."""
    reported_at: datetime | None = None
    """When the agent handed the document over by his word, which counts until he takes it back."""
    receipt_at: datetime | None = None
    """When the recipient confirmed it."""

    @property
    def ended(self) -> bool:
        """Return whether nothing is to be carried any more."""
        return self.state in ENDED

    def assign(self, agent_id: str) -> "Job":
        """Give an open job to the agent of its RW."""
        if self.state is not JobState.OPEN:
            raise Refused("already_assigned", "the job has an agent")
        return replace(self, version=self.version + 1, state=JobState.ASSIGNED, agent_id=agent_id)

    def give_to(self, agent_id: str) -> "Job":
        """Give the job to another agent, with what is in hand; the job itself where he has it."""
        if self.ended:
            raise Refused("ended", f"nothing is to be carried any more: {self.state}")
        if self.agent_id == agent_id:
            return self
        state = JobState.ASSIGNED if self.state is JobState.OPEN else self.state
        return replace(self, version=self.version + 1, state=state, agent_id=agent_id)

    @property
    def delivered_at(self) -> datetime | None:
        """Return when the later of both words was given, whichever came here first."""
        known = [at for at in (self.reported_at, self.receipt_at) if at is not None]
        return max(known) if known and self.state is JobState.DONE else None

    def require_after_opening(self, at: datetime) -> None:
        """Raise Refused where a step is dated before the job was opened."""
        if self.opened_at is not None and at < self.opened_at:
            raise Refused("before_opened", "occurred_at: there was no job yet")

    @property
    def next_step(self) -> Step | None:
        """Return what its agent is to do next; None while he waits for the office or the recipient.

        Nothing either once the job has ended, and before it has an agent.
        """
        collect = Step.COLLECT_DOCUMENT if self.document_issued else None
        return {
            JobState.ASSIGNED: Step.COLLECT_PAPERS if self.pick_up else collect,
            JobState.PAPERS_COLLECTED: Step.HAND_IN_PAPERS,
            JobState.PAPERS_HANDED_IN: collect,
            JobState.DOCUMENT_COLLECTED: Step.DELIVER,
        }.get(self.state)

    @property
    def may_fail(self) -> bool:
        """Return whether an attempt to hand the document over can be reported as failed."""
        return self.state in (JobState.DOCUMENT_COLLECTED, JobState.DELIVERY_REPORTED)

    def step(self, step: Step, agent_id: str, at: datetime) -> "Job":
        """Do what the agent did at that time. Raises Refused: not_yours, or a step out of order."""
        if self.agent_id != agent_id:
            raise Refused("not_yours", "the job is another agent's")
        match step:
            case Step.COLLECT_PAPERS:
                return self._collect_papers()
            case Step.HAND_IN_PAPERS:
                return self._hand_in_papers()
            case Step.COLLECT_DOCUMENT:
                return self._collect_document()
            case Step.DELIVER:
                return self._deliver(at)
            case Step.FAIL:
                return self._fail()

    def issue_document(self) -> "Job":
        """Note that the office has issued the document."""
        return (
            self
            if self.document_issued
            else replace(self, version=self.version + 1, document_issued=True)
        )

    def confirm_receipt(self, at: datetime) -> "Job":
        """Note that the recipient has the document; with the agent's word the job is done."""
        if self.receipt_confirmed:
            return self
        noted = replace(self, version=self.version + 1, receipt_confirmed=True, receipt_at=at)
        reported = self.state is JobState.DELIVERY_REPORTED
        return replace(noted, state=JobState.DONE) if reported else noted

    def withdraw(self) -> "Job":
        """End a job whose request was closed otherwise; a job that has ended stays as it is."""
        return (
            self
            if self.ended
            else replace(self, version=self.version + 1, state=JobState.WITHDRAWN)
        )

    def _collect_papers(self) -> "Job":
        if not self.pick_up:
            raise Refused("nothing_to_pick_up", "no papers are to be fetched for this job")
        self._expect(JobState.ASSIGNED)
        return replace(self, version=self.version + 1, state=JobState.PAPERS_COLLECTED)

    def _hand_in_papers(self) -> "Job":
        self._expect(JobState.PAPERS_COLLECTED)
        # Without a delivery the office has all it needs: the applicant fetches the document.
        state = JobState.PAPERS_HANDED_IN if self.deliver else JobState.DONE
        return replace(self, version=self.version + 1, state=state)

    def _collect_document(self) -> "Job":
        if not self.deliver:
            raise Refused("nothing_to_deliver", "the applicant fetches the document")
        self._expect(JobState.PAPERS_HANDED_IN if self.pick_up else JobState.ASSIGNED)
        if not self.document_issued:
            raise Refused("not_issued", "the document has not been issued yet")
        return replace(self, version=self.version + 1, state=JobState.DOCUMENT_COLLECTED)

    def _deliver(self, at: datetime) -> "Job":
        self._expect(JobState.DOCUMENT_COLLECTED)
        state = JobState.DONE if self.receipt_confirmed else JobState.DELIVERY_REPORTED
        return replace(self, version=self.version + 1, state=state, reported_at=at)

    def _fail(self) -> "Job":
        """Have the document in hand, still or again; the next attempt begins there.

        After a report that nobody has confirmed it takes that report back: it was a mistake, or
        the recipient reports that nothing came.
        """
        if self.state is not JobState.DELIVERY_REPORTED:
            self._expect(JobState.DOCUMENT_COLLECTED)
        return replace(
            self,
            version=self.version + 1,
            state=JobState.DOCUMENT_COLLECTED,
            attempts=self.attempts + 1,
            reported_at=None,
        )

    def _expect(self, state: JobState) -> None:
        if self.state is not state:
            raise Refused("out_of_order", f"this follows {state}, and the job is {self.state}")


@dataclass(frozen=True, slots=True)
class Area:
    """One RW of one programme and who carries there.

    It lists no jobs: its document would grow with every one. `unsettled_since` is set while jobs
    may still be open there although somebody carries: it tells the search where to look.
    """

    programme_id: str
    place: Place
    version: int = 0
    agent_id: str | None = None
    unsettled_since: datetime | None = None

    @property
    def id(self) -> str:
        """Return the key of this area."""
        return self.key(self.programme_id, self.place)

    @staticmethod
    def key(programme_id: str, place: Place) -> str:
        """Return the key of an area: an RW number alone repeats in every village."""
        return f"{programme_id}/{place.village}/{place.rw}"

    def served_by(self, agent_id: str, at: datetime) -> "Area":
        """Put an agent in charge; jobs that waited are to be looked for from now on."""
        return replace(self, version=self.version + 1, agent_id=agent_id, unsettled_since=at)

    def settle(self, at: datetime) -> "Area":
        """Look for open jobs no longer, once nobody can still decide on the area as it was."""
        if self.unsettled_since is None or at - self.unsettled_since < SETTLES_AFTER:
            return self
        return replace(self, version=self.version + 1, unsettled_since=None)


@dataclass(frozen=True, slots=True)
class Programme:
    """Courier's copy of a programme, as intake last published it."""

    id: str
    version: int
    name: str
    owner: str
    region_code: str
    time_zone: str = "Asia/Jakarta"
    names: Mapping[str, str] = field(default_factory=dict)
    """What services are called, by their codes."""
