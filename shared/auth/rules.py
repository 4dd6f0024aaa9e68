"""The table of routes and rules: which roles may use which route."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from shared.auth.roles import Role


@dataclass(frozen=True, slots=True, init=False)
class Rule:
    """The roles that may use a route; whose programme and region is checked by the endpoint.

    `fresh`: only who signed in a short while ago (`roles.FRESH`), so no machine.
    """

    roles: frozenset[Role]
    public: bool
    upload: int
    """Bytes of a file that is the body of its own; 0: the body is JSON or a form.

    On a public route nobody may send one before the endpoint lets him (`guard.admit_file`).
    """
    fresh: bool

    def __init__(
        self,
        roles: Collection[Role],
        *,
        public: bool = False,
        upload: int = 0,
        fresh: bool = False,
    ) -> None:
        if bool(roles) == public:
            raise ValueError("a rule names roles, or is public and names none")
        object.__setattr__(self, "roles", frozenset(roles))
        object.__setattr__(self, "public", public)
        object.__setattr__(self, "upload", upload)
        object.__setattr__(self, "fresh", fresh)


PUBLIC: Final = Rule((), public=True)
"""Open to everybody, without a token."""

RouteRules = Mapping[str, Rule]
"""Rules by `METHOD /path/{template}`, the path written as in the route."""
