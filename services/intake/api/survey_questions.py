"""What a programme asks in its satisfaction survey beside the nine elements, as it states it."""

from typing import Annotated

from pydantic import Field

from services.intake.domain.survey import OWN_QUESTIONS, SurveyQuestion
from shared.contracts.event import PublicText, Slug
from shared.web.body import Body


class SurveyQuestionBody(Body):
    """A question in Bahasa Indonesia. `answers`: the words for 1, 2, 3 and 4, the worst first."""

    code: Slug
    text: PublicText
    answers: tuple[PublicText, PublicText, PublicText, PublicText]

    def question(self) -> SurveyQuestion:
        """Return the question that this describes."""
        return SurveyQuestion(self.code, self.text, self.answers)


SurveyQuestions = Annotated[tuple[SurveyQuestionBody, ...], Field(max_length=OWN_QUESTIONS)]
