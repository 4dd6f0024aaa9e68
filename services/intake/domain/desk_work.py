"""Work on a case at the desk: who may do it now, which steps are open, and what sends it back."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.intake.domain.case import Case
from services.intake.domain.catalogue import Entry
from services.intake.domain.claim import CLAIMED_FOR, Claim
from services.intake.domain.refusal import Refused
from services.intake.domain.returned import Returned, ReturnedItem
from services.intake.domain.stages import Fact, Step

_ENDS_RETURN: Final = frozenset({Step.VERIFY, Step.ISSUE, Step.REJECT, Step.CANCEL})
"""An officer who decides does not wait for papers any longer."""


def claimed(case: Case, by: str, now: datetime) -> Case:
    """Give the case to one officer for a while; his own claim is renewed.

    Raises Refused: `closed`, and `claimed` where another one holds it.
    """
    _require_open(case)
    require_free(case, by, now)
    held = case.claim is not None and case.claim.lasts(now)
    since = case.claim.at if case.claim and held else now
    return _with_claim(case, Claim(by, since, now + CLAIMED_FOR))


def released(case: Case) -> Case:
    """Let anybody take the case; the case itself where nobody holds it."""
    return case if case.claim is None else _with_claim(case, None)


def require_free(case: Case, by: str, now: datetime) -> None:
    """Refuse work on a case that another officer holds."""
    claim = case.claim
    if claim is not None and claim.by != by and claim.lasts(now):
        said = f"{claim.at:%H:%M} UTC and holds it until {claim.until:%H:%M} UTC"
        raise Refused("claimed", f"another officer took this request at {said}")


def worked(case: Case, by: str, now: datetime) -> Case:
    """Renew the officer's claim after his work, and end every claim on a case that is closed."""
    if case.outcome is not None:
        return released(case)
    if case.claim is None or case.claim.by != by:
        return case
    return _with_claim(case, Claim(by, case.claim.at, now + CLAIMED_FOR))


def possible_steps(case: Case, by: str, at: datetime) -> tuple[Step, ...]:
    """Return the steps that this officer can take now and that bring the case further."""
    return tuple(step for step in Step if _changes(case, step, by, at))


def _changes(case: Case, step: Step, by: str, at: datetime) -> bool:
    try:
        # Verifying what is issued adds a fact and brings the case no further.
        return case.step(step, at, by).reached != case.reached
    except Refused:
        return False


def sent_back(
    case: Case, entry: Entry, items: Sequence[ReturnedItem], by: str, now: datetime
) -> Case:
    """Return a case to its resident for these requirements; the claim on it ends.

    A power of attorney that goes back shows no longer that a proxy may. Raises Refused: `closed`,
    `already_issued`, `returned_already`, `claimed`, `nothing_returned`, `requirement_unknown`,
    `requirement_twice`.
    """
    require_returnable(case)
    require_free(case, by, now)
    _require_items(entry, items)
    back = Returned(tuple(items), by, now)
    asked = [entry.requirement(one.requirement) for one in items]
    power = case.power_of_attorney and not any(one and one.shows_power for one in asked)
    return replace(
        case, version=case.version + 1, claim=None, returned=back, power_of_attorney=power
    )


def require_returnable(case: Case) -> None:
    """Refuse a return of what is closed, issued, or returned already."""
    _require_open(case)
    if Fact.ISSUED in case.facts:
        raise Refused("already_issued", "the document has been issued")
    if case.returned is not None:
        names = ", ".join(one.requirement for one in case.returned.items)
        at = f"{case.returned.at:%H:%M} UTC"
        raise Refused("returned_already", f"it was returned at {at} and waits for: {names}")


def answered(case: Case, requirements: Collection[str]) -> Case:
    """Note that papers for these were brought; the case is back where nothing is left to bring."""
    if case.returned is None:
        return case
    left = case.returned.without(requirements)
    if left == case.returned:
        return case
    return replace(case, version=case.version + 1, returned=left)


def resubmitted(case: Case) -> Case:
    """Take the case back with what there is. Raises Refused: `closed`, `not_returned`."""
    _require_open(case)
    if case.returned is None:
        raise Refused("not_returned", "the request was not returned, or is back already")
    return replace(case, version=case.version + 1, returned=None)


def decided(case: Case, step: Step) -> Case:
    """End a return where an officer goes on without the papers."""
    if case.returned is None or step not in _ENDS_RETURN:
        return case
    return replace(case, version=case.version + 1, returned=None)


def _with_claim(case: Case, claim: Claim | None) -> Case:
    return replace(case, version=case.version + 1, claim=claim)


def _require_open(case: Case) -> None:
    if case.outcome is not None:
        raise Refused("closed", f"the request is closed: {case.outcome}")


def _require_items(entry: Entry, items: Sequence[ReturnedItem]) -> None:
    if not items:
        raise Refused("nothing_returned", "items: name what is to be brought anew")
    ids = [one.requirement for one in items]
    if any(entry.requirement(one) is None for one in ids):
        raise Refused("requirement_unknown", "items: the case has no such requirement")
    if len(set(ids)) < len(ids):
        raise Refused("requirement_twice", "items: each requirement once")
