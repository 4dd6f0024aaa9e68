"""The life of a request: facts that are only ever added, and a state that follows from them.

What booths, agents and recipients do comes in messages that are late, doubled and in any order.
So a case keeps facts, each with the earliest time it was reported for; putting two facts
together gives the same in any order, and nothing is ever taken back. The stages a case has reached
are a function of its facts, each is published once, and its number is the version it is published
under: whatever the order in which facts arrive, the same events go out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from services.intake.domain.calendar import day_end, local_day
from services.intake.domain.claim import Claim
from services.intake.domain.parties import TargetGroup, missing_of
from services.intake.domain.refusal import Refused
from services.intake.domain.resident import Party
from services.intake.domain.returned import Returned
from services.intake.domain.stages import Fact, Outcome, Stage, State, Step
from services.intake.domain.ticket import Ticket, earliest
from services.intake.domain.time_in_state import TimeInState

__all__ = ["Case", "Fact", "Outcome", "Stage", "State", "Step"]

_DECIDED = {
    Fact.HANDED_OVER: Outcome.HANDED_OVER,
    Fact.REJECTED: Outcome.REJECTED,
    Fact.CANCELLED: Outcome.CANCELLED,
}
_MEANS_VERIFIED = (Fact.VERIFIED, Fact.ISSUED)
_MEANS_BROUGHT = (Fact.DOCUMENT_COLLECTED, Fact.DELIVERY_REPORTED)
_STEP_FACTS = {
    Step.VERIFY: Fact.VERIFIED,
    Step.ISSUE: Fact.ISSUED,
    Step.HAND_OVER: Fact.HANDED_OVER,
    Step.REJECT: Fact.REJECTED,
    Step.CANCEL: Fact.CANCELLED,
}

CARRIERS_LIMIT: Final = 50
"""Agents who may have had one job: each of them is listed, since none may confirm its receipt."""


@dataclass(frozen=True, slots=True)
class Case:
    """One request of one person. `version` counts its changes, `tracking` is its code's hash.

    Who its parties are stands elsewhere, sealed.
    """

    id: str
    version: int
    tracking: str
    programme_id: str
    service: str
    channel: str
    region_code: str
    office_region: str
    time_zone: str
    rw: str | None
    event_id: str | None
    pick_up: bool
    deliver: bool
    due_on: date | None
    facts: Mapping[Fact, datetime]
    tickets: tuple[Ticket, ...] = ()
    failed_attempts: int = 0
    carriers: tuple[str, ...] = ()
    """Accounts of all agents who were given the job or carried; none of them confirms receipt."""
    carrier: str | None = None
    """Who carries now, as the newest version of courier's job says."""
    job_version: int = 0
    noted_overdue: bool = False
    """The due day ended while the document was awaited."""
    parties: Mapping[Party, str] = field(default_factory=dict)
    """Residents by what they are to the case."""
    child: bool = False
    """The request is a child's."""
    catalogue_version: int | None = None
    """The version of the programme's catalogue that it was opened under."""
    entry: str | None = None
    """What of that catalogue was asked for."""
    taken_up_on: date | None = None
    """The day it was carried over to, where its own was full; the standard begins there."""
    sop_version: int | None = None
    """The version of the programme's SOP that it was opened under."""
    waits: TimeInState | None = None
    """The time of the state it is in, where the SOP allows one."""
    batch_id: str | None = None
    """The batch in which its document is printed."""
    visit_id: str | None = None
    """The visit that it was recorded with, where people came together."""
    arrival_code: str | None = None
    """What the applicant was given at the event's gate."""
    target_group: TargetGroup | None = None
    """For whom the programme comes; in no event, and nothing more is known of the person."""
    needs: tuple[Party, ...] = ()
    """Whom the catalogue's entry wants named beside the applicant."""
    power_of_attorney: bool = False
    """A power of attorney is bound to it, or to its visit by its applicant, or was seen."""
    claim: Claim | None = None
    """Who works on it at the desk; rules in `desk_work.py`."""
    returned: Returned | None = None
    """It waits for papers that its resident is to bring anew."""

    @property
    def outcome(self) -> Outcome | None:
        """Return how the case ended; None while it is open.

        An officer's decision is only ever taken on an open case, so it comes first. A confirmed
        delivery closes a case whose document this office has issued, and waits for that.
        """
        for fact, outcome in _DECIDED.items():
            if fact in self.facts:
                return outcome
        delivered = {Fact.ISSUED, Fact.DELIVERY_CONFIRMED} <= self.facts.keys()
        return Outcome.DELIVERED if self.deliver and delivered else None

    @property
    def reached(self) -> Mapping[Stage, datetime]:
        """Return the stages that the facts amount to, and since when."""
        since = {
            Stage.RECEIVED: self.facts[Fact.RECEIVED],
            Stage.VERIFIED: self._verified_at,
            Stage.ISSUED: self.facts.get(Fact.ISSUED),
            Stage.RECEIPT_CONFIRMED: self.facts.get(Fact.RECEIPT_CONFIRMED),
            Stage.CLOSED: self.closed_at,
        }
        return {stage: at for stage, at in since.items() if at is not None}

    @property
    def state(self) -> State:
        """Return how far the case has come."""
        reached = self.reached
        for stage in (Stage.CLOSED, Stage.ISSUED, Stage.VERIFIED):
            if stage in reached:
                return State[stage.name]
        return State.RECEIVED

    @property
    def closed_at(self) -> datetime | None:
        """Return when the case ended."""
        outcome = self.outcome
        if outcome is Outcome.DELIVERED:
            return max(self.facts[Fact.ISSUED], self.facts[Fact.DELIVERY_CONFIRMED])
        return self.facts[Fact(outcome.value)] if outcome else None

    @property
    def within_standard(self) -> bool | None:
        """Return whether the document was issued by the due day, in the programme's zone.

        None without a document or without such a day. The standard is one for issue (three working
        days for every document, journal article of 2025), not for when somebody fetches it.
        """
        issued_at = self.facts.get(Fact.ISSUED)
        if issued_at is None or self.due_on is None:
            return None
        return local_day(issued_at, self.time_zone) <= self.due_on

    @property
    def overdue_at(self) -> datetime | None:
        """Return when the due day ends in the programme's zone; None without such a day."""
        return None if self.due_on is None else day_end(self.due_on, self.time_zone)

    @property
    def awaits_issue(self) -> bool:
        """Return whether the office still owes the document."""
        return Fact.ISSUED not in self.facts and self.outcome is None

    def is_late(self, now: datetime) -> bool:
        """Return whether the due day is over and the document still owed, by the clock alone."""
        return self.awaits_issue and self.overdue_at is not None and now >= self.overdue_at

    @property
    def overdue_since(self) -> datetime | None:
        """Return since when the document is overdue; None once it is issued or the case closed.

        `within_standard` tells afterwards.
        """
        return self.overdue_at if self.noted_overdue and self.awaits_issue else None

    @property
    def ticket(self) -> Ticket | None:
        """Return the newest ticket."""
        return max(self.tickets, key=lambda t: (t.since, t.id), default=None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what the law asks for and the case lacks; none of it stops the case."""
        power = self.power_of_attorney
        return missing_of(self.parties, self.needs, child=self.child, power=power)

    def joined_by(self, party: Party, resident_id: str) -> "Case":
        """Add a party to an open case. Raises Refused: `closed`, `party_named`."""
        if self.outcome is not None:
            raise Refused("closed", f"the request is closed: {self.outcome}")
        if party in self.parties:
            raise Refused("party_named", "party: the request names one already")
        return replace(self.involving(party, resident_id), version=self.version + 1)

    def involving(self, party: Party, resident_id: str) -> "Case":
        """Return the case with a resident as one of its parties, before it is stored."""
        return replace(self, parties={**self.parties, party: resident_id})

    def note(self, fact: Fact, at: datetime) -> "Case":
        """Add a fact; the case itself where that is nothing new."""
        known = self.facts.get(fact)
        if known is not None and known <= at:
            return self
        return replace(self, version=self.version + 1, facts={**self.facts, fact: at})

    def note_failure(self, attempt: int, at: datetime) -> "Case":
        """Add that an agent could not hand the document over, and how often by then."""
        noted = self.note(Fact.DELIVERY_FAILED, at)
        if attempt <= self.failed_attempts:
            return noted
        return replace(noted, version=self.version + 1, failed_attempts=attempt)

    def note_ticket(self, ticket: Ticket) -> "Case":
        """Add a message about a ticket."""
        tickets = {known.id: known for known in self.tickets}
        known = tickets.get(ticket.id)
        tickets[ticket.id] = known.joined(ticket) if known else ticket
        if tickets[ticket.id] == known:
            return self
        return replace(self, version=self.version + 1, tickets=tuple(tickets.values()))

    def note_carrier(self, agent_id: str, job_version: int = 0) -> "Case":
        """Add an agent who has the job, or had it where a newer version is known already.

        Raises Refused: too_many_carriers.
        """
        newest = job_version > self.job_version
        if agent_id in self.carriers and not newest:
            return self
        carriers = tuple(sorted({*self.carriers, agent_id}))
        if len(carriers) > CARRIERS_LIMIT:
            raise Refused("too_many_carriers", f"agent_id: {CARRIERS_LIMIT} agents had this job")
        noted = replace(self, version=self.version + 1, carriers=carriers)
        return replace(noted, carrier=agent_id, job_version=job_version) if newest else noted

    def is_carried_by(self, agent_id: str) -> bool:
        """Return whether this agent has the job now, and still something to carry."""
        brought_in = not self.deliver and Fact.PAPERS_HANDED_IN in self.facts
        ended = brought_in or Fact.DELIVERY_CONFIRMED in self.facts or self.outcome is not None
        return self.carrier == agent_id and not ended

    def note_overdue(self) -> "Case":
        """Note that the due day has ended; the case itself where nothing is owed."""
        if self.noted_overdue or self.due_on is None or not self.awaits_issue:
            return self
        return replace(self, version=self.version + 1, noted_overdue=True)

    def step(self, step: Step, at: datetime, by: str = "") -> "Case":
        """Do what an operator, `by`, decides. Raises Refused where the case is not ready for it.

        `verify` where a booth or an agent was quicker changes nothing; `issue` implies that
        the requirements were met, so it needs no `verify` before it.
        """
        if at < self.facts[Fact.RECEIVED]:
            raise Refused("before_received", "occurred_at: before the request was received")
        if step is Step.CONFIRM_RECEIPT:
            self._require_no_carrier(by)
            return self.confirm_receipt(at)
        if self.outcome is not None:
            raise Refused("closed", f"the request is closed: {self.outcome}")
        self._require(step)
        return self.note(_STEP_FACTS[step], at)

    def confirm_receipt(self, at: datetime) -> "Case":
        """Record that the recipient got the document; repeated it changes nothing.

        Nobody can have received what no agent has fetched yet: Refused `not_delivered_yet`.
        """
        if not self.deliver:
            raise Refused("nothing_to_deliver", "the document is fetched, not brought")
        if self.outcome not in (None, Outcome.DELIVERED):
            raise Refused("closed", f"the request is closed: {self.outcome}")
        if Fact.ISSUED not in self.facts:
            raise Refused("not_issued", "the document has not been issued yet")
        if not self._on_its_way:
            raise Refused("not_delivered_yet", "no agent has fetched the document yet")
        known = Fact.RECEIPT_CONFIRMED in self.facts
        return self if known else self.note(Fact.RECEIPT_CONFIRMED, at)

    @property
    def awaits_receipt(self) -> bool:
        """Return whether the recipient's word is missing and can be given."""
        open_ = self.deliver and self.outcome is None and Fact.ISSUED in self.facts
        return open_ and self._on_its_way and Fact.RECEIPT_CONFIRMED not in self.facts

    @property
    def _on_its_way(self) -> bool:
        return any(fact in self.facts for fact in _MEANS_BROUGHT)

    @property
    def _verified_at(self) -> datetime | None:
        served = [ticket.served_at for ticket in self.tickets]
        return earliest(*(self.facts.get(fact) for fact in _MEANS_VERIFIED), *served)

    def _require_no_carrier(self, by: str) -> None:
        if by in self.carriers:
            raise Refused("own_delivery", "step: who carried the document cannot confirm receipt")

    def _require(self, step: Step) -> None:
        issued = Fact.ISSUED in self.facts
        if step in (Step.ISSUE, Step.REJECT) and issued:
            raise Refused("already_issued", "the document has been issued")
        if step is not Step.HAND_OVER:
            return
        if not issued:
            raise Refused("not_issued", "the document has not been issued yet")
        if self.deliver and Fact.DELIVERY_FAILED not in self.facts:
            raise Refused("to_be_delivered", "an agent brings this document; none has failed to")
