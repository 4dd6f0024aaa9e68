"""Where the services lie under the one origin, for links from one's pages to another."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The services' prefixes: below `/<name>`, unless another prefix is named."""

    prefixes: Mapping[str, str]

    def at(self, service: str, path: str) -> str:
        """Return the address of a path of a service."""
        return self.prefixes.get(service, f"/{service}") + path
