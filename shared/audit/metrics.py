"""What Prometheus learns of a trail: whether its heads go on, and whether its chain holds."""

from collections.abc import Callable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge


class TrailMetrics:
    """`chain.Progress` and `verify.Told`. A process that only answers HTTP has none of them."""

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], datetime]) -> None:
        self._registry = registry
        self._clock = clock
        self._up_to: datetime | None = None
        self._findings: Gauge | None = None
        self._failures: Counter | None = None

    def chained(self) -> None:
        """Tell that all there was to chain is chained now."""
        if self._up_to is None:
            behind = Gauge(
                "jemput_audit_behind_seconds",
                "Since when there may be deeds that are in no block of the audit trail",
                registry=self._registry,
            )
            behind.set_function(self._behind)
        self._up_to = self._clock()

    def found(self, findings: int) -> None:
        """Tell how much was found missing or altered when the whole trail was last looked at."""
        if self._findings is None:
            self._findings = Gauge(
                "jemput_audit_findings",
                "Entries and blocks of the audit trail that are missing, altered or not chained",
                registry=self._registry,
            )
        self._findings.set(findings)

    def failed(self) -> None:
        """Tell that chaining or looking failed, and will be tried again."""
        if self._failures is None:
            self._failures = Counter(
                "jemput_audit_failed",
                "How often chaining or verifying the audit trail failed; it is tried again",
                registry=self._registry,
            )
        self._failures.inc()

    def _behind(self) -> float:
        return (self._clock() - self._up_to).total_seconds() if self._up_to else 0
