"""Calls the route that the guard has found, where it has a plan; the framework calls the others."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.plan import Received
from shared.web.routes import Found
from shared.web.scopekeys import FOUND

_NOTHING: Final = Found()


class Dispatch:
    """ASGI middleware inside of the guard."""

    def __init__(self, app: ASGIApp, handlers: Mapping[Any, Any]) -> None:
        """`handlers` are the application's, by the exceptions that they answer."""
        self._app = app
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or pass it on."""
        found = scope.get(FOUND, _NOTHING)
        plan = found.route.plan() if found.route else None
        if plan is None:
            await self._app(scope, receive, send)
            return
        scope["path_params"] = found.params
        request, begun = Received(scope, receive, send), False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            response = await plan.answer(request)
            await response(scope, receive, noted)
        except Exception as error:
            handler = self._handler(type(error))
            if begun or handler is None:
                raise
            response = await handler(request, error)
            await response(scope, receive, send)

    def _handler(self, kind: type[Exception]) -> Any:
        """Return the handler of an exception, or of what it is a kind of."""
        return next((self._handlers[one] for one in kind.__mro__ if one in self._handlers), None)
