"""Services and workers that ended while they should run are started again, ever less often.

The pause before a start is 1 s, doubled for each end in a row up to 30 s; a service that ran for a
minute begins at 1 s again. Nothing is given up: who watches sees the line that each end prints.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from deploy.local.stack import Say, Stack

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""After so long a service counts as running well, and its next end as the first."""
_POLL_SECONDS: Final = 0.2


@dataclass(slots=True)
class _Service:
    started: float
    ends: int = 0
    """Ends in a row."""
    due: float | None = None
    """When it is started again; None while it runs."""


class Restarts:
    """Looks after the services of a stack."""

    def __init__(self, stack: Stack, say: Say, clock: Callable[[], float] = time.monotonic) -> None:
        self._stack = stack
        self._say = say
        self._clock = clock
        self._known = {name: _Service(clock()) for name in stack.processes}

    def keep_running(self) -> None:
        """Look after the services until Ctrl-C."""
        while True:
            self.look()
            time.sleep(_POLL_SECONDS)

    def look(self) -> None:
        """Note who has ended, and start whose pause is over."""
        for name, service in self._known.items():
            if service.due is not None:
                if self._clock() >= service.due:
                    self._start(name, service)
            elif not self._stack.process(name).alive():
                self._note_end(name, service)

    def _start(self, name: str, service: _Service) -> None:
        service.due, service.started = None, self._clock()
        self._stack.start(name)

    def _note_end(self, name: str, service: _Service) -> None:
        ran = self._clock() - service.started
        service.ends = 1 if ran >= STEADY_SECONDS else service.ends + 1
        pause = min(FIRST_PAUSE * 2 ** min(service.ends - 1, 10), LONGEST_PAUSE)
        service.due = self._clock() + pause
        process = self._stack.process(name)
        self._say(
            f"{name} ended (status {process.returncode}) and is started again in {pause:g} s;"
            f" what it said last: {process.log_file}"
        )
