"""The session of a browser: one cookie for the whole origin, so one sign-in serves all services.

Scripts cannot read it and no other site can have sent it. One service gives and takes it, at these
two addresses of the origin; every service reads it and sends to the first whoever has none. Beside
it lies the refresh token, which that one service alone is sent.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response

SIGN_IN: Final = "/masuk"
SIGN_OUT: Final = "/keluar"
SESSIONS: Final = "/api/session"
"""Below this path of the service that signs people in alone, the refresh token is sent."""
STATE: Final = "/masuk/keadaan"
"""Answers 204 as long as whoever asks is signed in: open pages ask it (static/sesi.js)."""
_NAME: Final = "jemput_token"
_REFRESH: Final = "jemput_refresh"


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The cookie; `secure` keeps it off plain HTTP."""

    secure: bool = False

    @property
    def name(self) -> str:
        """Its name. Behind TLS no other host or plain page can have set it."""
        return f"__Host-{_NAME}" if self.secure else _NAME

    def give(self, response: Response, token: str, expires_at: datetime | None) -> None:
        """Have the browser keep a token until it expires, and send it with every path."""
        response.set_cookie(
            self.name,
            token,
            expires=expires_at,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def take(self, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(
            self.name, path="/", secure=self.secure, httponly=True, samesite="strict"
        )


@dataclass(frozen=True, slots=True)
class RefreshCookie:
    """The cookie with the right to another token; `secure` as above."""

    secure: bool = False

    @property
    def name(self) -> str:
        """Its name. Behind TLS no plain page can have set it."""
        return f"__Secure-{_REFRESH}" if self.secure else _REFRESH

    def give(self, response: Response, refresh: str, until: datetime, path: str) -> None:
        """Have the browser keep it, and send it below this path alone."""
        response.set_cookie(
            self.name,
            refresh,
            expires=until,
            path=path,
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def take(self, response: Response, path: str) -> None:
        """Have the browser forget it."""
        response.delete_cookie(
            self.name, path=path, secure=self.secure, httponly=True, samesite="strict"
        )
