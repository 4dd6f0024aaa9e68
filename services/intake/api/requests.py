"""A request over HTTP, as it is recorded."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.intake.api.fields import (
    Address,
    Domicile,
    Name,
    Nik,
    Phone,
    invalid,
    require_region,
)
from services.intake.api.rights import allowed, replayed_case
from services.intake.api.sealed import openable
from services.intake.api.told import ToldAnswer, cannot, told
from services.intake.domain import (
    AlreadyOpen,
    Case,
    ChannelCannot,
    Holidays,
    LookupKeys,
    NewRequest,
    Person,
    Refused,
    Secrets,
    State,
    digest,
    require_door,
)
from services.intake.usecases import Catalogues, Reader, Regions, Vault, record_request
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import (
    AggregateId,
    Channel,
    Moment,
    ProgrammeId,
    PublicText,
    ServiceCode,
    TypedNeighbourhoodUnit,
)
from shared.messaging.group_commit import Outcome
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import Conflict, FieldError, InvalidFields
from shared.web.texts import Texts

RULES: Final[RouteRules] = {
    "POST /api/requests": Rule({Role.OPERATOR, Role.AGENT, Role.CHANNEL, Role.IMPORTER}),
}


class ApplicantBody(Body):
    """Who asks, or for whom. A newborn has no NIK; not everybody has a phone."""

    name: Name
    nik: Nik | None = None
    phone: Phone | None = None
    address: Address | None = None


class RequestBody(Body):
    """What is asked for. `region_code` is where the applicant lives now, by declaration."""

    programme_id: ProgrammeId
    service: ServiceCode
    variant: ServiceCode | None = None
    """Which entry of the catalogue, such as KIA_UNDER_5; null: the service's first."""
    channel: Channel
    applicant: ApplicantBody
    region_code: Domicile
    rw: TypedNeighbourhoodUnit | None = None
    event_id: AggregateId | None = None
    pick_up: bool = False
    deliver: bool = False
    occurred_at: Moment | None = None
    reason: PublicText | None = None
    """Why this person asks once more for this service at this event."""

    def request(self, case_id: str, tracking: str) -> NewRequest:
        """Return the request that this describes."""
        return NewRequest(
            case_id=case_id,
            tracking=tracking,
            programme_id=self.programme_id,
            service=self.service,
            channel=self.channel,
            person=Person(**self.applicant.model_dump()),
            region_code=self.region_code,
            rw=self.rw,
            event_id=self.event_id,
            pick_up=self.pick_up,
            deliver=self.deliver,
            repeat_reason=self.reason,
            variant=self.variant,
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
    told: ToldAnswer


router = APIRouter(prefix="/api/requests")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
RegionsDep = Annotated[Regions, Depends(provided(Regions))]
HolidaysDep = Annotated[Holidays, Depends(provided(Holidays))]
SecretsDep = Annotated[Secrets, Depends(provided(Secrets))]
LookupsDep = Annotated[LookupKeys, Depends(provided(LookupKeys))]
CataloguesDep = Annotated[Catalogues, Depends(provided(Catalogues))]
TextsDep = Annotated[Texts, Depends(provided(Texts))]
VaultDep = Annotated[Vault, Depends(provided(Vault))]


@router.post("", status_code=201)
async def post_request(
    body: RequestBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    regions: RegionsDep,
    holidays: HolidaysDep,
    secrets: SecretsDep,
    lookups: LookupsDep,
    vault: VaultDep,
    catalogues: CataloguesDep,
    texts: TextsDep,
    sent: SentDep,
) -> RecordedAnswer:
    """Record a request; the same Idempotency-Key brings the same answer to who has the right.

    A second open request of one person for one service at one event needs a `reason`: without, the
    answer is a 409 `already_open` with the open one's `case_id`. What the channel cannot do is a
    409 `channel_cannot` whose `instead` says, for the resident, what can be done.
    """
    caller.regions(body.programme_id)  # refuses another tenant before anything is checked
    case_id = new_id()
    new = body.request(case_id, digest(secrets.code(case_id)))
    _check(new, regions)
    try:
        with openable():
            outcome = await commands.run(
                lambda uow: record_request(
                    new,
                    uow,
                    holidays=holidays,
                    lookups=lookups,
                    vault=vault,
                    allow=allowed(caller),
                    catalogues=catalogues,
                    occurred_at=body.occurred_at,
                ),
                sent=sent,
                key=case_id,
            )
    except AlreadyOpen as already:
        raise _already_open(already) from None
    except ChannelCannot as refused:
        raise cannot(refused) from None
    said = await told(outcome.answer, body.programme_id, body.channel, catalogues, texts)
    case = await replayed_case(outcome, outcome.answer["case_id"], caller, reader)
    return _answer(outcome, body, case, caller, secrets, said)


def _check(new: NewRequest, regions: Regions) -> None:
    """Refuse what is wrong in every programme."""
    require_region(regions, new.region_code, "/region_code")
    nik = new.person.nik
    if nik is not None and not regions.known(nik[:2]):
        reason = "its first two digits are no province"
        raise InvalidFields(FieldError("/applicant/nik", reason))
    if not new.at_home:
        return
    try:
        require_door(new)
    except Refused as refused:
        raise invalid(refused) from None


def _already_open(already: AlreadyOpen) -> Conflict:
    problem = Conflict(
        "service: this person has an open request for it at this event; a second needs a reason",
        reason="already_open",
    )
    problem.members["case_id"] = already.case_id
    return problem


def _answer(
    outcome: Outcome,
    body: RequestBody,
    replayed: Case | None,
    caller: Caller,
    secrets: Secrets,
    said: ToldAnswer,
) -> RecordedAnswer:
    # The codes are not kept with the answer: they are made again from the id for every replay,
    # by the version of the secret that made them first.
    answer: dict[str, Any] = outcome.answer
    case_id = answer["case_id"]
    tracking = replayed.tracking if replayed else None
    carries = Role.AGENT in caller.roles or (
        replayed is not None and caller.subject in replayed.carriers
    )
    receipt = body.deliver and not carries
    return RecordedAnswer(
        case_id=case_id,
        tracking_code=secrets.code(case_id, tracking),
        receipt_code=secrets.receipt_code(case_id, tracking) if receipt else None,
        status=answer["status"],
        due_on=answer["due_on"],
        told=said,
    )
