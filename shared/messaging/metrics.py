"""What Prometheus learns of messaging. Labels are bounded: types of the catalogue, reasons."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)
_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class CommitMetrics:
    """Batches and what hinders them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._size = Histogram(
            "jemput_commit_batch_size",
            "Units in one transaction",
            buckets=_BATCH,
            registry=registry,
        )
        self._seconds = Histogram(
            "jemput_commit_seconds", "Transaction, all tries", buckets=_LATENCY, registry=registry
        )
        self.conflicts = Counter(
            "jemput_commit_conflicts_total", "Batches with a version conflict", registry=registry
        )
        self.redecided = Counter(
            "jemput_commit_units_redecided_total",
            "Units decided again after a conflict",
            registry=registry,
        )
        self.unavailable = Counter(
            "jemput_database_unavailable_total",
            "Batches that had to wait, by the database's reason",
            ["reason"],
            registry=registry,
        )
        self.waiting = Gauge(
            "jemput_commands_waiting", "Commands that are not answered yet", registry=registry
        )

    @contextmanager
    def commit(self, size: int) -> Iterator[None]:
        """Observe one transaction that succeeds."""
        started = time.perf_counter()
        yield
        self._size.observe(size)
        self._seconds.observe(time.perf_counter() - started)


class ConsumerMetrics:
    """Messages by what became of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.received = Counter(
            "jemput_messages_received_total", "Delivered to us", ["type"], registry=registry
        )
        self.processed = Counter(
            "jemput_messages_processed_total",
            "Settled and acknowledged, as new, duplicate or deferred",
            ["type", "outcome"],
            registry=registry,
        )
        self.failed = Counter(
            "jemput_messages_failed_total",
            "Attempts that failed",
            ["type", "reason"],
            registry=registry,
        )
        self.retried = Counter(
            "jemput_messages_retried_total",
            "Sent to a retry queue",
            ["type"],
            registry=registry,
        )
        self.dead = Counter(
            "jemput_messages_dead_lettered_total",
            "Moved to a dead-letter queue",
            ["type", "reason"],
            registry=registry,
        )
        self.latency = Histogram(
            "jemput_publish_to_handled_seconds",
            "From the producer's commit to ours",
            buckets=_LATENCY,
            registry=registry,
        )
        self._children: dict[tuple[Counter, tuple[str, ...]], Counter] = {}

    def count(self, counter: Counter, *labels: str) -> None:
        """Count one. Children are kept, since `labels` locks and checks anew each time."""
        child = self._children.get((counter, labels))
        if child is None:
            child = self._children[counter, labels] = counter.labels(*labels)
        child.inc()


class OutboxMetrics:
    """What is committed and not yet on the bus, and what waits for a predecessor."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pending = Gauge("jemput_outbox_pending", "Rows not yet confirmed", registry=registry)
        self.oldest = Gauge(
            "jemput_outbox_oldest_age_seconds", "Age of the oldest row", registry=registry
        )
        self.published = Counter(
            "jemput_outbox_published_total",
            "Rows confirmed by the broker",
            ["path"],
            registry=registry,
        )
        self.unconfirmed = Counter(
            "jemput_outbox_unconfirmed_total", "Publishes that failed", registry=registry
        )
        self.failed = Counter(
            "jemput_outbox_rounds_failed_total",
            "Rounds of the relay that failed, by the database's reason; fault: our own",
            ["reason"],
            registry=registry,
        )
        self.unreadable = Gauge(
            "jemput_outbox_unreadable",
            "Rows set aside that this version cannot read",
            registry=registry,
        )
        self.deferred = Gauge("jemput_deferred_messages", "Messages that wait", registry=registry)
        self.deferred_oldest = Gauge(
            "jemput_deferred_oldest_age_seconds", "Age of the oldest that waits", registry=registry
        )


class TimerMetrics:
    """Timers that wait, and what became of those that were due. Names are those of handlers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pending = Gauge(
            "jemput_timers_pending", "Timers that are set, dead letters apart", registry=registry
        )
        self.oldest_overdue = Gauge(
            "jemput_timers_oldest_overdue_seconds",
            "How long the oldest timer has been due that has not fired",
            registry=registry,
        )
        self.fired = Counter(
            "jemput_timers_fired_total", "Timers handled", ["name"], registry=registry
        )
        self.overtaken = Counter(
            "jemput_timers_overtaken_total",
            "Timers cleared or moved while their message was on its way",
            ["name"],
            registry=registry,
        )
        self.late = Histogram(
            "jemput_timers_late_seconds",
            "From the time a timer was due to the commit of its effect",
            buckets=_LATENCY,
            registry=registry,
        )
