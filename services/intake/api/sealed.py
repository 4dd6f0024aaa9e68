"""What is answered where a person's data cannot be opened."""

from contextlib import AbstractContextManager

from services.intake.usecases import KeyMissing
from shared.web import sealed


def openable() -> AbstractContextManager[None]:
    """Answer as `shared.web.sealed.openable` where a person's data do not open."""
    return sealed.openable("the person's", KeyMissing)
