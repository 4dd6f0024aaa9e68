"""The two tables that the demo prints, from reporting's answers."""

from collections.abc import Mapping, Sequence
from typing import Any

_BOTRAM = (
    ("requests_received", "requests"),
    ("tickets_served", "tickets served"),
    ("documents_issued", "issued"),
    ("closed_handed_over", "handed over"),
)
_LINES = (
    ("tickets_issued", "numbers given"),
    ("tickets_called", "called"),
    ("tickets_served", "served"),
)
_HALO_PAMOR = (
    ("jobs_opened", "jobs"),
    ("jobs_collected", "papers fetched"),
    ("documents_issued", "issued"),
    ("jobs_delivered", "delivered"),
)


def botram_table(report: Mapping[str, Any]) -> str:
    """Return BOTRAM's day by service."""
    title = f"{report['name']}, {report['place']}, {report['on']}"
    return _table(title, "service", report["services"], report["measures"], _BOTRAM)


def hours_table(report: Mapping[str, Any]) -> str:
    """Return the lines of BOTRAM's day by its hours."""
    rows = [row for row in report["hours"] if any(row["measures"][one] for one, _ in _LINES)]
    return _table("The lines by hour", "from", rows, report["measures"], _LINES)


def halo_pamor_table(totals: Mapping[str, Any]) -> str:
    """Return HALO PAMOR's jobs by sub-district."""
    title = "HALO PAMOR, Kota Bekasi, by sub-district"
    return _table(title, "sub-district", totals["rows"], totals["measures"], _HALO_PAMOR)


def _table(
    title: str,
    what: str,
    rows: Sequence[Mapping[str, Any]],
    total: Mapping[str, int],
    measures: Sequence[tuple[str, str]],
) -> str:
    head = f"{what:34}" + "".join(f"{name:>16}" for _, name in measures)
    lines = [_line(_name(row), row["measures"], measures) for row in rows]
    rule = "-" * len(head)
    return "\n".join(["", title, head, rule, *lines, rule, _line("total", total, measures), ""])


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['value']} {row['name'] or ''}".strip()


def _line(name: str, figures: Mapping[str, int], measures: Sequence[tuple[str, str]]) -> str:
    return f"{name:34.34}" + "".join(f"{figures[measure]:>16}" for measure, _ in measures)
