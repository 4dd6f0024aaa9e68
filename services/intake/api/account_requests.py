"""What admins have asked for about accounts, over HTTP: approved or refused by another person."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from services.intake.domain import AccountCodes, RequestKind
from services.intake.usecases import Reader, administers, allowed_account, approve, refuse
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId, PublicText
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body
from shared.web.guard import CallerDep

APPROVERS: Final = frozenset({Role.ADMIN, Role.SUPERVISOR})
RULES: Final[RouteRules] = {
    "GET /api/account-requests": Rule(APPROVERS),
    "POST /api/account-requests/{account_id}/approval": Rule(APPROVERS, fresh=True),
    "POST /api/account-requests/{account_id}/refusal": Rule(APPROVERS, fresh=True),
}
REQUESTS: Final = 200
"""Requests in one answer at most, the oldest."""

Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class ApprovalBody(Body):
    """The version of the request that was looked at."""

    version: Version


class RefusalBody(Body):
    """The version that was looked at, and why it is refused: whoever asked for it reads that."""

    version: Version
    reason: PublicText


class RequestAnswer(BaseModel):
    """What waits: `grants` are those that the account shall have, `before` those that it has."""

    account_id: str
    version: int
    kind: RequestKind
    before: tuple[str, ...]
    grants: tuple[str, ...]
    asked_by: str
    asked_at: datetime
    until: datetime


class ApprovedAnswer(BaseModel):
    """What was done; `code` is that of a link, where there is one: for its receiver alone."""

    account_id: str
    code: str | None


class RefusedAnswer(BaseModel):
    """The account about which nothing was done."""

    account_id: str


router = APIRouter(prefix="/api/account-requests")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
CodesDep = Annotated[AccountCodes, Depends(provided(AccountCodes))]
AccountPath = Annotated[AggregateId, Path()]


@router.get("")
async def list_requests(caller: CallerDep, reader: ReaderDep) -> list[RequestAnswer]:
    """Return what waits and lies within reach, oldest first."""
    return [
        RequestAnswer(
            account_id=one.id,
            version=one.version,
            kind=one.kind,
            before=one.before,
            grants=one.grants,
            asked_by=one.asked_by,
            asked_at=one.asked_at,
            until=one.until,
        )
        for one in await reader.account_requests(REQUESTS)
        if administers(caller, one.all_grants)
    ]


@router.post("/{account_id}/approval")
async def post_approval(
    account_id: AccountPath,
    body: ApprovalBody,
    caller: CallerDep,
    codes: CodesDep,
    commands: CommandsDep,
    sent: SentDep,
) -> ApprovedAnswer:
    """Approve what somebody else has asked for: it is done at once."""
    allow = allowed_account(caller)
    outcome = await commands.run(
        lambda uow: approve(account_id, body.version, uow, allow=allow), sent=sent, key=account_id
    )
    allow(outcome.answer["grants"])  # a replay too: the token may be another one by now
    invitation = outcome.answer["invitation_id"]
    code = codes.link_code(invitation) if invitation else None
    return ApprovedAnswer(account_id=account_id, code=code)


@router.post("/{account_id}/refusal")
async def post_refusal(
    account_id: AccountPath,
    body: RefusalBody,
    caller: CallerDep,
    commands: CommandsDep,
    sent: SentDep,
) -> RefusedAnswer:
    """Refuse what was asked for; whoever asked may take it back so."""
    allow = allowed_account(caller)
    await commands.run(
        lambda uow: refuse(account_id, body.version, body.reason, uow, allow=allow),
        sent=sent,
        key=account_id,
    )
    return RefusedAnswer(account_id=account_id)
