"""What lies beside a programme: published whole, in versions that never change."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from services.intake.domain.programme import Programme
from services.intake.domain.refusal import Refused


@dataclass(frozen=True, slots=True)
class Beside(ABC):
    """One version of such a document."""

    programme_id: str
    version: int

    @property
    @abstractmethod
    def id(self) -> str:
        """Return the id that this version is kept under."""

    def same_as(self, other: Self) -> bool:
        """Return whether both say the same, whatever their versions."""
        return replace(self, version=0) == replace(other, version=0)

    def numbered(self, version: int) -> Self:
        """Return the same as another version."""
        return replace(self, version=version)

    def copied(self, programme_id: str) -> Self:
        """Return the same as another programme's first."""
        return replace(self, programme_id=programme_id, version=1)

    def require_fit(self, programme: Programme) -> None:
        """Refuse what does not fit the programme, naming the field."""
        refused = next(self._faults(programme), None)
        if refused is not None:
            raise refused

    @abstractmethod
    def _faults(self, programme: Programme) -> Iterator[Refused]:
        """Yield each field that leaves a resident without an answer or a case without an end."""
