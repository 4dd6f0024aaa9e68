"""Signing in by pasting a token, and out again: until there are accounts, tokens come by command.

One sign-in for the whole origin: the cookie that is given here is read by every service.
"""

from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from shared.auth.rules import PUBLIC, RouteRules
from shared.auth.tokens import InvalidToken, Verifier
from shared.runtime import provided
from shared.web.pages import Pages
from shared.web.session import SIGN_IN, SIGN_OUT, SessionCookie

RULES: Final[RouteRules] = {
    f"GET {SIGN_IN}": PUBLIC,
    f"POST {SIGN_IN}": PUBLIC,
    f"POST {SIGN_OUT}": PUBLIC,
}
HOME: Final = "/"
MAX_ADDRESS: Final = 1000
"""Characters of an address to go on to; a longer one is forgotten."""

_WORDS: Final = {"expired": "signin.expired", "not valid yet": "signin.not_yet"}

router = APIRouter(include_in_schema=False)
PagesDep = Annotated[Pages, Depends(provided(Pages))]
VerifierDep = Annotated[Verifier, Depends(provided(Verifier))]
CookieDep = Annotated[SessionCookie, Depends(provided(SessionCookie))]


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
    notice = "signin.again" if alasan else ""
    return pages.render(request, "signin.html", lanjut=safe_address(lanjut), notice=notice)


@router.post(SIGN_IN)
async def sign_in(
    request: Request,
    pages: PagesDep,
    verifier: VerifierDep,
    cookie: CookieDep,
    token: Annotated[str, Form()] = "",
    lanjut: Annotated[str, Form()] = HOME,
) -> Response:
    """Take a token that is valid, and go on; say what is wrong with any other."""
    onwards, pasted = safe_address(lanjut), "".join(token.split())
    try:
        caller = verifier.verify(pasted)
    except InvalidToken as error:
        words = _WORDS.get(error.reason, "signin.unknown") if pasted else "signin.empty"
        return pages.render(
            request, "signin.html", status=422, lanjut=onwards, notice="", error=words
        )
    response = RedirectResponse(onwards, status_code=303)
    cookie.give(response, pasted, caller.expires_at)
    return response


@router.post(SIGN_OUT)
async def sign_out(cookie: CookieDep) -> Response:
    """Forget the session in this browser."""
    response = RedirectResponse(SIGN_IN, status_code=303)
    cookie.take(response)
    return response
