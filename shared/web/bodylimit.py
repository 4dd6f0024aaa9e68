"""Refuses a request body that is too large, also one without a length.

It lies behind the guard: who may not pass learns nothing of limits. Routes that take files have a
limit of their own, and refuse by name what is above it; theirs here is wider by as much as one
piece of a body, so that they come to do so.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.answers import Answers
from shared.web.problems import of_status
from shared.web.scopekeys import UPLOAD

PIECE: Final = 64 * 1024
"""Bytes of a body that a server hands on at once."""


class _TooLarge(Exception):  # noqa: N818 - never leaves this module
    """Stops whoever reads on."""


class BodyLimit:
    """ASGI middleware: counts what comes in, and answers 413 once it is more than `limit` bytes.

    Whatever the application makes of the interruption is dropped, unless it had begun to answer.
    """

    def __init__(self, app: ASGIApp, answers: Answers, limit: int) -> None:
        self._app = app
        self._answers = answers
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if UPLOAD in scope:
            await self._counted(scope, receive, send, scope[UPLOAD] + PIECE)
            return
        stated = Headers(scope=scope).get("content-length", "")
        if stated.isdigit() and int(stated) > self._limit:
            await self._refuse(scope, receive, send, self._limit)
            return
        await self._counted(scope, receive, send, self._limit)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        counted = _Counted(receive, send, limit)
        try:
            await self._app(scope, counted.receive, counted.send)
        except Exception:
            if not counted.refused:
                raise
        if counted.refused:
            await self._refuse(scope, receive, send, limit)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        # The rest of the body stays unread, so the connection cannot be used again.
        problem = of_status(413, f"at most {limit} bytes", {"Connection": "close"})
        await self._answers.to(scope, problem)(scope, receive, send)


class _Counted:
    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._left = limit
        self._started = False

    @property
    def refused(self) -> bool:
        return self._left < 0 and not self._started

    async def receive(self) -> Message:
        if self._left < 0:
            raise _TooLarge
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _TooLarge
        return message

    async def send(self, message: Message) -> None:
        if self.refused:
            return
        self._started = True
        await self._send(message)
