"""Signing in by pasting a token, and out again: until there are accounts, tokens come by command.

The token is kept in a cookie that scripts cannot read and that no other site can have sent.
"""

from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from shared.auth.rules import PUBLIC, RouteRules
from shared.auth.tokens import InvalidToken, Verifier
from shared.web.guard import SIGN_IN, cookie_name
from shared.web.pages import Pages

SIGN_OUT: Final = "/keluar"
SIGN_IN_RULES: Final[RouteRules] = {
    f"GET {SIGN_IN}": PUBLIC,
    f"POST {SIGN_IN}": PUBLIC,
    f"POST {SIGN_OUT}": PUBLIC,
}
HOME: Final = "/"
MAX_ADDRESS: Final = 1000
"""Characters of an address to go on to; a longer one is forgotten."""

_WORDS: Final = {"expired": "signin.expired", "not valid yet": "signin.not_yet"}


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


def signin_router(pages: Pages, verifier: Verifier, *, secure_cookies: bool) -> APIRouter:
    """`/masuk` and `/keluar`. `secure_cookies` keeps the cookie off plain HTTP."""
    router = APIRouter(include_in_schema=False)
    cookie = cookie_name(secure=secure_cookies)

    @router.get(SIGN_IN)
    async def form(request: Request, lanjut: str = HOME, alasan: str = "") -> Response:
        notice = "signin.again" if alasan else ""
        return pages.render(request, "signin.html", lanjut=safe_address(lanjut), notice=notice)

    @router.post(SIGN_IN)
    async def sign_in(
        request: Request,
        token: Annotated[str, Form()] = "",
        lanjut: Annotated[str, Form()] = HOME,
    ) -> Response:
        onwards, pasted = safe_address(lanjut), "".join(token.split())
        try:
            caller = verifier.verify(pasted)
        except InvalidToken as error:
            words = _WORDS.get(error.reason, "signin.unknown") if pasted else "signin.empty"
            return pages.render(
                request, "signin.html", status=422, lanjut=onwards, notice="", error=words
            )
        response = RedirectResponse(onwards, status_code=303)
        response.set_cookie(
            cookie,
            pasted,
            expires=caller.expires_at,
            secure=secure_cookies,
            httponly=True,
            samesite="strict",
        )
        return response

    @router.post(SIGN_OUT)
    async def sign_out() -> Response:
        response = RedirectResponse(SIGN_IN, status_code=303)
        response.delete_cookie(cookie, secure=secure_cookies, httponly=True, samesite="strict")
        return response

    return router
