"""An event's report as its template wants it."""

from typing import Any, Final

from services.reporting.domain import Measure
from services.reporting.pages.chart import bars
from services.reporting.usecases.reports import EventReport, Row
from shared.web.formats import angka
from shared.web.texts import Texts

FIGURES: Final = (
    Measure.REQUESTS_RECEIVED,
    Measure.DOCUMENTS_ISSUED,
    Measure.TICKETS_ISSUED,
    Measure.TICKETS_SERVED,
    Measure.VISITS,
)
"""What stands large on top."""


def view(report: EventReport, texts: Texts) -> dict[str, Any]:
    """Return the values of `angka.html`."""
    requested = [row for row in report.services if row.of(Measure.REQUESTS_RECEIVED)]
    return {
        "zone": report.programme.time_zone,
        "updated_at": report.updated_at,
        "total": report.total,
        "figures": FIGURES,
        "services": [row for row in report.services if _shown(row, report)],
        "hours": [_hour(row) for row in _of_the_day(report)],
        "unserved": [row for row in report.services if row.of(Measure.TICKETS_UNSERVED)],
        "booths": report.booths,
        "chart": _chart(requested, texts) if requested else None,
    }


def _shown(row: Row, report: EventReport) -> bool:
    """Return whether a service has requests, or could have: a stand that people walk up to not."""
    return row.of(Measure.REQUESTS_RECEIVED) > 0 or row.value in report.programme.services


def _of_the_day(report: EventReport) -> list[Row]:
    """Return the hours of the event's own day: documents may be issued weeks later."""
    return [row for row in report.hours if row.value.startswith(report.plan.on.isoformat())]


def _hour(row: Row) -> tuple[str, Row]:
    hour = int(row.value.partition("T")[2])
    return f"{hour:02}.00\u2013{hour:02}.59", row


def _chart(rows: list[Row], texts: Texts) -> str:
    counts = [(row.label, row.of(Measure.REQUESTS_RECEIVED)) for row in rows]
    spoken = "; ".join(f"{name} {angka(count)}" for name, count in counts)
    return bars(counts, texts("event.chart_title"), texts("event.chart_desc", values=spoken))
