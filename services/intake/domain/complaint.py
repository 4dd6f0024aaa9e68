"""Complaints and wishes of residents: their kinds, their states, and by when they are answered.

A complaint is received, taken into work, answered and closed. Whoever complained may open it again,
and say how content he is. What he wrote is kept apart from it, sealed (`ComplaintText`): a list of
complaints reads nobody's words. Who may see one is in `complaint_sight.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from services.intake.domain.calendar import (
    CalendarExceptions,
    Holidays,
    day_end,
    due_day,
    local_day,
)
from services.intake.domain.refusal import Refused

TEXT_LIMIT: Final = 2_000
"""Characters of a complaint, and of an answer."""
REOPENINGS: Final = 3
"""How often one is opened again at most; after that another one is written."""
CLOSES_AFTER: Final = timedelta(days=10)
"""So long whoever complained may say something to the answer (SP4N-LAPOR!'s practice, low)."""
OPENERS: Final = 20
"""People who ask to read one about staff, at most; two are enough."""
BEST: Final = 4
"""The best rating; the worst is 1, as in the satisfaction survey (PermenPANRB 14/2017)."""


class ComplaintKind(StrEnum):
    """What it is."""

    INFORMATION = "information"
    """A question."""
    SERVICE = "service"
    """About how the office serves."""
    SUPERVISION = "supervision"
    """What has to be examined: levies (pungli), touts (calo), conduct of staff."""
    ASPIRATION = "aspiration"
    """A wish (aspirasi)."""


WORKING_DAYS: Final[Mapping[ComplaintKind, int]] = {
    ComplaintKind.INFORMATION: 5,
    ComplaintKind.SERVICE: 14,
    ComplaintKind.SUPERVISION: 60,
    ComplaintKind.ASPIRATION: 14,
}
"""Working days to answer (SIPPN 8304801, medium); a wish has those of what is no supervision."""


class Secrecy(StrEnum):
    """What is known of whoever complains, and to whom."""

    NAMED = "named"
    CONFIDENTIAL = "confidential"
    """His name is for those who lead alone."""
    ANONYMOUS = "anonymous"


class StaffRole(StrEnum):
    """What the member of staff does whom a complaint is about, in the words of the accounts."""

    OPERATOR = "operator"
    AGENT = "agent"
    AGENCY_OPERATOR = "agency_operator"
    SUPERVISOR = "supervisor"
    HEAD = "head"


class ComplaintState(StrEnum):
    """How far it has come."""

    RECEIVED = "received"
    IN_WORK = "in_work"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"
    """Waits to be taken again."""


WAITS: Final = frozenset({ComplaintState.RECEIVED, ComplaintState.REOPENED})
OWED: Final = WAITS | {ComplaintState.IN_WORK}
"""States in which an answer is owed."""
OVER: Final = frozenset({ComplaintState.ANSWERED, ComplaintState.CLOSED})


def coded(complaint_id: str) -> str:
    """Return what the code of a complaint is made of: it is never that of a request."""
    return f"complaint:{complaint_id}"


@dataclass(frozen=True, slots=True)
class NewComplaint:
    """What somebody says. `tracking` is the digest of the code that he follows it by.

    `channel` is how it came: a page, a desk, a chat. `region_code` is where; left out: the
    programme's.
    """

    id: str
    tracking: str
    programme_id: str
    kind: ComplaintKind
    secrecy: Secrecy
    channel: str
    text: str = field(repr=False)
    region_code: str | None = None
    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    about: StaffRole | None = None

    def require_sound(self) -> None:
        """Refuse what contradicts itself.

        Reasons: text_malformed, anonymous_named, name_needed, about_staff.
        """
        checked_text(self.text)
        if self.secrecy is Secrecy.ANONYMOUS and (self.name or self.phone):
            raise Refused("anonymous_named", "name: nothing is kept of who stays anonymous")
        if self.secrecy is not Secrecy.ANONYMOUS and not self.name:
            raise Refused("name_needed", "name: it is needed, or secrecy: anonymous")
        if self.about is not None and self.kind is not ComplaintKind.SUPERVISION:
            raise Refused("about_staff", "kind: what is about staff is supervision")

    @property
    def said(self) -> Mapping[str, str]:
        """Return what is sealed, by its fields."""
        said = {"text": self.text.strip(), "name": self.name, "phone": self.phone}
        return {name: value for name, value in said.items() if value}


def checked_text(text: str, field_name: str = "text") -> str:
    """Return a text without the blanks around it. Raises Refused: text_malformed."""
    said = text.strip()
    if not 0 < len(said) <= TEXT_LIMIT:
        raise Refused("text_malformed", f"{field_name}: 1 to {TEXT_LIMIT} characters are needed")
    if any(not one.isprintable() and one not in "\n\r\t" for one in said):
        raise Refused("text_malformed", f"{field_name}: it holds a character that nobody sees")
    return said


@dataclass(frozen=True, slots=True)
class ComplaintText:
    """What was written in a complaint and in answer to it, each field sealed with its own key."""

    id: str
    """The complaint's."""
    sealed: Mapping[str, str]
    version: int = 1

    def answered(self, sealed: Mapping[str, str]) -> "ComplaintText":
        """Return it with an answer."""
        return replace(self, version=self.version + 1, sealed={**self.sealed, **sealed})


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint without its words. `region` is whose office answers it.

    `about` is what kind of staff it is about and `accused` which account, once that is known. Such
    a one is opened by two people before anybody reads it (`opened_by`).
    """

    id: str
    version: int
    tracking: str
    programme_id: str
    region: str
    time_zone: str
    kind: ComplaintKind
    secrecy: Secrecy
    channel: str
    received_at: datetime
    recorded_by: str
    due_on: date
    state: ComplaintState = ComplaintState.RECEIVED
    about: StaffRole | None = None
    accused: str | None = None
    opened_by: tuple[str, ...] = ()
    handed_up: bool = False
    """An operator has given it to a supervisor."""
    worked_by: str | None = None
    answers: int = 0
    answered_at: datetime | None = None
    answered_by: str | None = None
    within_deadline: bool | None = None
    """Of the last answer."""
    closed_at: datetime | None = None
    reopened: int = 0
    rating: int | None = None
    """Of the last answer."""
    overdue_since: datetime | None = None

    @property
    def month(self) -> str:
        """Return the month in which it came, as `2026-11`: what it is counted under."""
        return f"{local_day(self.received_at, self.time_zone):%Y-%m}"

    @property
    def overdue_at(self) -> datetime:
        """Return the moment at which its last day is over."""
        return day_end(self.due_on, self.time_zone)

    @property
    def overdue(self) -> bool:
        """Return whether its day is over and the answer still owed."""
        return self.overdue_since is not None and self.state in OWED

    @property
    def supervised(self) -> bool:
        """Return whether it is for a supervisor."""
        return self.kind is ComplaintKind.SUPERVISION or self.handed_up

    @property
    def closes_at(self) -> datetime | None:
        """Return when it closes by itself."""
        return self.answered_at + CLOSES_AFTER if self.answered_at else None

    def taken(self, by: str) -> "Complaint":
        """Take it into work. Raises Refused: not_waiting."""
        if self.state not in WAITS:
            raise Refused("not_waiting", f"step: it is {self.state}")
        return self._changed(state=ComplaintState.IN_WORK, worked_by=by)

    def answered(self, by: str, at: datetime) -> "Complaint":
        """Note that an answer was given. Raises Refused: not_in_work."""
        if self.state is not ComplaintState.IN_WORK:
            raise Refused("not_in_work", f"answer: it is {self.state}; take it first")
        return self._changed(
            state=ComplaintState.ANSWERED,
            answers=self.answers + 1,
            answered_at=at,
            answered_by=by,
            within_deadline=local_day(at, self.time_zone) <= self.due_on,
            overdue_since=None,
        )

    def closed(self, by: str, at: datetime) -> "Complaint":
        """End it. Raises Refused: not_answered, own_answer.

        About staff it is not ended by the one who answered, or he would do all of it alone.
        """
        if self.state is not ComplaintState.ANSWERED:
            raise Refused("not_answered", f"step: it is {self.state}")
        if self.about is not None and by == self.answered_by:
            raise Refused("own_answer", "step: another person ends it than the one who answered")
        return self._changed(state=ComplaintState.CLOSED, closed_at=at)

    def opened_again(
        self, at: datetime, days: int, holidays: Holidays, exceptions: CalendarExceptions
    ) -> "Complaint":
        """Open it again: the days for an answer begin anew. Raises Refused.

        Reasons: not_answered, reopened_too_often.
        """
        if self.state not in OVER:
            raise Refused("not_answered", f"step: it is {self.state}")
        if self.reopened >= REOPENINGS:
            raise Refused("reopened_too_often", f"step: it was opened again {REOPENINGS} times")
        return self._changed(
            state=ComplaintState.REOPENED,
            reopened=self.reopened + 1,
            due_on=due_day(local_day(at, self.time_zone), days, holidays, exceptions),
            worked_by=None,
            answered_at=None,
            answered_by=None,
            within_deadline=None,
            closed_at=None,
            rating=None,
            overdue_since=None,
        )

    def rated(self, rating: int) -> "Complaint":
        """Note how content whoever complained is; the first word on an answer stands.

        Raises Refused: rating_malformed, not_answered, rated_already.
        """
        if not 1 <= rating <= BEST:
            raise Refused("rating_malformed", f"rating: 1 to {BEST}")
        if self.state not in OVER:
            raise Refused("not_answered", f"rating: it is {self.state}")
        if self.rating is not None:
            raise Refused("rated_already", "rating: this answer was rated before, and that stands")
        return self._changed(rating=rating)

    def given_up(self) -> "Complaint":
        """Give it to a supervisor; whoever takes it next is one. Raises Refused: not_owed."""
        if self.state not in OWED:
            raise Refused("not_owed", f"step: it is {self.state}")
        waits = ComplaintState.REOPENED if self.reopened else ComplaintState.RECEIVED
        return self._changed(handed_up=True, state=waits, worked_by=None)

    def opened(self, by: str) -> "Complaint":
        """Note that somebody wants to read what is about staff; itself where he said so before.

        Raises Refused: opened_enough.
        """
        if by in self.opened_by:
            return self
        if len(self.opened_by) >= OPENERS:
            raise Refused("opened_enough", f"step: {OPENERS} people have asked to read it")
        return self._changed(opened_by=(*self.opened_by, by))

    def accusing(self, account_id: str) -> "Complaint":
        """Note whom it is about. Raises Refused: not_about_staff."""
        if self.about is None:
            raise Refused("not_about_staff", "account_id: it is not about a member of staff")
        return self._changed(accused=account_id)

    def noted_overdue(self, at: datetime) -> "Complaint":
        """Note that its last day is over; itself where it was answered, or is due later by now."""
        if self.state not in OWED or self.overdue_since is not None or at < self.overdue_at:
            return self
        return self._changed(overdue_since=self.overdue_at)

    def _changed(self, **changes: object) -> "Complaint":
        return replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]
