"""What a job is: the function that does it in a child process, and what it may use.

A service lists the jobs of its worker in its `jobs.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

MIB: Final = 1024 * 1024
HEALTH: Final = "health"
"""Asks how the worker fares; it is no job and waits for none."""


class Lane(StrEnum):
    """Jobs of one lane wait for each other, and never for those of another."""

    QUICK = "quick"
    """Milliseconds: somebody waits for it with the page open."""
    HEAVY = "heavy"
    """Seconds: images, documents."""
    READING = "reading"
    """Documents that are read for their text: its libraries take memory that images need, and who
    the document is for is given to this lane alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job that the worker does.

    `function` is `module:name` of a function of arguments (JSON) and body that returns Result and
    raises JobRefused. It is called in a child process, and must keep nothing between two calls.
    """

    function: str
    lane: Lane
    seconds: float
    """By the clock, from the job's turn to the last byte of its answer."""
    cpu_seconds: int
    """Of the processor."""
    body_bytes: int = 0
    """Of the body that comes with it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a job has made: plain data, and bytes."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""


class JobRefused(Exception):  # noqa: N818 - reads as the decision it is
    """The job's own refusal. `reason` is a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Outcome(StrEnum):
    """How a job ended."""

    DONE = "done"
    REFUSED = "refused"
    """By the job itself, with its reason."""
    LIMIT = "limit"
    """It used up what it may use: `time`, `cpu`, `memory`, or the child `died`."""
    FAILED = "failed"
    """A mistake in our code."""
    BUSY = "busy"
    """As many wait as may wait."""
