"""A programme's SOP over HTTP: published whole, and read in the version that is asked for."""

from datetime import time
from typing import Annotated, Final, Self

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field, TypeAdapter, model_validator

from services.intake.api.fields import require_once
from services.intake.api.rights import allowed_programme, programme_of
from services.intake.domain import State, Step
from services.intake.domain.sop import Sop, sop_id
from services.intake.domain.time_in_state import Unit
from services.intake.usecases import Reader
from services.intake.usecases.sop import publish_sop
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import ProgrammeId
from shared.contracts.text import Reason, public_text
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

RULES: Final[RouteRules] = {
    # It says who may do which step, so it changes rights.
    "PUT /api/programmes/{programme_id}/sop": Rule({Role.ADMIN}, fresh=True),
    "GET /api/programmes/{programme_id}/sop": Rule(set(Role) - {Role.CHANNEL}),
}

MAX_AMOUNT: Final = 1_000
"""Days or hours of one time."""
MAX_WORDS: Final = 400
MAX_VERSION: Final = 1_000_000

Words = Annotated[
    str,
    Field(min_length=1, max_length=MAX_WORDS, pattern=public_text()),
    Reason(f"1 to {MAX_WORDS} characters in Latin letters, without nine digits in a row"),
]
ProgrammePath = Annotated[ProgrammeId, Path()]


class OpeningBody(Body):
    """When the office is open on a working day, in the programme's zone."""

    opens: time
    closes: time


class AllowedBody(Body):
    """A time that is allowed."""

    amount: Annotated[int, Field(ge=1, le=MAX_AMOUNT)]
    unit: Unit


class PassingBody(Body):
    """A time that is allowed, and the role that is told once it has passed."""

    after: AllowedBody
    tell: Role


class StepRuleBody(Body):
    """A step and the roles that may do it."""

    step: Step
    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=len(Role))]

    @model_validator(mode="after")
    def _unequivocal(self) -> Self:
        require_once(self.roles, "a role")
        return self


class StateRuleBody(Body):
    """What holds in one state."""

    state: State
    steps: Annotated[tuple[StepRuleBody, ...], Field(max_length=len(Step))]
    source: Words
    time: PassingBody | None = None
    escalation: PassingBody | None = None
    """The second time, from the moment at which the first had passed."""

    @model_validator(mode="after")
    def _unequivocal(self) -> Self:
        require_once([one.step for one in self.steps], "a step")
        return self


class SopBody(Body):
    """An SOP, whole, as it shall stand from now on. Of a state it leaves out nothing is said."""

    states: Annotated[tuple[StateRuleBody, ...], Field(min_length=1, max_length=len(State))]
    opening: OpeningBody | None = None

    @model_validator(mode="after")
    def _unequivocal(self) -> Self:
        require_once([one.state for one in self.states], "a state")
        return self

    def sop(self, programme_id: str) -> Sop:
        """Return the SOP that this describes, not yet a version of anything."""
        return _SOP.validate_python(
            {**self.model_dump(), "programme_id": programme_id, "version": 0}
        )


class SopAnswer(SopBody):
    """One version of an SOP."""

    programme_id: str
    version: int


class SopVersion(BaseModel):
    """An SOP's version after the command."""

    programme_id: str
    version: int


_SOP: Final = TypeAdapter(Sop)
router = APIRouter(prefix="/api/programmes/{programme_id}/sop")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]


def answered(sop: Sop) -> SopAnswer:
    """Return an SOP as it is read."""
    return SopAnswer.model_validate(_SOP.dump_python(sop))


@router.put("")
async def put_sop(
    programme_id: ProgrammePath,
    body: SopBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> SopVersion:
    """Publish a programme's SOP; the same content again changes nothing.

    Cases that are there end under the version that they were opened under.
    """
    wanted = body.sop(programme_id)
    programme = await programme_of(programme_id, caller, reader)
    allow = allowed_programme(caller)
    allow(programme)  # a replay too: the token may be another one by now
    outcome = await commands.run(
        lambda uow: publish_sop(wanted, uow, allow=allow), sent=sent, key=programme_id
    )
    return SopVersion(programme_id=programme_id, version=outcome.answer)


@router.get("")
async def get_sop(
    programme_id: ProgrammePath,
    caller: CallerDep,
    reader: ReaderDep,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSION)] = None,
) -> SopAnswer:
    """Return a version of a programme's SOP, by default the one that counts now."""
    programme = await programme_of(programme_id, caller, reader)
    wanted = version or programme.sop_version
    found = await reader.get(Sop, sop_id(programme_id, wanted)) if wanted else None
    if found is None:
        raise NotFound("sop")
    return answered(found)
