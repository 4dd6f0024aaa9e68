"""What the sandbox does with the next calls: data that a test sets, in the order it was set."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from deploy.local.whatsapp.faults import FAULTS, GraphError
from shared.web.body import Body, Unfit

StatusWord = Literal["sent", "delivered", "read", "failed"]
Statuses = Annotated[tuple[StatusWord, ...], Field(min_length=1, max_length=20)]
MAX_WAITING: Final = 200
"""Behaviours that may wait for their calls; one more is refused."""


class On(StrEnum):
    """The calls that a behaviour is for."""

    MESSAGES = "messages"
    """Sends."""
    UPLOAD = "upload"
    """A file that is uploaded."""
    MEDIA = "media"
    """What is asked about a media id."""
    DOWNLOAD = "download"
    """A file that is downloaded."""
    WEBHOOK = "webhook"
    """A webhook that the sandbox posts."""


_ANY_CALL: Final = frozenset({"error", "status", "delay_seconds", "lost_answer"})
_FITS: Final[Mapping[On, frozenset[str]]] = {
    On.MESSAGES: _ANY_CALL | {"by", "statuses", "copies"},
    On.UPLOAD: _ANY_CALL,
    On.MEDIA: _ANY_CALL - {"lost_answer"} | {"wrong_digest", "expired"},
    On.DOWNLOAD: _ANY_CALL - {"lost_answer"} | {"truncated", "expired"},
    On.WEBHOOK: frozenset({"delay_seconds", "copies", "signature", "truncated"}),
}


class Behaviour(Body):
    """What happens to the next `times` calls of a kind; without anything set, what is usual.

    `error` is one of Meta's codes. `by` says whether a send is refused at once or is accepted and
    fails by a status. `status` alone is an answer without JSON. `lost_answer`: it is done, and the
    answer is an error all the same. `statuses` follow a send in this order. Raises Unfit where a
    field means nothing for these calls.
    """

    on: On
    times: int = Field(default=1, ge=1, le=100_000)
    number: str | None = Field(default=None, description="Of this phone number alone.")
    error: int | None = None
    by: Literal["answer", "status"] = "answer"
    status: int | None = Field(default=None, ge=400, le=599)
    delay_seconds: float = Field(default=0, ge=0, le=120)
    lost_answer: bool = False
    statuses: Statuses | None = None
    copies: int = Field(default=1, ge=1, le=20)
    wrong_digest: bool = False
    truncated: bool = False
    expired: bool = False
    signature: Literal["right", "wrong", "missing"] = "right"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        strange = self.model_fields_set - {"on", "times", "number"} - _FITS[self.on]
        if strange:
            raise Unfit(f"means nothing for {self.on}: {', '.join(sorted(strange))}")
        if self.error is not None and self.error not in FAULTS:
            raise Unfit("no such error is known here")
        if self.by == "status" and self.error is None:
            raise Unfit("a status fails by an error: it is missing")
        return self

    def refuse(self) -> None:
        """Raise the error that is the answer, if any is."""
        if self.by == "answer" and not self.lost_answer and (self.error or self.status):
            raise self._refusal()

    def lose_answer(self) -> None:
        """Raise what is answered though it was done, if the answer is lost."""
        if self.lost_answer:
            raise self._refusal()

    def _refusal(self) -> GraphError:
        bare = self.error is None and self.status is not None
        return GraphError(self.error or 131016, status=self.status, bare=bare)


class Behaviours:
    """The behaviours that wait for their calls."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Behaviour, int]] = []

    @property
    def waiting(self) -> list[dict[str, object]]:
        """Return those that wait, with the calls that are left to each."""
        return [{**one.model_dump(mode="json"), "left": left} for one, left in self._waiting]

    @property
    def full(self) -> bool:
        """Whether no more may wait."""
        return len(self._waiting) >= MAX_WAITING

    def add(self, behaviour: Behaviour) -> None:
        """Let it wait behind the others."""
        self._waiting.append((behaviour, behaviour.times))

    def take(self, on: On, number: str | None = None) -> Behaviour:
        """Return what this call meets, which is then spent."""
        for place, (one, left) in enumerate(self._waiting):
            if one.on is on and one.number in {None, number}:
                self._waiting[place : place + 1] = [(one, left - 1)] if left > 1 else []
                return one
        return Behaviour(on=on)

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()
