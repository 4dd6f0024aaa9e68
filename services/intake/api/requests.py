"""A request over HTTP, as it is recorded."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.intake.api.fields import (
    Address,
    BirthDate,
    Domicile,
    GateCode,
    Name,
    Nik,
    Phone,
    invalid,
    require_region,
)
from services.intake.api.hints import hinted
from services.intake.api.receipt import ReceiptTexts
from services.intake.api.rights import allowed, replayed_case
from services.intake.api.sealed import openable
from services.intake.api.told import ToldAnswer, cannot, told
from services.intake.domain import (
    PARTIES_LIMIT,
    AlreadyOpen,
    Basis,
    Case,
    ChannelCannot,
    NamedParty,
    NewRequest,
    Party,
    Person,
    Refused,
    Secrets,
    State,
    TargetGroup,
    require_door,
    require_parties,
)
from services.intake.usecases import Reader, Recorder, Regions
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import (
    AggregateId,
    Channel,
    Moment,
    ProgrammeId,
    PublicText,
    ServiceCode,
    Slug,
    TypedNeighbourhoodUnit,
)
from shared.messaging.task import Outcome
from shared.runtime import Commands, SentDep, gathered
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import Conflict, FieldError, InvalidFields
from shared.web.texts import Texts

RULES: Final[RouteRules] = {
    "POST /api/requests": Rule({Role.OPERATOR, Role.AGENT, Role.CHANNEL, Role.IMPORTER}),
}


SEEN_LIMIT: Final = 20
"""Papers that were seen, of one request: a catalogue's entry has no more."""


class PersonBody(Body):
    """A person. A newborn has no NIK; not everybody has a phone."""

    name: Name
    nik: Nik | None = None
    phone: Phone | None = None
    address: Address | None = None
    birth_date: BirthDate | None = None

    def person(self) -> Person:
        """Return the person that this describes."""
        born = self.birth_date.isoformat() if self.birth_date else None
        return Person(self.name, self.nik, self.phone, self.address, born)


PartyName = Literal[Party.SUBJECT, Party.REPORTER, Party.PHONE_OWNER, Party.PROXY, Party.GUARDIAN]


class PartyBody(PersonBody):
    """Somebody of a request beside its applicant; `basis` of who speaks for another."""

    party: PartyName
    basis: Basis | None = None

    def named(self) -> NamedParty:
        """Return the party that this describes."""
        return NamedParty(self.party, self.person(), self.basis)


class RequestBody(Body):
    """What is asked for. `region_code` is where the applicant lives now, by declaration."""

    programme_id: ProgrammeId
    service: ServiceCode
    variant: ServiceCode | None = None
    """Which entry of the catalogue, such as KIA_UNDER_5; null: the service's first."""
    channel: Channel
    applicant: PersonBody
    """Who asks, or for whom."""
    parties: Annotated[tuple[PartyBody, ...], Field(max_length=PARTIES_LIMIT)] = ()
    """Who else is in it. A child's request names a `guardian`; without, the answer warns."""
    region_code: Domicile
    rw: TypedNeighbourhoodUnit | None = None
    event_id: AggregateId | None = None
    arrival_code: GateCode = None
    """What the applicant was given at the gate; a ticket of that code is then this request's."""
    pick_up: bool = False
    deliver: bool = False
    occurred_at: Moment | None = None
    reason: PublicText | None = None
    """Why this person asks once more for this service at this event."""
    target_group: TargetGroup | None = None
    """For whom the programme comes, where it is asked; in no event."""
    seen: Annotated[tuple[Slug, ...], Field(max_length=SEEN_LIMIT)] = ()
    """Requirements of the catalogue whose papers an operator saw; no file of them is kept."""

    def request(self, case_id: str, tracking: str) -> NewRequest:
        """Return the request that this describes."""
        return NewRequest(
            case_id=case_id,
            tracking=tracking,
            programme_id=self.programme_id,
            service=self.service,
            channel=self.channel,
            person=self.applicant.person(),
            region_code=self.region_code,
            rw=self.rw,
            event_id=self.event_id,
            pick_up=self.pick_up,
            deliver=self.deliver,
            repeat_reason=self.reason,
            others=tuple(one.named() for one in self.parties),
            variant=self.variant,
            target_group=self.target_group,
            seen=self.seen,
            arrival_code=self.arrival_code,
        )


