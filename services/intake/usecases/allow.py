"""Whether somebody may work on a case."""

from typing import Protocol

from services.intake.domain import Case


class Allow(Protocol):
    """Raises where the caller has no right to this."""

    def __call__(self, *, programme: str, office: str, domicile: str, backdated: bool) -> None:
        """Hold the caller against programme, the region that works on it and the domicile.

        `backdated`: the caller states that it happened earlier than now.
        """
        ...


def require_right(case: Case, allow: Allow, *, backdated: bool) -> None:
    """Raise what `allow` raises where the caller has no right to a case."""
    allow(
        programme=case.programme_id,
        office=case.office_region,
        domicile=case.region_code,
        backdated=backdated,
    )
