"""The satisfaction survey (SKM): nine elements, and up to three questions of the programme's own.

PermenPANRB 14/2017: each element is given 1 to 4. What nobody answered counts nowhere: the index
divides by those who answered an element. It is made of sums, by reporting, and of no case.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Final

from services.intake.domain.case import Case
from services.intake.domain.refusal import Refused

SCALE: Final = (1, 2, 3, 4)
OWN_QUESTIONS: Final = 3
"""Questions that a programme may ask beside the nine elements."""
COMMENT_LIMIT: Final = 1_000
"""Characters of what somebody says in his own words."""


class Element(StrEnum):
    """The nine elements (unsur) of PermenPANRB 14/2017."""

    U1 = "U1"
    """Persyaratan."""
    U2 = "U2"
    """Sistem, mekanisme dan prosedur."""
    U3 = "U3"
    """Waktu penyelesaian."""
    U4 = "U4"
    """Biaya/tarif."""
    U5 = "U5"
    """Produk spesifikasi jenis pelayanan."""
    U6 = "U6"
    """Kompetensi pelaksana."""
    U7 = "U7"
    """Perilaku pelaksana."""
    U8 = "U8"
    """Sarana dan prasarana."""
    U9 = "U9"
    """Penanganan pengaduan, saran dan masukan."""


class SurveyWay(StrEnum):
    """How the answers came."""

    PAGE = "page"
    PAPER = "paper"
    """Written on paper, and entered by an operator."""
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class SurveyQuestion:
    """A question of a programme's own, in Bahasa Indonesia, with the words for 1 to 4.

    Its code is in lower case, so that it is never taken for an element.
    """

    code: str
    text: str
    answers: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody answered. `scores`: 1 to 4 by element or by the code of an own question."""

    scores: Mapping[str, int]
    comment: str = field(default="", repr=False)
    """In his own words; it may name anybody."""

    def require(self, own: Iterable[SurveyQuestion]) -> None:
        """Refuse what cannot be counted, naming the field.

        Raises Refused: `question_unknown`, `score_malformed`, `nothing_answered`,
        `comment_malformed`.
        """
        known = {*Element, *(question.code for question in own)}
        for code, score in self.scores.items():
            if code not in known:
                raise Refused("question_unknown", "scores: the programme does not ask this")
            if score not in SCALE:
                raise Refused("score_malformed", f"scores: {code} is given 1 to 4")
        if not self.scores:
            raise Refused("nothing_answered", "scores: at least one is answered")
        if len(self.comment) > COMMENT_LIMIT or not self.comment.isprintable():
            why = f"comment: at most {COMMENT_LIMIT} characters, without control characters"
            raise Refused("comment_malformed", why)


@dataclass(frozen=True, slots=True)
class Survey:
    """The answers about one case; the first stand. `comment` is sealed with its applicant's key."""

    id: str
    """The case's."""
    answered_on: date
    """In the programme's zone."""
    way: SurveyWay
    by: str
    """The account that entered it; `resident` where he did himself."""
    scores: Mapping[str, int]
    comment: Mapping[str, str] = field(default_factory=dict)
    version: int = 1
    erased: bool = False
    """Its applicant was erased, and what he said with him."""

    def without_answers(self) -> "Survey":
        """Forget what was said: that it was answered is all that is left."""
        return replace(self, version=self.version + 1, scores={}, comment={}, erased=True)


def require_closed(case: Case) -> None:
    """Refuse a survey about what goes on. Raises Refused: `not_closed`."""
    if case.outcome is None:
        raise Refused("not_closed", "survey: the request is still open")


def require_same_words(before: Iterable[SurveyQuestion], after: Iterable[SurveyQuestion]) -> None:
    """Refuse other words under a code: answers to both would be added up as one series.

    Raises Refused: `question_reworded`.
    """
    known = {question.code: question for question in before}
    for code in _reworded(known, after):
        why = f"survey_questions: {code} was asked in other words; give these a code of their own"
        raise Refused("question_reworded", why)


def _reworded(
    known: Mapping[str, SurveyQuestion], after: Iterable[SurveyQuestion]
) -> Iterator[str]:
    return (one.code for one in after if known.get(one.code, one) != one)
