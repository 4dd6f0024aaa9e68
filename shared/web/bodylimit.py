"""Refuses a request body that is too large, also one without a length.

A route that takes files has a limit of its own, once the guard has let the sender through. It
refuses by name what is above that limit; here it is wider by one piece of a body, so that it can.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.answers import Answers
from shared.web.problems import of_status
from shared.web.routes import RouteTable
from shared.web.scopekeys import UPLOAD

PIECE: Final = 64 * 1024
"""Bytes of a body that the server hands on at once."""


class _TooLarge(Exception):  # noqa: N818 - never leaves this module
    """Stops whoever reads on."""


class BodyLimit:
    """ASGI middleware: counts what comes in, and answers 413 once it is more than `limit` bytes.

    Whatever the application makes of the interruption is dropped, unless it had begun to answer.
    """

    def __init__(self, app: ASGIApp, answers: Answers, limit: int, table: RouteTable) -> None:
        self._app = app
        self._table = table
        self._answers = answers
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "")
        if stated.isdigit() and int(stated) > self._limit and not self._takes_files(scope):
            await self._refuse(scope, receive, send)
            return
        counted = _Counted(scope, receive, send, self._limit)
        try:
            await self._app(scope, counted.receive, counted.send)
        except Exception:
            if not counted.refused:
                raise
        if counted.refused:
            await self._refuse(scope, receive, send)

    def _takes_files(self, scope: Scope) -> bool:
        found = self._table.find(scope).route
        return found is not None and found.rule.upload > 0

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The rest of the body stays unread, so the connection cannot be used again.
        problem = of_status(413, f"at most {self._limit} bytes", {"Connection": "close"})
        await self._answers.to(scope, problem)(scope, receive, send)


class _Counted:
    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._limit = limit
        self._come = 0
        self._started = False

    @property
    def _over(self) -> bool:
        # The guard, further in, says whose body is a file.
        upload = self._scope.get(UPLOAD, 0)
        return self._come > (upload + PIECE if upload else self._limit)

    @property
    def refused(self) -> bool:
        return self._over and not self._started

    async def receive(self) -> Message:
        if self._over:
            raise _TooLarge
        message = await self._receive()
        self._come += len(message.get("body", b""))
        if self._over:
            raise _TooLarge
        return message

    async def send(self, message: Message) -> None:
        if self.refused:
            return
        self._started = True
        await self._send(message)
