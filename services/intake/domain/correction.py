"""How many corrections of a statement are kept, and where (UU 27/2022 article 30)."""

from typing import Final

from services.intake.domain.refusal import Refused

CORRECTIONS_LIMIT: Final = 20
"""Corrections of what was said of one party of one case; each keeps what stood before."""


def former_id(statement: str, version: int) -> str:
    """Return where a version of a statement stays. Raises Refused after too many corrections."""
    if version > CORRECTIONS_LIMIT:
        why = f"resident: a statement of his was corrected {CORRECTIONS_LIMIT} times already"
        raise Refused("too_many_corrections", why)
    return f"{statement}.{version}"
