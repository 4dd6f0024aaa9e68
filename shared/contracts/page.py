"""The table of events in README.md, between two marks."""

from collections.abc import Sequence

from shared.contracts.consumers import Subscriptions, consumers_of
from shared.contracts.event import Event
from shared.contracts.schema import meaning_of, producer_of

BEGIN = "<!-- events: written by `python -m shared.contracts` -->"
END = "<!-- /events -->"

_HEAD = (
    "| type | meaning | producer | consumers | schema | example |",
    "|---|---|---|---|---|---|",
)


def with_table(page: str, events: Sequence[type[Event]], declared: Subscriptions) -> str:
    """The page with what stands between the marks replaced.

    Raises ValueError where the marks are missing: the rest of the page is written by hand.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md: the marks {BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n{table(events, declared)}\n{END}{after}"


def table(events: Sequence[type[Event]], declared: Subscriptions) -> str:
    """One row for each event, in the order given."""
    return "\n".join((*_HEAD, *(_row(event, declared) for event in events)))


def _row(event: type[Event], declared: Subscriptions) -> str:
    cells = (
        f"`{event.type}`",
        meaning_of(event).replace("|", "\\|"),
        producer_of(event.type),
        ", ".join(consumers_of(event.type, declared)),
        f"[schema](published/{event.type}.schema.json)",
        f"[example](published/{event.type}.example.json)",
    )
    return f"| {' | '.join(cells)} |"
