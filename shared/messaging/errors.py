"""What can go wrong with a message or a command, by what has to be done about it."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError


class Rejected(Exception):  # noqa: N818 - reads as the decision it is
    """A rule refuses it, and sending it again will not help.

    On the bus the message becomes a dead letter at once; over HTTP it is the answer. `reason` is
    a stable word for machines and metrics, `detail` a sentence without personal data.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Missing(Rejected):
    """What was asked for does not exist."""

    def __init__(self, what: str) -> None:
        super().__init__("not_found", what)


class Malformed(Rejected):
    """A message that cannot be read."""


class UnknownType(Exception):  # noqa: N818 - not an error: newer code will read it
    """A message of a type or version that this code does not handle (yet); try again later."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class PredecessorMissing(Exception):  # noqa: N818 - not an error: a message that came before its time
    """A message needs a document that is not there yet, and names it.

    It is deferred and taken up again as soon as `collection` holds `id`.
    """

    def __init__(self, collection: str, id: str) -> None:  # noqa: A002 - Mongo's own word
        super().__init__(f"waits for {collection}/{id}")
        self.collection = collection
        self.id = id


class Conflict(Exception):  # noqa: N818
    """Somebody else changed what this was decided on; decide again."""


class Locked(Conflict):
    """A transaction that has not ended holds what this one would write.

    It ends by itself: soon where its process lives, by the server's limit where it was killed.
    """


class Unavailable(Exception):  # noqa: N818
    """The database cannot do it now, or did not answer whether it committed; try again later.

    `reason` is one of a fixed set of names, for metrics. `refused`: the server answered, with an
    error that is neither a known passing state nor known as a fault of what was asked.
    """

    def __init__(
        self, detail: str = "", *, reason: str = "unreachable", refused: bool = False
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.refused = refused


class NotPublished(Exception):  # noqa: N818
    """The broker did not confirm; the outbox still has the row."""


class Overloaded(Exception):  # noqa: N818
    """The outbox is at its limit: RabbitMQ has been unavailable too long to accept more."""


class TooManyWaiting(Overloaded):
    """As many commands wait for the database as the stated limit allows."""


@contextmanager
def refusals(kind: type[Exception]) -> Iterator[None]:
    """Turn a domain's own refusal, which has `reason` and `detail`, into Rejected.

    The domain imports nothing of ours, so the translation stands here, once.
    """
    try:
        yield
    except kind as refusal:
        reason = str(getattr(refusal, "reason", type(refusal).__name__))
        raise Rejected(reason, str(getattr(refusal, "detail", ""))) from refusal


def wrong_fields(invalid: ValidationError) -> str:
    """Return which fields are wrong and why, without what stood in them."""
    errors = invalid.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in error['loc']) or 'body'}: {error['type']}"
        for error in errors[:10]
    )
