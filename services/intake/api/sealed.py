"""What is answered where a person's data cannot be opened."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from services.intake.usecases import KeyMissing
from shared.sealing.masterkeys import UnknownMasterKey
from shared.sealing.seal import Unsealable
from shared.web.problems import Problem, Unavailable

_log = logging.getLogger(__name__)
_AGAIN = 30
"""Seconds: until a new master key has reached every machine, or somebody has restored the keys."""


@contextmanager
def openable() -> Iterator[None]:
    """Raise Unavailable where a key is not here yet, and a Problem where data were tampered with.

    Either is for the operators: the log names the place, never what is sealed there.
    """
    try:
        yield
    except (UnknownMasterKey, KeyMissing) as missing:
        _log.exception("a resident's key cannot be used")
        raise Unavailable("the person's key is not here", retry_after=_AGAIN) from missing
    except Unsealable as broken:
        _log.exception("sealed data do not open")
        title = "The person's data do not open: altered, or moved from elsewhere"
        raise Problem(500, "unsealable", title) from broken
