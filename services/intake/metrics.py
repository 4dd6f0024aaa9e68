"""What Prometheus learns of residents' requests about their data."""

from prometheus_client import CollectorRegistry, Gauge

from services.intake.usecases import OpenRights


class IntakeMetrics:
    """`usecases.rights_requests.Figures`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._waiting = Gauge(
            "jemput_intake_rights_requests_waiting",
            "Requests of residents about their data that wait for an answer",
            registry=registry,
        )
        self._due = Gauge(
            "jemput_intake_rights_requests_due_timestamp_seconds",
            "The nearest deadline among those that wait, in seconds since 1970; 0: none waits",
            registry=registry,
        )

    def rights(self, waiting: OpenRights) -> None:
        """Tell what waits for an answer."""
        self._waiting.set(waiting.waiting)
        self._due.set(waiting.due_at.timestamp() if waiting.due_at else 0)
