"""The SOP of a programme: who may do which step in which state, and how long a state may last.

The states and steps are those of a case (`case.py`): an office configures them and invents none. An
SOP is published whole and never changed: a case ends under the version that it was opened under.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.intake.domain.beside import Beside
from services.intake.domain.case import State, Step
from services.intake.domain.programme import Programme
from services.intake.domain.refusal import Refused
from services.intake.domain.time_in_state import Allowed, Opening, Unit

USUAL_ROLES: Final = frozenset({"operator", "importer"})
"""Who may do every step where no SOP says anything of the state."""
WORKS: Final = frozenset({"operator", "supervisor", "importer"})
"""Roles that an SOP may give a step to."""
IS_TOLD: Final = frozenset({"supervisor", "head"})
"""Roles that can be told of a case that is late."""
_OPEN: Final = frozenset({Step.ISSUE, Step.REJECT, Step.CANCEL, Step.VERIFY})
POSSIBLE: Final[Mapping[State, frozenset[Step]]] = {
    State.RECEIVED: _OPEN,
    State.VERIFIED: _OPEN,
    State.ISSUED: frozenset({Step.HAND_OVER, Step.CANCEL, Step.CONFIRM_RECEIPT}),
}
"""Steps that a state can have at all. `closed` has none: nothing waits there."""
_ONWARD: Final[Mapping[State, frozenset[Step]]] = {
    State.RECEIVED: frozenset({Step.VERIFY, Step.ISSUE}),
    State.VERIFIED: frozenset({Step.ISSUE}),
    State.ISSUED: frozenset({Step.HAND_OVER}),
}


@dataclass(frozen=True, slots=True)
class StepRule:
    """A step and the roles that may do it."""

    step: Step
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passing:
    """A time that is allowed, and the role that is told once it has passed."""

    after: Allowed
    tell: str


@dataclass(frozen=True, slots=True)
class StateRule:
    """What holds in one state. `source` says where that stands, or that it is our proposal.

    `escalation` is counted from the moment at which `time` had passed.
    """

    state: State
    steps: tuple[StepRule, ...]
    source: str
    time: Passing | None = None
    escalation: Passing | None = None

    def roles(self, step: Step) -> frozenset[str] | None:
        """Return who may do a step; None where the state does not have it."""
        found = next((one.roles for one in self.steps if one.step is step), None)
        return None if found is None else frozenset(found)

    @property
    def passings(self) -> tuple[Passing, ...]:
        """Return the times that run in this state, one after the other."""
        return tuple(one for one in (self.time, self.escalation) if one is not None)


def sop_id(programme_id: str, version: int) -> str:
    """Return the id of one version."""
    return f"{programme_id}:{version}"


@dataclass(frozen=True, slots=True)
class Sop(Beside):
    """One version of a programme's SOP. `opening` counts working hours, where there are any."""

    states: tuple[StateRule, ...]
    opening: Opening | None = None

    @property
    def id(self) -> str:
        """Return the id that this version is kept under."""
        return sop_id(self.programme_id, self.version)

    def rule(self, state: State) -> StateRule | None:
        """Return what is said of a state, or None."""
        return next((one for one in self.states if one.state is state), None)

    def _faults(self, programme: Programme) -> Iterator[Refused]:
        if self.opening is not None and self.opening.opens >= self.opening.closes:
            yield Refused("opening_reversed", "opening: it closes before it opens")
        for rule in self.states:
            yield from self._faults_of(rule, programme)
        yield from self._faults_of_times(programme)

    def _faults_of(self, rule: StateRule, programme: Programme) -> Iterator[Refused]:
        at = f"states: {rule.state}:"
        if rule.state not in POSSIBLE:
            yield Refused("state_without_wait", f"{at} nothing waits in this state")
            return
        for one in rule.steps:
            if one.step not in POSSIBLE[rule.state]:
                yield Refused("step_impossible", f"{at} {one.step} cannot be done in this state")
            if not WORKS.issuperset(one.roles):
                yield Refused("role_impossible", f"{at} {one.step}: a role that works no request")
        if not _ONWARD[rule.state] & {one.step for one in rule.steps}:
            yield Refused("no_way_out", f"{at} no step leads on, a request would stay for ever")
        brought = programme.pick_up_and_delivery and rule.state is State.ISSUED
        if brought and rule.roles(Step.CONFIRM_RECEIPT) is None:
            yield Refused("no_way_out", f"{at} confirm_receipt: documents are brought here")

    def _faults_of_times(self, programme: Programme) -> Iterator[Refused]:
        for rule in self.states:
            at = f"states: {rule.state}:"
            if rule.escalation is not None and rule.time is None:
                yield Refused("escalation_without_time", f"{at} escalation: it follows a time")
            for one in rule.passings:
                if one.tell not in IS_TOLD:
                    yield Refused("nobody_told", f"{at} tell: a role that is told of nothing")
                if one.after.unit is Unit.WORKING_HOURS and self.opening is None:
                    yield Refused("no_opening", "opening: working hours are counted by it")
        standard, days = programme.standard_working_days, self._days_to_issue
        if standard is not None and days > standard:
            promised = f"{days} working days until issue, the programme promises {standard}"
            yield Refused("longer_than_standard", f"states: {promised}")

    @property
    def _days_to_issue(self) -> int:
        before = (self.rule(state) for state in (State.RECEIVED, State.VERIFIED))
        times = [rule.time.after for rule in before if rule is not None and rule.time is not None]
        return sum(one.amount for one in times if one.unit is Unit.WORKING_DAYS)
