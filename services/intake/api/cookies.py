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
from shared.messaging.task import fingerprint_of
from shared.runtime import Sent, provided
from shared.web.problems import Conflict, SignInRefused
from shared.web.scopekeys import ROUTE
from shared.web.session import SESSIONS, RefreshCookie, SessionCookie


class SessionCookies:
    """Gives, reads and takes back the cookies. No script reads either."""

    def __init__(self, *, secure: bool) -> None:
        self._token = SessionCookie(secure=secure)
        self._refresh = RefreshCookie(secure=secure)

    def give_token(self, response: Response, token: str, until: datetime) -> None:
        """Give the token that every service reads."""
        self._token.give(response, token, until)

    def give_refresh(
        self, request: Request, response: Response, refresh: str, until: datetime
    ) -> None:
        """Give the right to another token."""
        self._refresh.give(response, refresh, until, _path(request))

    def refresh(self, request: Request) -> str:
        """Return the refresh token. Raises SignInRefused: no_session."""
        token = request.cookies.get(self._refresh.name)
        if not token:
            raise SignInRefused("no_session", "there is no session on this device: sign in")
        return token

    def take(self, request: Request, response: Response) -> None:
        """Take both back."""
        self._token.take(response)
        self._refresh.take(response, _path(request))


def _path(request: Request) -> str:
    """Return the path of sessions as this browser sees it, whatever it lies below."""
    before, _, _ = str(request.scope["path"]).partition(SESSIONS)
    return f"{before}{SESSIONS}"


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
