"""The two cookies of somebody who has signed in, and the signed statement of his device."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request, Response

from services.intake.domain import Refused
from services.intake.usecases import Clock
from shared.auth.proof import HEADER, Asked, InvalidProof, Proof, verified
from shared.contracts.envelope import new_id
from shared.messaging.group_commit import fingerprint_of
from shared.runtime import Sent, provided
from shared.web.problems import Conflict, SignInRefused
from shared.web.scopekeys import ROUTE
from shared.web.session import SessionCookie

REFRESH_PATH: Final = "/api/session"
"""Below this alone the refresh token is sent."""


class SessionCookies:
    """Gives, reads and takes back the cookies. No script reads either."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self._token = SessionCookie(secure=secure)
        self._refresh = f"{'__Secure-' if secure else ''}jemput_refresh"

    def give_token(self, response: Response, token: str, until: datetime) -> None:
        """Give the token that every service reads."""
        self._token.give(response, token, until)

    def give_refresh(
        self, request: Request, response: Response, refresh: str, until: datetime
    ) -> None:
        """Give the right to another token."""
        response.set_cookie(
            self._refresh,
            refresh,
            expires=until,
            path=_path(request),
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )

    def refresh(self, request: Request) -> str:
        """Return the refresh token. Raises SignInRefused: no_session."""
        token = request.cookies.get(self._refresh)
        if not token:
            raise SignInRefused("no_session", "there is no session on this device: sign in")
        return token

    def take(self, request: Request, response: Response) -> None:
        """Take both back."""
        self._token.take(response)
        response.delete_cookie(
            self._refresh,
            path=_path(request),
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )


def _path(request: Request) -> str:
    """Return the path of sessions as this browser sees it, whatever it lies below."""
    before, _, _ = str(request.scope["path"]).partition(REFRESH_PATH)
    return f"{before}{REFRESH_PATH}"


def proof_of(request: Request, now: datetime, token: str | None = None) -> Proof:
    """Return what the request's proof proves. Raises SignInRefused with the reason."""
    asked = Asked(request.method, request.headers.get("host", ""), request.scope["path"])
    try:
        return verified(request.headers.get(HEADER, ""), asked, now, token)
    except InvalidProof as error:
        raise SignInRefused("no_proof", error.reason) from None


@contextmanager
def refusing() -> Iterator[None]:
    """Answer what the domain refuses while somebody signs in with a 401 that has its reason."""
    try:
        yield
    except Refused as refused:
        raise SignInRefused(refused.reason, refused.detail) from None
    except Conflict as conflict:
        reason = str(conflict.members.get("reason", "conflict"))
        raise SignInRefused(reason, conflict.detail) from None


def address_of(request: Request) -> str:
    """Return the client's address, as the proxies that we believe say it."""
    return request.client.host if request.client else ""


def sent_by(account_id: str, request: Request) -> Sent:
    """Return a command of somebody who signs in or out: each sending is one of its own."""
    action = f"{request.method} {request.scope[ROUTE]}"
    return Sent(fingerprint_of("session", new_id()), "session", actor=account_id, action=action)


_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = ("Android", "iPhone", "Windows", "Macintosh", "Linux")


def label_of(request: Request) -> str:
    """Return what to call a browser in a list: its kind and system, nothing finer."""
    agent = request.headers.get("user-agent", "")
    browser = next((name for sign, name in _BROWSERS if sign in agent), "Peramban lain")
    system = next((name for name in _SYSTEMS if name in agent), "")
    return f"{browser}, {system}" if system else browser


ClockDep = Annotated[Clock, Depends(provided(Clock))]
CookiesDep = Annotated[SessionCookies, Depends(provided(SessionCookies))]
