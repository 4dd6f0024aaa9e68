"""Prometheus metrics: one registry a service, and what every service counts of its HTTP side."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

UNMATCHED: Final = "unmatched"
"""The route label of a request that no route matches: paths people make up are no labels."""
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def service_registry(service: str, version: str) -> CollectorRegistry:
    """A registry with the process, the platform and `jemput_build_info{service,version}`."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    build = Gauge(
        "jemput_build_info", "The build that runs: always 1.", ["service", "version"],
        registry=registry,
    )  # fmt: skip
    build.labels(service, version).set(1)
    return registry


class HttpMetrics:
    """Requests and their times by method, route template and status class; streams; loop lag."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "jemput_http_requests",
            "HTTP requests by method, route template and status class.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "jemput_http_request_seconds",
            "Seconds from a request's arrival to the start of its answer.",
            ["method", "route", "status"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._children: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        self._refused = Counter(
            "jemput_http_connections_refused",
            "Connections ended by a limit of the server: head_too_large, too_slow, too_many.",
            ["reason"],
            registry=registry,
        )
        self.streams = Gauge(
            "jemput_http_streams_open", "Open server-sent event streams.", registry=registry
        )
        self.lag = Gauge(
            "jemput_event_loop_lag_seconds",
            "How late the event loop came to what was due, last measured.",
            registry=registry,
        )

    def refused(self, reason: str) -> None:
        """Count a connection that a limit of the server ended."""
        self._refused.labels(reason).inc()

    def answered(self, method: str, route: str, status: int | None, seconds: float) -> None:
        """Count one request; `status` is None when the client left before an answer began."""
        labels = (
            method if method in _METHODS else "other",
            route,
            "none" if status is None else f"{status // 100}xx",
        )
        # Kept, since `labels` locks and checks anew each time; there are as many as routes.
        counted = self._children.get(labels)
        if counted is None:
            counted = (self._requests.labels(*labels), self._seconds.labels(*labels))
            self._children[labels] = counted
        counted[0].inc()
        counted[1].observe(seconds)
