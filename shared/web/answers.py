"""How a problem is answered: as JSON to machines, as a page in plain Indonesian to people."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from shared.auth.roles import Forbidden
from shared.messaging import errors
from shared.web.pages import Pages
from shared.web.problems import (
    MEDIA_TYPE,
    Denied,
    Problem,
    Unavailable,
    of_http_exception,
    of_validation,
)
from shared.web.routes import API
from shared.web.scopekeys import PROBLEM
from shared.worker.client import Away, Busy

Translation = Callable[[Exception], Problem]
Translations = Mapping[type[Exception], Translation]
"""What a service's own exceptions mean over HTTP."""

_OURS: Final[Translations] = {
    errors.Unavailable: lambda _: Unavailable("the database is away"),
    Away: lambda _: Unavailable("the worker is away", retry_after=5),
    Busy: lambda _: Unavailable("the worker has too much to do", retry_after=2),
    Problem: lambda error: error,  # type: ignore[dict-item,return-value]
    Forbidden: lambda error: Denied(str(error)),
    HTTPException: of_http_exception,  # type: ignore[dict-item]
    RequestValidationError: of_validation,  # type: ignore[dict-item]
}


class Answers:
    """Answers problems; without pages, always as JSON."""

    def __init__(self, pages: Pages | None) -> None:
        self._pages = pages

    def wants_page(self, scope: Scope) -> bool:
        """Whether a person looks at the answer: a browser, outside of /api."""
        accept = Headers(scope=scope).get("accept", "")
        return self._pages is not None and "text/html" in accept and not is_api(scope)

    def to(self, scope: Scope, problem: Problem) -> Response:
        """The answer to this request."""
        scope[PROBLEM] = problem
        if self._pages is not None and self.wants_page(scope):
            return self._pages.problem(Request(scope), problem)
        return as_json(problem)

    def install(self, app: FastAPI, translations: Translations) -> None:
        """Have the application answer these exceptions, and its own, as problems."""
        for kind, translation in {**_OURS, **translations}.items():
            app.add_exception_handler(kind, self._handler(translation))

    def _handler(
        self, translation: Translation
    ) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def handler(request: Request, error: Exception) -> Response:
            return self.to(request.scope, translation(error))

        return handler


def is_api(scope: Scope) -> bool:
    """Whether the path belongs to machines."""
    return str(scope["path"]).startswith(API)


def as_json(problem: Problem) -> Response:
    """The problem as RFC 9457 writes it."""
    return JSONResponse(
        problem.document(), problem.status, headers=problem.headers, media_type=MEDIA_TYPE
    )
