"""What Prometheus learns of residents' requests about their data, and of cases that are late."""

from prometheus_client import CollectorRegistry, Gauge

from services.intake.usecases import OpenRights
from services.intake.usecases.watch import Late


class IntakeMetrics:
    """`usecases.rights_requests.Figures` and `usecases.watch.LateFigures`."""

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
        self._late = Gauge(
            "jemput_intake_late_requests",
            "Requests whose state lasts longer than the SOP allows",
            ["programme"],
            registry=registry,
        )
        self._escalated = Gauge(
            "jemput_intake_escalated_requests",
            "Of them, those whose second time has passed too",
            ["programme"],
            registry=registry,
        )

    def rights(self, waiting: OpenRights) -> None:
        """Tell what waits for an answer."""
        self._waiting.set(waiting.waiting)
        self._due.set(waiting.due_at.timestamp() if waiting.due_at else 0)

    def late(self, programme_id: str, found: Late) -> None:
        """Tell what is late in a programme."""
        self._late.labels(programme_id).set(found.late)
        self._escalated.labels(programme_id).set(found.escalated)
