"""Whether somebody may work on a case."""

from collections.abc import Collection
from typing import Protocol

from services.intake.domain import Case


class Allow(Protocol):
    """Raises where the caller has no right to this."""

    def __call__(
        self,
        *,
        programme: str,
        office: str,
        domicile: str,
        backdated: bool,
        roles: Collection[str] | None = None,
    ) -> None:
        """Hold the caller against programme, the region that works on it and the domicile.

        `backdated`: the caller states that it happened earlier than now. `roles`: only these count.
        """
        ...


def require_right(
    case: Case, allow: Allow, *, backdated: bool, roles: Collection[str] | None = None
) -> None:
    """Raise what `allow` raises where the caller has no right to a case, in one of these roles."""
    allow(
        roles=roles,
        programme=case.programme_id,
        office=case.office_region,
        domicile=case.region_code,
        backdated=backdated,
    )
