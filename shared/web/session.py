"""The session of a browser: one cookie for the whole origin, so one sign-in serves all services.

Scripts cannot read it and no other site can have sent it. One service gives and takes it, at these
two addresses of the origin; every service reads it and sends to the first whoever has none.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response

SIGN_IN: Final = "/masuk"
SIGN_OUT: Final = "/keluar"
_NAME: Final = "jemput_token"


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
