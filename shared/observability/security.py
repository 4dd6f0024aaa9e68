"""Security events: log lines and counters of refused, throttled and mistrusted requests.

A line holds the event, the route template, a reason and a pseudonym of the account; nothing a
client wrote. Mass reads are counted in the memory of this process: one account that reads many
persons within a window is reported once a window.
"""

import logging
from base64 import b32encode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from time import monotonic
from typing import Final

from prometheus_client import CollectorRegistry, Counter

MASS_READ: Final = 200
"""Persons one account may read within WINDOW without a report."""
WINDOW: Final = 3600.0
"""Seconds."""
ACCOUNTS: Final = 10_000
"""Accounts whose reads are counted at once; the ones that read longest ago are forgotten."""

_log = logging.getLogger(__name__)


def pseudonym(subject: str) -> str:
    """Return a pseudonym of an account: two differ, and neither can be traced back."""
    return b32encode(sha256(subject.encode()).digest())[:16].decode().lower() if subject else ""


@dataclass(slots=True)
class _Reads:
    began: float
    persons: set[str] = field(default_factory=set)
    reported: bool = False


class SecurityEvents:
    """Writes and counts the security events of one process."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        threshold: int = MASS_READ,
        window: float = WINDOW,
        timer: Callable[[], float] = monotonic,
    ) -> None:
        self._events = Counter(
            "jemput_security_events",
            "Security events: refused, throttled, bad_token, sign_in_refused, mass_read; why.",
            ["event", "route", "reason"],
            registry=registry,
        )
        self._threshold = threshold
        self._window = window
        self._timer = timer
        self._reads: OrderedDict[str, _Reads] = OrderedDict()

    def happened(self, event: str, route: str, reason: str, subject: str = "") -> None:
        """Write and count one event; `reason` is one of a few stable words."""
        self._events.labels(event, route, reason).inc()
        extra = {
            "event": event,
            "route": route,
            "reason": reason,
            "subject": pseudonym(subject),
        }
        _log.warning("security event", extra=extra)

    def read(self, subject: str, person: str, route: str) -> None:
        """Count that an account asked for a person; report it once where they become many."""
        now, account = self._timer(), pseudonym(subject)
        reads = self._reads.get(account)
        if reads is None or now - reads.began >= self._window:
            reads = self._reads[account] = _Reads(now)
        self._reads.move_to_end(account)
        if len(self._reads) > ACCOUNTS:
            self._reads.popitem(last=False)
        if reads.reported:
            return
        reads.persons.add(pseudonym(person))
        if len(reads.persons) > self._threshold:
            reads.reported, reads.persons = True, set()
            self.happened("mass_read", route, "many persons", subject)
