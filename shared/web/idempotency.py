"""The client-made key under which a request may be sent again without being done twice."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header

from shared.web.problems import FieldError, Problem

HEADER: Final = "Idempotency-Key"
_KEY = re.compile(r"[A-Za-z0-9._-]{8,64}")


def idempotency_key(
    key: Annotated[
        str | None,
        Header(
            alias=HEADER,
            description="8 to 64 of A-Z a-z 0-9 . _ -; the same key again is the same request.",
        ),
    ] = None,
) -> str:
    """The request's key; Problem 400 naming the header when it is missing or malformed."""
    if key is not None and _KEY.fullmatch(key):
        return key
    reason = "missing" if key is None else "must be 8 to 64 of A-Z a-z 0-9 . _ -"
    raise Problem(
        400,
        "idempotency-key",
        f"The {HEADER} header is needed",
        reason,
        errors=[FieldError(f"header/{HEADER}", reason)],
    )


IdempotencyKey = Annotated[str, Depends(idempotency_key)]
