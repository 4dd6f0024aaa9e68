"""What the use cases and routes need from outside."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from services.courier.domain import Area, Job, JobState, Place

T = TypeVar("T")

WAITING_PAGE = 100
"""Waiting jobs that one unit of work assigns."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs of one programme somebody may see.

    All of `regions`, and in `own_regions` those that `agent_id` carries. `*` stands for everywhere.
    """

    programme_id: str
    regions: frozenset[str]
    own_regions: frozenset[str]
    agent_id: str


@dataclass(frozen=True, slots=True)
class JobPage:
    """Which of the jobs that somebody may see he wants; None: whichever."""

    limit: int
    state: JobState | None = None
    ended: bool | None = None
    carrier: str | None = None
    """The agent who carries them."""
    after: str | None = None
    """The last job of the page before."""

    def words(self, shown: int) -> tuple[str, ...]:
        """Return what the trail says of a look at it: how many were shown, and what was chosen."""
        chosen = {
            "state": self.state and self.state.value,
            "ended": None if self.ended is None else str(self.ended).lower(),
            "agent": self.carrier,
            "after": self.after,
        }
        return (str(shown), *(f"{name}={one}" for name, one in chosen.items() if one is not None))


class Reader(Protocol):
    """What routes read: committed data, outside any unit of work."""

    async def get(self, kept: type[T], id_: str) -> T | None:
        """Return what is kept under an id, or None."""
        ...

    async def find(self, kept: type[T]) -> list[T]:
        """Return all of a type, in order of ids."""
        ...

    async def jobs(self, job_filter: JobFilter, page: JobPage) -> list[Job]:
        """Return a page of the jobs that fit, oldest first."""
        ...

    async def carried(self, agent_id: str, limit: int) -> list[Job]:
        """Return the jobs of an agent that have not ended, at most `limit`, oldest first."""
        ...

    async def waiting(self, programme_id: str, place: Place) -> list[str]:
        """Return the ids of the oldest open jobs of an RW, at most `WAITING_PAGE`."""
        ...

    async def unsettled(self) -> list[Area]:
        """Return areas where open jobs are to be looked for."""
        ...
