"""Who stands at the booths: agencies of a programme, by kind."""

from dataclasses import dataclass, replace
from enum import StrEnum


class AgencyKind(StrEnum):
    """What an agency is, as Indonesian law divides them."""

    REGIONAL = "perangkat_daerah"
    """An office of the regency or city."""
    VERTICAL = "vertikal"
    """A ministry's own office in the region."""
    STATE_COMPANY = "bumn"
    REGIONAL_COMPANY = "bumd"
    PRIVATE = "swasta"
    COMMUNITY = "komunitas"


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency. Its operators are those whose grants name it."""

    programme_id: str
    agency_id: str
    name: str
    kind: AgencyKind
    version: int = 1

    @property
    def id(self) -> str:
        """Return its id, which is its own within the programme."""
        return self.key(self.programme_id, self.agency_id)

    @staticmethod
    def key(programme_id: str, agency_id: str) -> str:
        """Return the id of an agency of a programme."""
        return f"{programme_id}/{agency_id}"

    def described(self, name: str, kind: AgencyKind) -> "Agency":
        """Return it under this name and as this kind; itself where nothing changes."""
        if (name, kind) == (self.name, self.kind):
            return self
        return replace(self, version=self.version + 1, name=name, kind=kind)
