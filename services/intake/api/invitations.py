"""Links over HTTP: whoever holds one sets the password of its account, and a second factor."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from services.intake.api.cookies import ClockDep, sent_by
from services.intake.api.fields import invalid
from services.intake.api.session import SignInDep, Typed
from services.intake.domain import LOGIN, Account, AccountCodes, Invitation, Refused
from services.intake.usecases import Reader, Vault, confirm, redeem
from shared.auth.rules import PUBLIC, RouteRules
from shared.auth.secondfactor import address, new_secret
from shared.runtime import CommandsDep, built, provided
from shared.web.body import Body
from shared.web.problems import Conflict
from shared.web.qr import qr_image

RULES: Final[RouteRules] = {
    "POST /api/invitations/password": PUBLIC,
    "POST /api/invitations/code": PUBLIC,
}
ISSUER: Final = "Jemput"
"""What an authenticator app calls us."""


class PasswordBody(Body):
    """The code of a link, and the password that its account shall have."""

    code: Typed
    password: Typed


class CodeBody(Body):
    """The code of a link, and a first code of the authenticator app."""

    code: Typed
    app_code: Typed


class PasswordAnswer(BaseModel):
    """The account; where a role asks for a second factor, its secret: shown once, for an app.

    `address` is what a QR code holds, `qr` that code as an SVG image in a `data:` address. The
    account can be used after the first code.
    """

    account_id: str
    usable: bool
    secret: str | None
    address: str | None
    qr: str | None


class AccountReady(BaseModel):
    """An account that can be used from now on."""

    account_id: str


router = APIRouter(prefix="/api/invitations")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
CodesDep = Annotated[AccountCodes, Depends(provided(AccountCodes))]
VaultDep = Annotated[Vault, Depends(provided(Vault))]


class Links:
    """Finds the account of a link's code."""

    def __init__(self, reader: ReaderDep, codes: CodesDep, clock: ClockDep) -> None:
        self._reader = reader
        self._codes = codes
        self._clock = clock

    async def find(self, code: str) -> tuple[Invitation, Account]:
        """Return a link and its account. Raises Conflict: link_spent, for any that is not open."""
        id_ = self._codes.invitation_of(code.strip())
        invitation = await self._reader.get(Invitation, id_) if id_ else None
        account = await self._reader.get(Account, invitation.account_id) if invitation else None
        if invitation is None or account is None:
            raise Conflict("code: no such link", reason="link_spent")
        try:
            invitation.require_open(self._clock())
        except Refused as refused:
            raise Conflict(refused.detail, reason=refused.reason) from None
        return invitation, account


LinksDep = Annotated[Links, Depends(built(Links))]


@router.post("/password")
async def post_password(
    body: PasswordBody,
    request: Request,
    links: LinksDep,
    sign_in: SignInDep,
    vault: VaultDep,
    commands: CommandsDep,
) -> PasswordAnswer:
    """Set the password of a link's account."""
    invitation, account = await links.find(body.code)
    try:
        hashed = await sign_in.hashed(body.password, account)
    except Refused as refused:
        problem = invalid(refused)
        problem.members["reason"] = refused.reason
        raise problem from None
    secret = new_secret()
    outcome = await commands.run(
        lambda uow: redeem(invitation.id, hashed, secret, uow, vault),
        sent=sent_by(account.id, request),
        key=account.id,
    )
    waits = bool(outcome.answer["waits"])
    if not waits:
        return PasswordAnswer(
            account_id=account.id, usable=True, secret=None, address=None, qr=None
        )
    said = address(secret, await sign_in.opened(account, LOGIN), ISSUER)
    return PasswordAnswer(
        account_id=account.id, usable=False, secret=secret, address=said, qr=qr_image(said)
    )


@router.post("/code")
async def post_code(
    body: CodeBody, request: Request, links: LinksDep, sign_in: SignInDep, commands: CommandsDep
) -> AccountReady:
    """Show that the authenticator app works; the account can be used from then on."""
    invitation, account = await links.find(body.code)
    try:
        step = await sign_in.first_code(account, body.app_code)
    except Refused as refused:
        raise Conflict(refused.detail, reason=refused.reason) from None
    await commands.run(
        lambda uow: confirm(invitation.id, step, uow),
        sent=sent_by(account.id, request),
        key=account.id,
    )
    return AccountReady(account_id=account.id)
