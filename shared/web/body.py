"""What a JSON request body is made of, and how large it may be."""

from typing import Final

from pydantic import BaseModel, ConfigDict

BODY_LIMIT: Final = 256 * 1024
"""Bytes of a request body."""
TEXT_LIMIT: Final = 500
"""Characters of a text field that states no limit of its own."""


class Body(BaseModel):
    """The base of every JSON request: unknown fields are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=TEXT_LIMIT)


class Unfit(ValueError):  # noqa: N818 - reads as the finding it is
    """A validator's refusal whose message repeats nothing of the input and is therefore shown.

    The message of any other ValueError stays inside; the caller reads "not a valid value".
    """
