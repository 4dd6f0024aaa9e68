"""The outermost layer of every answer: correlation, metrics, headers, and the unexpected."""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from secrets import token_hex
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.auth.roles import Caller
from shared.contracts.envelope import new_id
from shared.contracts.text import holds_number
from shared.observability.logs import correlated
from shared.observability.metrics import UNMATCHED, HttpMetrics
from shared.observability.security import SecurityEvents
from shared.web.answers import Answers, as_json
from shared.web.pages import POLICY
from shared.web.problems import NO_TOKEN, Problem, SignInRefused
from shared.web.scopekeys import PERSON, PROBLEM, ROUTE, VIEWER

CORRELATION_HEADER: Final = "X-Correlation-Id"
RawHeader = tuple[bytes, bytes]
"""As ASGI has them: names in small letters."""
_CORRELATION: Final = CORRELATION_HEADER.lower().encode()
_HEADERS: Final[tuple[RawHeader, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"content-security-policy", POLICY.encode()),
    (b"cache-control", b"no-store"),
)
_TLS_ONLY: Final = ((b"strict-transport-security", b"max-age=31536000"),)
"""For a year browsers try no plain HTTP here; other hosts of the office are not ours to bind."""
NOT_ACCEPTED: Final = 401
_EVENTS: Final = {NOT_ACCEPTED: "refused", 403: "refused", 429: "throttled"}
_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")

_log = logging.getLogger(__name__)


class Edge:
    """ASGI middleware around everything else."""

    def __init__(
        self,
        app: ASGIApp,
        answers: Answers,
        metrics: HttpMetrics,
        security: SecurityEvents,
        timer: Callable[[], float],
        *,
        tls_only: bool,
    ) -> None:
        self._app = app
        self._answers = answers
        self._metrics = metrics
        self._security = security
        self._timer = timer
        self._headers = (*_HEADERS, *_TLS_ONLY) if tls_only else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and see to it that it is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._timer, _correlation(scope), self._headers)
        with correlated(answer.correlation):
            try:
                await self._app(scope, receive, answer.send)
            except ClientDisconnect:
                pass
            except Exception as error:  # noqa: BLE001 - whatever it is, it is answered and logged
                await self._unexpected(error, scope, receive, answer)
            finally:
                route = scope.get(ROUTE, UNMATCHED)
                self._metrics.answered(scope["method"], route, answer.status, answer.seconds())
                self._report(scope, route)

    def _report(self, scope: Scope, route: str) -> None:
        """Report a refusal, or that a person was read, as a security event."""
        viewer = scope.get(VIEWER)
        subject = viewer.subject if isinstance(viewer, Caller) else ""
        if PERSON in scope:
            self._security.read(subject, scope[PERSON], route)
        problem = scope.get(PROBLEM)
        if problem is None or problem.status not in _EVENTS:
            return
        if isinstance(problem, SignInRefused):
            self._security.happened("sign_in_refused", route, problem.reason, subject)
        elif problem.status == NOT_ACCEPTED and problem.detail != NO_TOKEN:
            self._security.happened("bad_token", route, problem.detail, subject)
        else:
            self._security.happened(_EVENTS[problem.status], route, problem.kind, subject)

    async def _unexpected(
        self, error: Exception, scope: Scope, receive: Receive, answer: "_Answer"
    ) -> None:
        incident = token_hex(4)
        _log.error(
            "a request failed unexpectedly",
            exc_info=error,
            extra={
                "incident": incident,
                "method": scope["method"],
                "route": scope.get(ROUTE, UNMATCHED),
            },
        )
        if answer.status is not None:
            return
        problem = Problem(
            500, "internal", "Something went wrong on our side", members={"incident": incident}
        )
        try:
            response = self._answers.to(scope, problem)
        except Exception:  # noqa: BLE001 - a broken error page must not hide the first error
            _log.exception("the error page failed", extra={"incident": incident})
            response = as_json(problem)
        await response(scope, receive, answer.send)


class _Answer:
    def __init__(
        self,
        send: Send,
        timer: Callable[[], float],
        correlation: str,
        headers: Sequence[RawHeader],
    ) -> None:
        self._send = send
        self._headers = headers
        self._timer = timer
        self._began = timer()
        self._answered: float | None = None
        self.correlation = correlation
        self.status: int | None = None

    def seconds(self) -> float:
        ended = self._timer() if self._answered is None else self._answered
        return ended - self._began

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._answered = self._timer()
            message["headers"] = self._with_ours(message.get("headers", ()))
        await self._send(message)

    def _with_ours(self, headers: Iterable[RawHeader]) -> list[RawHeader]:
        """Return an answer's headers with ours, where it has none of that name."""
        own = [one for one in headers if one[0] != _CORRELATION]
        named = {name for name, _ in own}
        own.append((_CORRELATION, self.correlation.encode()))
        own += [one for one in self._headers if one[0] not in named]
        return own


def _correlation(scope: Scope) -> str:
    """Return the sender's id, or a new one where it is malformed or could be somebody's number."""
    given = Headers(scope=scope).get(CORRELATION_HEADER, "")
    fits = _ID.fullmatch(given) and not holds_number(given)
    return given if fits else new_id()
