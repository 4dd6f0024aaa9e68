"""Sessions over HTTP: signed in, kept going by a device, proven once more, signed out.

A browser signs each refresh with a key that it does not give away (`DPoP`, RFC 9449). Without one,
as without JavaScript, a session lasts half an hour and cannot be kept going.
"""

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from services.intake.api.cookies import (
    ClockDep,
    CookiesDep,
    SessionCookies,
    address_of,
    label_of,
    proof_of,
    refusing,
    sent_by,
)
from services.intake.domain import (
    Account,
    AccountCodes,
    Limits,
    Refused,
    session_id,
    token_digest,
)
from services.intake.usecases import (
    Browser,
    Clock,
    Opened,
    Proven,
    Secret,
    Shown,
    Signer,
    SignIn,
    Stolen,
    Throttle,
    Try,
    open_session,
    prove_again,
    refresh_session,
    sign_out,
)
from shared.auth.proof import HEADER, token_hash
from shared.auth.roles import Caller, Role
from shared.auth.rules import PUBLIC, RouteRules, Rule
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime import Commands, CommandsDep, built, provided
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import SignInRefused, TooManyRequests

TOKEN: Final = timedelta(minutes=10)
"""How long a token of a session lives; of one without a device as long as the session."""
_WRONG: Final = frozenset({"not_recognised", "code_wrong"})
EVERYBODY: Final = Rule(set(Role))
RULES: Final[RouteRules] = {
    "POST /api/session": PUBLIC,
    "POST /api/session/refresh": PUBLIC,
    "POST /api/session/proof": EVERYBODY,
    "DELETE /api/session": EVERYBODY,
}

Typed = Annotated[str, Field(max_length=1000)]


class SecretBody(Body):
    """A password, and the code of an authenticator app where a role asks for it."""

    password: Typed
    code: Typed | None = None


class SignInBody(SecretBody):
    """A login name with its password."""

    login: Typed


class SessionAnswer(BaseModel):
    """A session; the token itself is in a cookie that no script reads.

    `refresh_hash` is what the next proof has to hold as `ath`; null where nothing is refreshed.
    """

    account_id: str
    session_id: str
    token_until: datetime
    session_until: datetime
    refresh_hash: str | None


router = APIRouter(prefix="/api/session")
SignInDep = Annotated[SignIn, Depends(provided(SignIn))]
SignerDep = Annotated[Signer, Depends(provided(Signer))]
CodesDep = Annotated[AccountCodes, Depends(provided(AccountCodes))]
LimitsDep = Annotated[Limits, Depends(provided(Limits))]


ThrottleDep = Annotated[Throttle, Depends(provided(Throttle))]


async def proven_by(
    sign_in: SignIn, throttle: Throttle, tried: Try, account: Account | None, body: SecretBody
) -> Proven:
    """Return who somebody is, counting what is wrong. Raises SignInRefused and TooManyRequests."""
    waits = await throttle.waits(tried)
    if waits is not None:
        raise TooManyRequests("too many wrong passwords or codes", retry_after=waits)
    try:
        return await sign_in.prove(account, Secret(body.password, body.code))
    except Refused as refused:
        if refused.reason in _WRONG:
            await throttle.count(tried)
        raise SignInRefused(refused.reason, refused.detail) from None


class Tokens:
    """Makes the cookies of a session that was opened or refreshed."""

    def __init__(
        self,
        request: Request,
        response: Response,
        signer: SignerDep,
        cookies: CookiesDep,
        clock: ClockDep,
    ) -> None:
        self._request = request
        self._response = response
        self._signer = signer
        self._cookies = cookies
        self._clock = clock

    def give(self, opened: Opened, refresh: str | None) -> SessionAnswer:
        """Give the token, and with a device the refresh token, and say how long they last."""
        now, ends = self._clock(), datetime.fromisoformat(opened["ends_at"])
        until = ends if opened["plain"] else min(ends, now + TOKEN)
        token = self._signer.token(
            opened["account_id"],
            opened["grants"],
            session=opened["session_id"],
            proved_at=datetime.fromisoformat(opened["proved_at"]),
            lifetime=until - now,
        )
        self._cookies.give_token(self._response, token, until)
        if refresh is not None:
            self._cookies.give_refresh(self._request, self._response, refresh, ends)
        return SessionAnswer(
            account_id=opened["account_id"],
            session_id=opened["session_id"],
            token_until=until,
            session_until=ends,
            refresh_hash=None if refresh is None else token_hash(refresh),
        )


TokensDep = Annotated[Tokens, Depends(built(Tokens))]