class RecordedAnswer(BaseModel):
    """What the applicant takes along.

    `receipt_code` is null where nothing is brought, and where an agent asks: the recipient's word
    is held against his.
    """

    case_id: str
    tracking_code: str
    receipt_code: str | None
    status: State
    due_on: date | None
    data_use: str
    """What the data are used for and on what basis, in Bahasa Indonesia: for the receipt."""
    warnings: list[str]
    """What the law asks for and the request lacks: `guardian_missing`, `subject_missing`,
    `reporter_missing`, `power_of_attorney_missing`. The request is taken."""
    told: ToldAnswer
    hints: list[str]
    """Open requests about the same person for the same service that the caller works on."""


router = APIRouter(prefix="/api/requests")


@dataclass(frozen=True, slots=True)
class Recording:
    """What recording a request works with."""

    commands: Commands
    reader: Reader
    regions: Regions
    recorder: Recorder
    receipts: ReceiptTexts
    texts: Texts

    async def answered(
        self, outcome: Outcome, asked: NewRequest, caller: Caller, data_use: str
    ) -> dict[str, Any]:
        """Return what the applicant is told of a request, after the check of a replay."""
        words = await told(
            outcome.answer, asked.programme_id, asked.channel, self.recorder.catalogues, self.texts
        )
        case = await replayed_case(outcome, outcome.answer["case_id"], caller, self.reader)
        said = _said(outcome, case, caller, self.recorder.secrets, deliver=asked.deliver)
        earlier = outcome.answer.get("earlier", ())
        hints = await hinted(said["case_id"], earlier, caller, self.reader)
        return {**said, "told": words, "data_use": data_use, "hints": hints}


RecordingDep = Annotated[Recording, Depends(gathered(Recording))]


@router.post("", status_code=201)
async def post_request(
    body: RequestBody,
    caller: CallerDep,
    parts: RecordingDep,
    sent: SentDep,
) -> RecordedAnswer:
    """Record a request; the same Idempotency-Key brings the same answer to who has the right.

    A second open request of one person for one service at one event needs a `reason`: without, the
    answer is a 409 `already_open` with the open one's `case_id`. What the channel cannot do is a
    409 `channel_cannot` whose `instead` says, for the resident, what can be done.
    """
    caller.regions(body.programme_id)  # refuses another tenant before anything is checked
    case_id, tracking = parts.recorder.new_codes()
    new = body.request(case_id, tracking)
    _check(new, parts.regions)
    record = parts.recorder.recording(allowed(caller), body.occurred_at)
    try:
        with openable():
            outcome = await parts.commands.run(lambda uow: record(new, uow), sent=sent, key=case_id)
    except AlreadyOpen as already:
        raise already_open(already) from None
    except ChannelCannot as refused:
        raise cannot(refused) from None
    data_use = await parts.receipts.of(body.programme_id)
    return RecordedAnswer(**await parts.answered(outcome, new, caller, data_use))


def _check(new: NewRequest, regions: Regions) -> None:
    """Refuse what is wrong in every programme."""
    require_region(regions, new.region_code, "/region_code")
    require_province(regions, new.person, "/applicant/nik")
    for number, one in enumerate(new.others):
        require_province(regions, one.person, f"/parties/{number}/nik")
    try:
        require_parties(new.person, new.others)
        if new.at_home:
            require_door(new)
    except Refused as refused:
        raise invalid(refused) from None


def require_province(regions: Regions, person: Person, field: str) -> None:
    """Raise InvalidFields where a NIK's first digits are no province."""
    if person.nik is not None and not regions.known(person.nik[:2]):
        raise InvalidFields(FieldError(field, "its first two digits are no province"))


def already_open(already: AlreadyOpen) -> Conflict:
    """Return the problem of a second request that needs a reason."""
    problem = Conflict(
        "service: this person has an open request for it at this event; a second needs a reason",
        reason="already_open",
    )
    problem.members["case_id"] = already.case_id
    return problem


def _said(
    outcome: Outcome, replayed: Case | None, caller: Caller, secrets: Secrets, *, deliver: bool
) -> dict[str, Any]:
    """Return what the applicant is told of this request."""
    # The codes are not kept with the answer: they are made again from the id for every replay,
    # by the version of the secret that made them first.
    answer: dict[str, Any] = outcome.answer
    case_id = answer["case_id"]
    tracking = replayed.tracking if replayed else None
    carries = Role.AGENT in caller.roles or (
        replayed is not None and caller.subject in replayed.carriers
    )
    receipt = deliver and not carries
    return {
        "case_id": case_id,
        "tracking_code": secrets.code(case_id, tracking),
        "receipt_code": secrets.receipt_code(case_id, tracking) if receipt else None,
        "status": answer["status"],
        "due_on": answer["due_on"],
        "warnings": answer["warnings"],
    }
