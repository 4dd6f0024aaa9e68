"""Who may work on a case, a resident or a programme, at the first sending and at every replay."""

from services.intake.domain import Case, Programme
from services.intake.usecases import AllowProgramme, Reader, allowed_case, require_right
from shared.auth.roles import Caller
from shared.messaging.task import Outcome
from shared.web.problems import NotFound

allowed = allowed_case
"""The check of work on a case, by the roles that the route lets act."""


async def replayed_case(
    outcome: Outcome, case_id: str, caller: Caller, reader: Reader
) -> Case | None:
    """Return the case where a command was replayed, after the check of the first sending.

    The use case saw nothing of a replay, and the token may be another one by now. Raises Forbidden.
    """
    if not outcome.duplicate:
        return None
    case = await reader.get(Case, case_id)
    if case is None:
        raise NotFound("request")
    require_right(case, allowed(caller), backdated=outcome.answer["backdated"])
    return case


async def replayed_resident(outcome: Outcome, caller: Caller, reader: Reader) -> None:
    """Hold the caller of a replay against the resident's requests, as at the first sending.

    Raises Forbidden. The answer names the requests, which stay when he is erased.
    """
    for case_id in outcome.answer["cases"] if outcome.duplicate else ():
        case = await reader.get(Case, case_id)
        if case is not None:
            require_right(case, allowed(caller), backdated=False)


def allowed_programme(caller: Caller) -> AllowProgramme:
    """Hold the caller against a programme's whole region."""

    def check(programme: Programme) -> None:
        caller.require(programme=programme.id, region=programme.region_code)

    return check


async def programme_of(programme_id: str, caller: Caller, reader: Reader) -> Programme:
    """Return a programme of the caller's. Raises NotFound, and Forbidden for another tenant's."""
    caller.within(programme_id)  # refuses another tenant before anything is looked up
    programme = await reader.get(Programme, programme_id)
    if programme is None:
        raise NotFound("programme")
    return programme