@router.post("")
async def post_session(
    body: SignInBody,
    request: Request,
    sign_in: SignInDep,
    throttle: ThrottleDep,
    codes: CodesDep,
    limits: LimitsDep,
    clock: ClockDep,
    tokens: TokensDep,
    commands: CommandsDep,
) -> SessionAnswer:
    """Sign in; with a proof the session is bound to the device whose key it is."""
    proof = proof_of(request, clock()) if HEADER in request.headers else None
    account = await sign_in.account_of(body.login)
    key = proof.key if proof and await sign_in.knows(account, proof.key) else None
    tried = Try(sign_in.login_keys(body.login)[0], address_of(request), key)
    proven = await proven_by(sign_in, throttle, tried, account, body)
    id_ = session_id()
    refresh = codes.refresh_token(proven.account_id, id_) if proof else None
    browser = Browser(proof.key if proof else None, label_of(request))
    digest = token_digest(refresh) if refresh else None

    async def use_case(uow: UnitOfWork) -> Opened:
        return await open_session(proven, browser, digest, id_, limits, uow)

    with refusing():
        outcome = await commands.run(
            use_case, sent=sent_by(proven.account_id, request), key=proven.account_id
        )
    return tokens.give(outcome.answer, refresh)


@router.post("/refresh")
async def post_refresh(
    request: Request,
    codes: CodesDep,
    limits: LimitsDep,
    clock: ClockDep,
    cookies: CookiesDep,
    tokens: TokensDep,
    commands: CommandsDep,
) -> SessionAnswer:
    """Give another token to the device whose refresh token this is, and another refresh token."""
    shown = codes.refresh_of(cookies.refresh(request))
    if shown is None:
        raise SignInRefused("no_session", "this refresh token is not ours")
    proof = proof_of(request, clock(), shown.text)
    fresh = codes.refresh_token(shown.account_id, shown.session_id)
    said = Shown(shown.account_id, shown.session_id, token_digest(shown.text), proof.key, proof.id)

    async def use_case(uow: UnitOfWork) -> Opened | Stolen:
        return await refresh_session(said, token_digest(fresh), limits, uow)

    with refusing():
        outcome = await commands.run(
            use_case, sent=sent_by(shown.account_id, request), key=shown.account_id
        )
    if "refused" in outcome.answer:
        raise SignInRefused(outcome.answer["refused"], "supervisors were told")
    return tokens.give(outcome.answer, fresh)


class FreshSignIn:
    """Takes password and code once more, from a script or with a form."""

    def __init__(
        self,
        sign_in: SignIn,
        throttle: Throttle,
        limits: Limits,
        signer: Signer,
        cookies: SessionCookies,
        clock: Clock,
        commands: Commands,
    ) -> None:
        self._sign_in = sign_in
        self._throttle = throttle
        self._limits = limits
        self._signer = signer
        self._cookies = cookies
        self._clock = clock
        self._commands = commands

    async def prove(
        self, request: Request, response: Response, caller: Caller, password: str, code: str | None
    ) -> SessionAnswer:
        """Note the proof, and give the response a token that holds it.

        Raises SignInRefused and TooManyRequests.
        """
        account = await self._sign_in.by_id(caller.subject)
        session = caller.session
        if session is None:
            raise SignInRefused("no_session", "a machine does not sign in")
        tried = Try(caller.subject, address_of(request), session)
        secret = SecretBody(password=password, code=code)
        proven = await proven_by(self._sign_in, self._throttle, tried, account, secret)
        with refusing():
            outcome = await self._commands.run(
                lambda uow: prove_again(proven, session, self._limits, uow),
                sent=sent_by(caller.subject, request),
                key=caller.subject,
            )
        tokens = Tokens(request, response, self._signer, self._cookies, self._clock)
        return tokens.give(outcome.answer, None)


FreshSignInDep = Annotated[FreshSignIn, Depends(provided(FreshSignIn))]


@router.post("/proof")
async def post_proof(
    body: SecretBody,
    request: Request,
    response: Response,
    caller: CallerDep,
    fresh: FreshSignInDep,
) -> SessionAnswer:
    """Prove once more who one is: for changes of rights, unmasking, export and erasure."""
    return await fresh.prove(request, response, caller, body.password, body.code)


@router.delete("", status_code=204)
async def delete_session(
    request: Request,
    response: Response,
    caller: CallerDep,
    cookies: CookiesDep,
    commands: CommandsDep,
) -> None:
    """Sign out: the session ends here and in every service."""
    if caller.session is not None:
        session = caller.session
        await commands.run(
            lambda uow: sign_out(caller.subject, session, uow),
            sent=sent_by(caller.subject, request),
            key=caller.subject,
        )
    cookies.take(request, response)
