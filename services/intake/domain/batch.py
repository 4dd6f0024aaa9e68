"""A batch: issued documents of one service and region that are printed and handed over together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from services.intake.domain.case import Case, State
from services.intake.domain.refusal import Refused
from services.intake.domain.region import within

BATCH_LIMIT: Final = 100
"""Cases in one batch."""
USUAL: Final = 40
"""Cases in a batch unless another number is asked for."""
UNDO_WITHIN: Final = timedelta(hours=1)
"""For so long a hand-over can be taken back; then it closes the case."""


class Collector(StrEnum):
    """Who collects a document at the counter."""

    APPLICANT = "applicant"
    PROXY = "proxy"
    """Somebody with a power of attorney (F-1.07)."""


@dataclass(frozen=True, slots=True)
class Collected:
    """That a document was handed over. `power_of_attorney` is the paper a proxy showed."""

    at: datetime
    by: str
    """The account."""
    collector: Collector
    power_of_attorney: str | None = None

    def can_be_undone(self, at: datetime) -> bool:
        """Return whether it can still be taken back."""
        return at - self.at <= UNDO_WITHIN


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents that are printed together. Who they are for stands in their cases."""

    id: str
    version: int
    programme_id: str
    region_code: str
    service: str
    made_at: datetime
    made_by: str
    case_ids: tuple[str, ...] = ()
    printed_at: datetime | None = None
    handover_on: date | None = None
    """The day on which the documents are to be collected."""
    collected: Mapping[str, Collected] = field(default_factory=dict)

    def takes(self, case: Case) -> bool:
        """Return whether a case belongs in: issued, not closed, and in no other batch."""
        same = (case.programme_id, case.service) == (self.programme_id, self.service)
        free = case.state is State.ISSUED and case.batch_id is None
        return same and free and within(case.office_region, self.region_code)

    def printed(
        self, at: datetime, today: date, handover_on: date, failed: Collection[str]
    ) -> "Batch":
        """Note that all but the failed ones are printed, and when they are handed over."""
        if self.printed_at is not None:
            raise Refused("printed_already", "batch: it has been printed")
        if handover_on < today:
            raise Refused("day_over", "handover_on: the day is over")
        if not set(failed) <= set(self.case_ids):
            raise Refused("not_in_batch", "failed: a request that is not in the batch")
        kept = tuple(one for one in self.case_ids if one not in failed)
        changed = replace(self, printed_at=at, handover_on=handover_on, case_ids=kept)
        return replace(changed, version=self.version + 1)

    def handed(self, case_id: str, collected: Collected) -> "Batch":
        """Note that one of its documents was collected, once."""
        if case_id not in self.case_ids:
            raise Refused("not_in_batch", "case_id: it is not in the batch")
        if self.printed_at is None:
            raise Refused("not_printed", "batch: it has not been printed yet")
        if case_id in self.collected:
            raise Refused("collected_already", "case_id: its document has been collected")
        known = {**self.collected, case_id: collected}
        return replace(self, version=self.version + 1, collected=known)

    def undone(self, case_id: str, at: datetime) -> "Batch":
        """Take a hand-over back that was noted by mistake."""
        known = self.collected.get(case_id)
        if known is None:
            raise Refused("not_collected", "case_id: no hand-over of it is noted")
        if not known.can_be_undone(at):
            raise Refused("undo_too_late", "case_id: its hand-over is more than an hour old")
        rest = {id_: one for id_, one in self.collected.items() if id_ != case_id}
        return replace(self, version=self.version + 1, collected=rest)
