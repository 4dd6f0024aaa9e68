"""What a run of the demo came to: build/demo.json, and whether it is as it must be."""

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from deploy.local.demo import botram, closing, halo_pamor
from deploy.local.demo.day import Ledger
from deploy.local.demo.front import front
from deploy.local.demo.verify import Verdict
from deploy.local.folder import ROOT

RESULT_VARIABLE: Final = "JEMPUT_DEMO_RESULT"
"""Names another file for the result, so that a test leaves the user's alone."""

_NOT_READ: Final[Mapping[str, Any]] = {"services": (), "hours": (), "measures": Counter()}

_HOURS: Final = {"09", "10", "11"}
"""In which booths called on 11 March, from 09.15 to noon; a few may come after it."""


@dataclass(slots=True)
class Course:
    """How the day went. `failed` is the reason it was given up; then reports may be missing."""

    ledger: Ledger
    verdict: Verdict = field(default_factory=Verdict)
    reports: dict[str, Any] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)
    """By name of the service."""
    failed: list[str] = field(default_factory=list)
    origins: set[str] = field(default_factory=set)
    """That the day's client and the visitor used."""
    sign_ins: int = 0
    """That a walk through the pages of all services took."""


def place() -> Path:
    """Return the file that the result is written to."""
    return Path(os.environ.get(RESULT_VARIABLE) or ROOT / "build" / "demo.json")


def write(file: Path, result: Mapping[str, Any]) -> None:
    """Write the result as JSON."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


def result(course: Course, ran_on: tuple[str, str, str], seconds: float) -> dict[str, Any]:
    """Return the result; figures of a report that could not be read are 0."""
    figures = course.reports.get("halo_pamor", _NOT_READ)["measures"]
    return {
        **dict(zip(("mode", "rabbitmq", "mongodb"), ran_on, strict=True)),
        "seconds": round(seconds, 1),
        "botram": _botram(course.reports.get("botram", _NOT_READ)),
        "halo_pamor": {"jobs": figures["jobs_opened"], "delivered": figures["jobs_delivered"]},
        "closing": _closing(course.reports.get("closing", _NOT_READ)["measures"]),
        "lost": len(course.verdict.lost),
        "duplicated": len(course.verdict.duplicated),
        "killed": course.kills.total(),
        "killed_by_service": dict(sorted(course.kills.items())),
        "failed": course.failed,
        "front": dict(front(course.origins, course.sign_ins)),
    }


def _botram(report: Mapping[str, Any]) -> dict[str, Any]:
    counts = {row["value"]: row["measures"]["requests_received"] for row in report["services"]}
    served = {row["value"]: row["measures"]["tickets_served"] for row in report["services"]}
    figures = report["measures"]
    return {
        "requests": {code: counts.get(code, 0) for code in botram.REQUESTS},
        "total": figures["requests_received"],
        "tickets_served": figures["tickets_served"],
        "partners_served": {code: served.get(code, 0) for code in botram.PARTNERS},
        "within_standard": figures["within_standard"],
        "late": figures["late"],
        "called_by_hour": {
            row["value"][-2:]: row["measures"]["tickets_called"]
            for row in report["hours"]
            if row["measures"]["tickets_called"]
        },
        "waited_minutes": {row["value"]: waited(row["measures"]) for row in report["services"]},
    }


def waited(figures: Mapping[str, int]) -> float | None:
    """Return the mean wait of all calls in minutes; None where nobody was called."""
    called = figures["tickets_called"]
    return round(figures["seconds_waited"] / called / 60, 1) if called else None


def _closing(figures: Mapping[str, int]) -> dict[str, int]:
    return {
        "served": figures["tickets_served"],
        "unserved": figures["tickets_unserved"],
        "offered": figures["tickets_offered"],
    }


def agrees(result: Mapping[str, Any]) -> bool:
    """Return whether the result is the recorded day, and nothing was lost or doubled."""
    day = dict(result["botram"])
    hours, waits = day.pop("called_by_hour"), day.pop("waited_minutes")
    return bool(
        day
        == {
            "requests": botram.REQUESTS,
            "total": botram.TOTAL,
            "tickets_served": botram.TICKETS,
            "partners_served": botram.PARTNERS,
            "within_standard": botram.TOTAL,
            "late": 0,
        }
        and _HOURS <= hours.keys() <= _HOURS | {"12"}
        and sum(hours.values()) == botram.TICKETS
        and all(waits.get(one) is not None for one in (*botram.REQUESTS, *botram.PARTNERS))
        and result["halo_pamor"] == {"jobs": halo_pamor.JOBS, "delivered": halo_pamor.JOBS}
        and result["closing"]
        == {
            "served": closing.SERVED,
            "unserved": closing.UNSERVED,
            "offered": closing.UNSERVED,
        }
        and (result["lost"], result["duplicated"]) == (0, 0)
        and result["front"] == {"origins": 1, "sign_ins": 1}
        and not result["failed"]
    )
