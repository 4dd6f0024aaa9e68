"""The client-made key under which a request may be sent again without being done twice."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header

from shared.contracts.text import holds_number
from shared.web.problems import FieldError, Problem

HEADER: Final = "Idempotency-Key"
_KEY = re.compile(r"[A-Za-z0-9._-]{8,64}")


KeyHeader = Annotated[
    str | None,
    Header(
        alias=HEADER,
        description="A UUID, or 8 to 64 of A-Z a-z 0-9 . _ - without nine digits in a row; "
        "the same key again is the same request.",
    ),
]


def required_key(given: str | None) -> str:
    """Return the header's key; Problem 400 naming the header when it is missing or malformed."""
    reason = _refusal(given)
    if given is not None and reason is None:
        return given
    raise Problem(
        400,
        "idempotency-key",
        f"The {HEADER} header is needed",
        reason or "",
        errors=[FieldError(f"header/{HEADER}", reason or "")],
    )


async def idempotency_key(given: KeyHeader = None) -> str:
    """Return the request's key, as `required_key`."""
    return required_key(given)


def usable_key(key: str) -> str | None:
    """The key of a form, in a field; None where it is missing or malformed."""
    return key if _refusal(key) is None else None


def _refusal(key: str | None) -> str | None:
    if key is None:
        return "missing"
    if not _KEY.fullmatch(key):
        return "must be 8 to 64 of A-Z a-z 0-9 . _ -"
    if holds_number(key):
        return "has nine digits or more without a letter between them; use a UUID"
    return None


IdempotencyKey = Annotated[str, Depends(idempotency_key)]
