"""Who may pass: one check before any route, before a byte of the body is read.

A cookie is sent by a browser on its own, so a cookie alone never changes anything: such a request
must also come from a page of ours. Page answers carry `Referrer-Policy: same-origin` for it; under
`no-referrer` browsers send `Origin: null` with forms, and on a plain-HTTP office network there is
no `Sec-Fetch-Site` to fall back on.
"""

from collections.abc import Mapping
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from fastapi import Depends
from starlette.datastructures import Headers, QueryParams
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.auth.roles import Caller, Forbidden
from shared.auth.tokens import InvalidToken, NotKnownYet, Verifier
from shared.web import problems
from shared.web.accounts import AccountLimits
from shared.web.answers import Answers
from shared.web.problems import (
    Denied,
    FieldError,
    InvalidFields,
    NotAccepted,
    NotFresh,
    Problem,
    Unavailable,
)
from shared.web.routes import Route, RouteTable
from shared.web.scopekeys import ACCOUNTS, CALLER, MORE_TIME, PERSON, PROBLEM, ROUTE, UPLOAD, VIEWER
from shared.web.session import SIGN_IN, SessionCookie

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def caller_of(request: Request) -> Caller:
    """Return the caller of a guarded route; RuntimeError on a public one, which has none."""
    caller = request.scope.get(CALLER)
    if not isinstance(caller, Caller):
        raise RuntimeError("a public route has no caller")  # noqa: TRY004 - a wiring mistake
    return caller


def asks_for_person(request: Request, person: str) -> None:
    """Note that this person is asked for, so that mass reads are noticed, the refused ones too.

    To be called before he is shown, where the right to it is certain. Raises TooManyRequests where
    the account has looked at too many persons.
    """
    request.scope[PERSON] = person
    limits = request.scope.get(ACCOUNTS)
    if isinstance(limits, AccountLimits):
        limits.admit_look(caller_of(request), person)


def admit_file(request: Request, limit: int) -> None:
    """Let whoever uses a public route send a file, once the endpoint knows that he may.

    Until then his body has the size and the time of any other. To be called before it is read.
    """
    request.scope[UPLOAD] = limit
    if MORE_TIME in request.scope:
        request.scope[MORE_TIME]()


async def current_caller(request: Request) -> Caller:
    """Return the same, as a dependency: a plain function would run in a thread."""
    return caller_of(request)


CallerDep = Annotated[Caller, Depends(current_caller)]


class _Credential(NamedTuple):
    token: str
    by_cookie: bool


