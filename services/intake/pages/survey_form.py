"""The questions of a satisfaction survey on a page, and what was answered of them.

Each question has one name in the form, `n-` and its code; whoever leaves it out answers nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import FormData

from services.intake.domain import Programme, Refused
from services.intake.domain.survey import (
    COMMENT_LIMIT,
    OWN_QUESTIONS,
    SCALE,
    Answers,
    Element,
)
from shared.web.texts import Texts

FIELD: Final = "n-"
"""Before a question's code: no code of a programme's own is then another field of the form."""
COMMENT: Final = "komentar"
FIRST: Final = f"{FIELD}{Element.U1}"
_MOST: Final = len(Element) + OWN_QUESTIONS


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the page asks it; `answers` are the words for 1 to 4."""

    code: str
    text: str
    answers: Sequence[str]

    @property
    def name(self) -> str:
        """Return what it is called in the form."""
        return f"{FIELD}{self.code}"

    @property
    def options(self) -> list[tuple[str, str, str]]:
        """Return what can be chosen, as `pilihan.html` takes it."""
        return [
            (str(mark), f"{mark}. {words}", "")
            for mark, words in zip(SCALE, self.answers, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class SurveyForm:
    """What was sent: by a question's code what was chosen, and the text."""

    chosen: Mapping[str, str] = field(default_factory=dict)
    comment: str = field(default="", repr=False)

    @property
    def answers(self) -> Answers:
        """Return what can be counted of it. Raises Refused: `score_malformed`."""
        marks = {str(score): score for score in SCALE}
        if not marks.keys() >= set(self.chosen.values()):
            raise Refused("score_malformed", "scores: each is given 1 to 4")
        scores = {code: marks[mark] for code, mark in self.chosen.items()}
        return Answers(scores, " ".join(self.comment.split()))

    @property
    def content(self) -> Sequence[str]:
        """Return what tells it from another form."""
        return [*(f"{code}={mark}" for code, mark in sorted(self.chosen.items())), self.comment]


def typed(form: FormData) -> SurveyForm:
    """Read the fields; of more questions than can be asked, and of long texts, the beginning."""
    sent = ((name, text) for name, text in form.multi_items() if isinstance(text, str) and text)
    marks = {name.removeprefix(FIELD): text for name, text in sent if name.startswith(FIELD)}
    comment = form.get(COMMENT, "")
    said = comment if isinstance(comment, str) else ""
    return SurveyForm(dict(list(marks.items())[: _MOST + 1]), said[: COMMENT_LIMIT * 2])


def asked(programme: Programme | None, texts: Texts) -> Sequence[Asked]:
    """Return the nine questions that everybody is asked, then the programme's own."""
    return [*_elements(texts), *_own(programme)]


def _elements(texts: Texts) -> Iterator[Asked]:
    words = [texts(f"survey.scale.{score}") for score in SCALE]
    return (Asked(one, texts(f"survey.element.{one}"), words) for one in Element)


def _own(programme: Programme | None) -> Iterator[Asked]:
    for one in programme.survey_questions if programme else ():
        yield Asked(one.code, one.text, one.answers)


def wrong_at(refused: Refused) -> tuple[str, str]:
    """Return the field that a refusal is shown beside, and its words below `survey.wrong`."""
    field_ = COMMENT if refused.reason == "comment_malformed" else FIRST
    known = {"nothing_answered", "score_malformed", "comment_malformed"}
    return field_, refused.reason if refused.reason in known else "other"
