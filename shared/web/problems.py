"""What is answered when a request is refused: RFC 9457 problems, each with a stable type.

A problem names the field and the reason and never repeats a value: an input may be a NIK.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.auth.roles import FRESH
from shared.contracts.text import holds_number
from shared.web.reasons import UNKNOWN_FIELD, reason_of

MEDIA_TYPE: Final = "application/problem+json"
MAX_ERRORS: Final = 20
"""Fields named in one answer; the rest show when these are right."""
MAX_SEGMENT: Final = 64
"""Characters of one step of a field's path: an unknown field's name is somebody's input."""
NOT_REPEATED: Final = "(a number)"
"""A step of a field's path that could be somebody's number: it is not said back."""
NO_TOKEN: Final = "no token"  # noqa: S105 - a reason, not a secret


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field, as a JSON pointer into the body or `query/name`, and what is wrong with it."""

    field: str
    reason: str

    @classmethod
    def unknown_query(cls, name: str) -> "FieldError":
        """A query field that the route does not know."""
        return cls(f"query/{_segment(name)}", UNKNOWN_FIELD)


class Problem(Exception):  # noqa: N818 - RFC 9457's own name
    """An answer other than success. Title and detail are for machine clients, in English."""

    safe_to_log: ClassVar[bool] = True

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{kind}: {detail or title}")
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.errors = tuple(errors[:MAX_ERRORS])
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    @property
    def type(self) -> str:
        """The problem's type: a relative URI that stays the same for ever."""
        return f"/problems/{self.kind}"

    def document(self) -> dict[str, Any]:
        """The answer's body."""
        document: dict[str, Any] = {"type": self.type, "title": self.title, "status": self.status}
        if self.detail:
            document["detail"] = self.detail
        if self.errors:
            document["errors"] = [asdict(error) for error in self.errors]
        return {**self.members, **document}


class InvalidFields(Problem):
    """Fields that cannot be accepted (422)."""

    def __init__(self, *errors: FieldError) -> None:
        unknown = any(error.reason == UNKNOWN_FIELD for error in errors)
        super().__init__(
            422,
            "unknown-field" if unknown else "invalid-field",
            "The request holds an unknown field" if unknown else "A field is not valid",
            "; ".join(f"{error.field}: {error.reason}" for error in errors[:MAX_ERRORS]),
            errors=errors,
        )


class NotFound(Problem):
    """Not found, or nothing that this caller may know of (404)."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(404, "not-found", "Not found", detail)


class Conflict(Problem):
    """Its state does not allow this (409); `reason` is a stable word."""

    def __init__(self, detail: str, *, reason: str = "") -> None:
        members = {"reason": reason} if reason else {}
        title = "Not possible in the present state"
        super().__init__(409, "conflict", title, detail, members=members)


class TooManyRequests(Problem):
    """A rate limit was reached (429); `limit` names it, as `600/minute`."""

    def __init__(self, detail: str, *, retry_after: int, limit: str = "") -> None:
        super().__init__(
            429,
            "too-many-requests",
            "Too many requests",
            detail,
            headers=_after(retry_after),
            members={"limit": limit} if limit else None,
        )


class Unavailable(Problem):
    """Not now, through no fault of the caller; the same request may be sent again (503)."""

    def __init__(self, detail: str, *, retry_after: int = 10) -> None:
        super().__init__(
            503, "unavailable", "Temporarily unavailable", detail, headers=_after(retry_after)
        )


class NotAccepted(Problem):
    """A token is missing or not believed (401)."""

    def __init__(self, reason: str) -> None:
        challenge = 'Bearer realm="jemput"'
        if reason != NO_TOKEN:
            challenge += f', error="invalid_token", error_description="{reason}"'
        super().__init__(
            401,
            "unauthenticated",
            "A valid token is needed",
            reason,
            headers={"WWW-Authenticate": challenge},
        )


class SignInRefused(Problem):
    """Somebody did not prove who he is, or his session is over (401); `reason` is a stable word."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(
            401,
            "sign-in-refused",
            "The sign-in is refused",
            detail,
            headers={"WWW-Authenticate": 'Bearer realm="jemput"'},
            members={"reason": reason},
        )
        self.reason = reason


class NotFresh(Problem):
    """The caller is known, and has to sign in once more before this (401, RFC 9470)."""

    def __init__(self) -> None:
        seconds = int(FRESH.total_seconds())
        challenge = (
            'Bearer realm="jemput", error="insufficient_user_authentication", '
            f'error_description="sign in once more", max_age="{seconds}"'
        )
        super().__init__(
            401,
            "sign-in-too-old",
            "Sign in once more for this",
            f"this needs a sign-in of the last {seconds} seconds",
            headers={"WWW-Authenticate": challenge},
        )


class Denied(Problem):
    """The caller is known, or need not be, and may not do this (403)."""

    def __init__(self, reason: str, *, kind: str = "forbidden") -> None:
        super().__init__(403, kind, "Not allowed", reason)


_BY_STATUS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("malformed-request", "The request cannot be read"),
    401: ("unauthenticated", "A valid token is needed"),
    403: ("forbidden", "Not allowed"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "This address does not know that method"),
    413: ("body-too-large", "The request body is too large"),
    415: ("unsupported-media-type", "The content type is not accepted"),
}


def of_status(status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> Problem:
    """The problem that stands for a bare status code."""
    kind, title = _BY_STATUS.get(status, (f"http-{status}", HTTPStatus(status).phrase))
    return Problem(status, kind, title, detail, headers=headers)


def of_http_exception(error: HTTPException) -> Problem:
    """Starlette's and FastAPI's own refusals; their detail stays inside."""
    return of_status(error.status_code, headers=error.headers)


def of_validation(error: RequestValidationError) -> Problem:
    """What pydantic found, without the values it found it in."""
    found = error.errors()
    if found and found[0]["type"] == "json_invalid":
        at = found[0]["loc"][-1]
        reason = f"{found[0]['ctx']['error']} at character {at}"
        errors = [FieldError("body", reason)]
        return Problem(400, "malformed-json", "The body is not JSON", reason, errors=errors)
    said = [part for part in found if not _counts_refused(part, found)]
    return InvalidFields(*(FieldError(_path(part["loc"]), reason_of(part)) for part in said))


def _counts_refused(part: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a list is called too short because pydantic leaves out refused parts of it."""
    at = part["loc"]
    return part["type"] == "too_short" and any(
        len(other["loc"]) > len(at) and other["loc"][: len(at)] == at for other in found
    )


def _path(loc: Sequence[str | int]) -> str:
    where, *steps = [_segment(step) for step in loc]
    if where == "body":
        return "/" + "/".join(steps) if steps else "body"
    return "/".join((where, *steps))


def _segment(step: str | int) -> str:
    text = "".join(sign for sign in str(step) if sign.isprintable())
    if holds_number(text):
        return NOT_REPEATED
    text = text[:MAX_SEGMENT]
    return text.replace("~", "~0").replace("/", "~1")


def _after(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}
