"""How many examples the tests try: `make test-long` tries ten times as many.

This is the one place that reads the variable. A test states its usual number through `examples`
(hypothesis) or `seeds` (whatever a seed decides).
"""

import os
from typing import Final

from hypothesis import settings

VARIABLE: Final = "JEMPUT_TEST_LONG"
LONG: Final = os.environ.get(VARIABLE, "") not in {"", "0"}
TIMES: Final = 10 if LONG else 1
_USUAL = 100


def examples(usual: int) -> int:
    """Return how many examples a test tries that usually tries so many."""
    return usual * TIMES


def seeds(first: int, usual: int = 1) -> range:
    """Return the seeds of a test that is usually run with so many."""
    return range(first, first + usual * TIMES)


def load_profile() -> None:
    """Set what hypothesis does where a test says nothing. No deadlines: machines are shared."""
    settings.register_profile("usual", max_examples=_USUAL, deadline=None)
    settings.register_profile("long", max_examples=examples(_USUAL), deadline=None)
    settings.load_profile("long" if LONG else "usual")
