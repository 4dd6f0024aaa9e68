"""Signing in and out: people with name, password and code, machines' keepers with a token.

One sign-in for the whole origin: the cookie that is given here is read by every service. A person's
sign-in is sent by the page's script, which holds the device's key (static/masuk.js); a token can be
pasted without any script.
"""

from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from services.intake.usecases import sign_out
from shared.auth.roles import Caller, Role
from shared.auth.rules import PUBLIC, RouteRules, Rule
from shared.auth.tokens import InvalidToken, NotKnownYet, Verifier
from shared.contracts.envelope import new_id
from shared.messaging.task import fingerprint_of
from shared.runtime import CommandsDep, Sent, provided
from shared.web.pages import Pages
from shared.web.problems import Unavailable
from shared.web.scopekeys import VIEWER
from shared.web.session import (
    SESSIONS,
    SIGN_IN,
    SIGN_OUT,
    STATE,
    RefreshCookie,
    SessionCookie,
)

INVITATION: Final = f"{SIGN_IN}/undangan"
"""Where a link leads; its code stands behind `#`, which no server is sent and no log has."""
RULES: Final[RouteRules] = {
    f"GET {SIGN_IN}": PUBLIC,
    f"POST {SIGN_IN}": PUBLIC,
    f"POST {SIGN_OUT}": PUBLIC,
    f"GET {STATE}": Rule(set(Role)),
    f"GET {INVITATION}": PUBLIC,
}
HOME: Final = "/"
MAX_ADDRESS: Final = 1000
"""Characters of an address to go on to; a longer one is forgotten."""

_WORDS: Final = {"expired": "signin.expired", "not valid yet": "signin.not_yet"}
_NOTICES: Final = {"": "", "siap": "signin.ready"}
"""Why somebody was sent here, by `alasan`; any other one: his session is over."""
REFUSALS: Final = (
    "not_recognised",
    "code_needed",
    "code_wrong",
    "device_revoked",
    "no_proof",
    "throttled",
    "unavailable",
    "offline",
    "other",
    "login_empty",
    "password_empty",
    "code_empty",
)
"""What the page's script can have to say, below `signin.refused` in the catalogue."""
INVITATION_REFUSALS: Final = (
    "link_missing",
    "link_spent",
    "account_disabled",
    "no_password",
    "password_length",
    "password_is_login",
    "password_breached",
    "password_empty",
    "code_wrong",
    "code_used",
    "code_empty",
    "unavailable",
    "offline",
    "other",
)
"""The same for whoever holds a link, below `invitation.refused`."""

router = APIRouter(include_in_schema=False)
PagesDep = Annotated[Pages, Depends(provided(Pages))]
VerifierDep = Annotated[Verifier, Depends(provided(Verifier))]
CookieDep = Annotated[SessionCookie, Depends(provided(SessionCookie))]
RefreshDep = Annotated[RefreshCookie, Depends(provided(RefreshCookie))]


def safe_address(address: str) -> str:
    """The address if it stays on this site, else the home page.

    Browsers read a backslash as a slash and skip tabs and line ends, so any of them is refused.
    """
    inside = address.startswith("/") and not address.startswith("//")
    if not inside or len(address) > MAX_ADDRESS or not address.isprintable() or "\\" in address:
        return HOME
    try:
        parts = urlsplit(address)
    except ValueError:
        return HOME
    return HOME if parts.scheme or parts.netloc else address


@router.get(SIGN_IN)
async def show_form(
    request: Request, pages: PagesDep, lanjut: str = HOME, alasan: str = ""
) -> Response:
    """Ask for a token; `lanjut` is where to go on to, with its whole path."""
    notice = _NOTICES.get(alasan, "signin.again")
    return _form(request, pages, safe_address(lanjut), notice=notice)


def _form(
    request: Request, pages: Pages, onwards: str, *, notice: str = "", error: str = ""
) -> Response:
    return pages.render(
        request,
        "signin.html",
        status=422 if error else 200,
        lanjut=onwards,
        notice=notice,
        error=error,
        refusals=REFUSALS,
    )


@router.get(STATE, status_code=204)
async def show_state() -> None:
    """Answer whoever is signed in; the guard refuses all others."""


@router.get(INVITATION)
async def show_invitation(request: Request, pages: PagesDep) -> Response:
    """Let the holder of a link set his password, and his authenticator app."""
    return pages.render(request, "undangan.html", refusals=INVITATION_REFUSALS)


@router.post(SIGN_IN)
async def sign_in(
    request: Request,
    pages: PagesDep,
    verifier: VerifierDep,
    cookie: CookieDep,
    refresh: RefreshDep,
    token: Annotated[str, Form()] = "",
    lanjut: Annotated[str, Form()] = HOME,
) -> Response:
    """Take a token that is valid, and go on; say what is wrong with any other."""
    onwards, pasted = safe_address(lanjut), "".join(token.split())
    try:
        caller = verifier.verify(pasted)
    except NotKnownYet:
        raise Unavailable("the service is starting", retry_after=1) from None
    except InvalidToken as error:
        words = _WORDS.get(error.reason, "signin.unknown") if pasted else "signin.empty"
        return _form(request, pages, onwards, error=words)
    response = RedirectResponse(onwards, status_code=303)
    cookie.give(response, pasted, caller.expires_at)
    # A session of before would put its own token in the place of this one.
    refresh.take(response, pages.at(SESSIONS))
    return response


@router.post(SIGN_OUT)
async def leave(
    request: Request,
    pages: PagesDep,
    cookie: CookieDep,
    refresh: RefreshDep,
    commands: CommandsDep,
) -> Response:
    """End the session in every service, and have this browser forget it."""
    viewer = request.scope.get(VIEWER)
    if isinstance(viewer, Caller) and viewer.session is not None:
        session, account = viewer.session, viewer.subject
        await commands.run(
            lambda uow: sign_out(account, session, uow),
            sent=Sent(
                fingerprint_of("session", new_id()),
                "session",
                actor=account,
                action=f"POST {SIGN_OUT}",
            ),
            key=account,
        )
    response = RedirectResponse(SIGN_IN, status_code=303)
    cookie.take(response)
    refresh.take(response, pages.at(SESSIONS))
    return response
