"""What Prometheus learns of the counting."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.reporting.usecases.project import Waiting

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class ProjectionMetrics:
    """`usecases.project.Figures`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._leads = Gauge(
            "jemput_reporting_leads", "Whether this instance counts: 1 or 0", registry=registry
        )
        self._folded = Counter(
            "jemput_reporting_folded_total", "Events added to the totals", registry=registry
        )
        self._seconds = Histogram(
            "jemput_reporting_fold_seconds",
            "One transaction of the counting",
            buckets=_SECONDS,
            registry=registry,
        )
        self._rows = Gauge(
            "jemput_reporting_unfolded_rows",
            "Events archived and not counted yet, up to 100000",
            ["waits_for"],
            registry=registry,
        )
        self._age = Gauge(
            "jemput_reporting_unfolded_oldest_age_seconds",
            "Age of the oldest event that is archived and not counted yet",
            ["waits_for"],
            registry=registry,
        )

    def leads(self, *, yes: bool) -> None:
        """Tell whether this instance counts."""
        self._leads.set(int(yes))

    def folded(self, facts: int, seconds: float) -> None:
        """Tell of one transaction."""
        self._folded.inc(facts)
        self._seconds.observe(seconds)

    def missing(self, waiting: Waiting, now: datetime) -> None:
        """Tell what is not counted yet, and what it waits for."""
        for waits_for, count, oldest in (
            ("projector", waiting.count, waiting.oldest),
            ("programme", waiting.unknown, waiting.oldest_unknown),
            ("code", waiting.unread, waiting.oldest_unread),
        ):
            self._rows.labels(waits_for).set(count)
            self._age.labels(waits_for).set(_age(oldest, now))


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
