"""What is answered where sealed data cannot be opened."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from shared.sealing.masterkeys import UnknownMasterKey
from shared.sealing.seal import Unsealable
from shared.web.problems import Problem, Unavailable

_log = logging.getLogger(__name__)
_AGAIN = 30
"""Seconds: until a new master key has reached every machine, or somebody has restored the keys."""


@contextmanager
def openable(whose: str, *missing: type[Exception]) -> Iterator[None]:
    """Raise Unavailable where a key is not here yet, and a Problem where data were tampered with.

    `missing`: what else says that a key is not here. Either is for the operators: the log names the
    place, never what is sealed there.
    """
    not_here: tuple[type[Exception], ...] = (UnknownMasterKey, *missing)
    try:
        yield
    except not_here as away:
        _log.exception("%s key cannot be used", whose)
        raise Unavailable(f"{whose} key is not here", retry_after=_AGAIN) from away
    except Unsealable as broken:
        _log.exception("%s sealed data do not open", whose)
        title = f"{whose.capitalize()} data do not open: altered, or moved from elsewhere"
        raise Problem(500, "unsealable", title) from broken