class Guard:
    """ASGI middleware: lets a request through to its route, or answers why not."""

    def __init__(
        self,
        app: ASGIApp,
        table: RouteTable,
        verifier: Verifier,
        answers: Answers,
        cookie: SessionCookie,
        accounts: AccountLimits,
    ) -> None:
        self._accounts = accounts
        self._app = app
        self._table = table
        self._verifier = verifier
        self._answers = answers
        self._cookie = cookie.name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check and pass on."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        if scope["type"] == "http":
            try:
                self._check(scope)
            except Problem as problem:
                scope[PROBLEM] = problem
                await self._refusal(scope, problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        route, params = self._find(scope)
        scope[ROUTE] = route.template
        headers = Headers(scope=scope)
        credential = self._credential(scope, headers)
        self._admit(scope, route, params, credential)
        takes_file = route.rule.upload > 0 and not route.rule.public
        if takes_file:
            scope[UPLOAD] = route.rule.upload
        if scope["method"] not in _SAFE and (credential is None or credential.by_cookie):
            _check_origin(headers, strict=credential is not None)
        _check_content_type(headers, route)
        if self._answers.is_api(scope):
            _check_query(scope, route)
        if takes_file and MORE_TIME in scope:
            scope[MORE_TIME]()

    def _find(self, scope: Scope) -> tuple[Route, Mapping[str, str]]:
        found = self._table.find(scope)
        if found.route is not None:
            return found.route, found.params
        if self._table.strays(scope):
            raise Denied("this route has no rule", kind="no-rule")
        if found.allowed:
            raise problems.of_status(405, headers={"Allow": ", ".join(found.allowed)})
        raise problems.of_status(404)

    def _admit(
        self,
        scope: Scope,
        route: Route,
        params: Mapping[str, str],
        credential: _Credential | None,
    ) -> None:
        if route.rule.public:
            self._recognise(scope, credential)
            return
        if credential is None:
            raise NotAccepted(problems.NO_TOKEN)
        try:
            scope[VIEWER] = self._verifier.verify(credential.token)
            scope[CALLER] = scope[VIEWER].acting_as(route.rule.roles)
        except InvalidToken as error:
            raise NotAccepted(error.reason) from None
        except NotKnownYet:
            raise Unavailable("the service is starting", retry_after=1) from None
        except Forbidden as error:
            raise Denied(error.reason) from None
        scope[ACCOUNTS] = self._accounts
        self._accounts.admit(scope[CALLER])
        if (case_id := params.get("case_id")) is not None:
            self._accounts.admit_case(scope[CALLER], case_id)
        if route.rule.fresh and not self._verifier.fresh(scope[CALLER]):
            raise NotFresh

    def _recognise(self, scope: Scope, credential: _Credential | None) -> None:
        if credential is None or self._answers.is_api(scope):
            return
        try:
            scope[VIEWER] = self._verifier.verify(credential.token)
        except (InvalidToken, NotKnownYet):
            return

    def _credential(self, scope: Scope, headers: Headers) -> _Credential | None:
        given = headers.getlist("authorization")
        if given:
            scheme, _, token = given[0].partition(" ")
            single = len(given) == 1 and scheme.lower() == "bearer"
            # What is not one Bearer token stands for an empty one, which no verifier believes.
            return _Credential(token.strip() if single else "", by_cookie=False)
        cookie = HTTPConnection(scope).cookies.get(self._cookie)
        return _Credential(cookie, by_cookie=True) if cookie else None

    def _refusal(self, scope: Scope, problem: Problem) -> Response:
        if not isinstance(problem, NotAccepted) or not self._answers.wants_page(scope):
            self._recognise(scope, self._credential(scope, Headers(scope=scope)))
            return self._answers.to(scope, problem)
        query = {"alasan": "ditolak"} if problem.detail != problems.NO_TOKEN else {}
        if scope["method"] == "GET":
            query["lanjut"] = _address(scope)
        return RedirectResponse(f"{SIGN_IN}?{urlencode(query)}", status_code=303)


def _address(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{scope['path']}?{query}" if query else str(scope["path"])


def _check_origin(headers: Headers, *, strict: bool) -> None:
    """Refuse what another site made the browser send; without a header no cookie counts."""
    context = headers.get("sec-fetch-site")
    origin = headers.get("origin") or headers.get("referer")
    if context is not None:
        ours = context == "same-origin"
    elif origin is not None:
        ours = _authority(origin) == headers.get("host", "").lower()
    else:
        ours = not strict
    if not ours:
        raise Denied("the request comes from another site", kind="cross-site")


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _check_content_type(headers: Headers, route: Route) -> None:
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if route.body is None or not has_body:
        return
    kind, _, parameters = headers.get("content-type", "").lower().partition(";")
    accepted = _FORMS if route.body == "form" else frozenset({"application/json"})
    charset = parameters.strip().removeprefix("charset=").strip('"')
    foreign = parameters.strip().startswith("charset=") and charset not in {"utf-8", "utf8"}
    if kind.strip() not in accepted or foreign:
        raise problems.of_status(415, f"send {' or '.join(sorted(accepted))} in UTF-8")


def _check_query(scope: Scope, route: Route) -> None:
    asked = scope.get("query_string", b"")
    if not asked:
        return
    given = QueryParams(asked)
    unknown = [name for name in given if name not in route.query]
    if unknown:
        raise InvalidFields(*(FieldError.unknown_query(name) for name in unknown))
