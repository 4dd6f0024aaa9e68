"""A small made-up SOP that fits the sample programmes."""

from dataclasses import replace
from datetime import time
from typing import Final

from services.intake.domain import State, Step
from services.intake.domain.sop import Passing, Sop, StateRule, StepRule
from services.intake.domain.time_in_state import Allowed, Opening, Unit
from tests.unit.intake.sample import BOTRAM, HALO_PAMOR

DESK: Final = ("operator", "importer")
HOURS: Final = Opening(time(7, 30), time(15, 30))


def days(amount: int, tell: str = "supervisor") -> Passing:
    """Return a time of working days."""
    return Passing(Allowed(amount, Unit.WORKING_DAYS), tell)


def steps(*wanted: Step, roles: tuple[str, ...] = DESK) -> tuple[StepRule, ...]:
    """Return steps that these roles may do."""
    return tuple(StepRule(step, roles) for step in wanted)


RECEIVED: Final = StateRule(
    State.RECEIVED,
    steps(Step.VERIFY, Step.ISSUE, Step.CANCEL),
    "Usulan kami.",
    time=days(1),
    escalation=days(1, "head"),
)
VERIFIED: Final = StateRule(State.VERIFIED, steps(Step.ISSUE), "Usulan kami.", time=days(2))
ISSUED: Final = StateRule(State.ISSUED, steps(Step.HAND_OVER, Step.CONFIRM_RECEIPT), "Usulan kami.")


def sop(programme_id: str = "botram", **changed: object) -> Sop:
    """Return version 1 of a programme's SOP; rejecting is no step of it."""
    made = Sop(programme_id, 1, (RECEIVED, VERIFIED, ISSUED))
    return replace(made, **changed)  # type: ignore[arg-type]


WITH_SOP: Final = replace(BOTRAM, sop_version=1)
PAMOR_WITH_SOP: Final = replace(HALO_PAMOR, sop_version=1)
