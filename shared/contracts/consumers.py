"""Who listens to what, read from the services' own declarations as data, never by import.

`services/<service>/subscriptions.toml` states for each queue the binding keys it wants:

    [queues.requests]
    binds = ["intake.request_received.v1", "scheduler.#"]
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

Subscriptions = Mapping[str, tuple[str, ...]]
"""The binding keys of each service, by the name of its folder."""


class UnreadableSubscriptionsError(ValueError):
    """A subscriptions file is not what it should be; the message names file and reason."""


def subscriptions(services: Path) -> Subscriptions:
    """Every service that declares subscriptions. Raises UnreadableSubscriptionsError."""
    files = sorted(services.glob("*/subscriptions.toml"))
    return {file.parent.name: binds_of(file) for file in files}


def binds_of(file: Path) -> tuple[str, ...]:
    """The binding keys of all queues in one file, in its order."""
    name = f"{file.parent.name}/{file.name}"
    try:
        queues = tomllib.loads(file.read_text(encoding="utf-8")).get("queues", {})
    except tomllib.TOMLDecodeError as error:
        raise UnreadableSubscriptionsError(f"{name}: {error}") from error
    for purpose, queue in queues.items():
        binds = queue.get("binds")
        if not isinstance(binds, list) or not all(isinstance(bind, str) for bind in binds):
            raise UnreadableSubscriptionsError(f"{name}: queues.{purpose}.binds: no list of texts")
    return tuple(bind for queue in queues.values() for bind in queue["binds"])


def consumers_of(event_type: str, declared: Subscriptions) -> tuple[str, ...]:
    """The services that receive this type, by name."""
    return tuple(
        service
        for service, binds in sorted(declared.items())
        if any(matches(bind, event_type) for bind in binds)
    )


def matches(bind: str, routing_key: str) -> bool:
    """As a topic exchange does: `*` stands for one word, `#` for any number of words."""
    return _matches(bind.split("."), routing_key.split("."))


def _matches(bind: Sequence[str], words: Sequence[str]) -> bool:
    if not bind:
        return not words
    if bind[0] == "#":
        return any(_matches(bind[1:], words[start:]) for start in range(len(words) + 1))
    return bool(words) and bind[0] in ("*", words[0]) and _matches(bind[1:], words[1:])
