"""`python -m deploy.local demo`: run the day, print it, write build/demo.json."""

import asyncio
import json
import os
import random
import time
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from deploy.local import stack as stacks
from deploy.local.demo import botram, compose, halo_pamor
from deploy.local.demo.chaos import Chaos
from deploy.local.demo.client import Client, until
from deploy.local.demo.day import EVENT, HALO_PAMOR, Day, Ledger, Say, Target
from deploy.local.demo.tables import botram_table, halo_pamor_table
from deploy.local.demo.verify import Verdict, verify
from deploy.local.folder import LOCAL, ROOT
from deploy.local.servers import provide
from shared.runtime.start import utc_now

RESULT = ROOT / "build" / "demo.json"
PROGRAMMES = ROOT / "services" / "intake" / "programmes"
_SEED = 20230311


def demo(say: Say) -> bool:
    """Run on fresh servers; return whether everything agrees."""
    chaos = os.environ.get("CHAOS", "") not in {"", "0"}
    started = time.monotonic()
    tell = partial(_timed, say, started)
    folder = LOCAL / "demo"
    with (
        provide(folder, fresh=True, say=tell) as servers,
        TemporaryDirectory(prefix="stack-", dir=folder) as own,
        stacks.running(servers, Path(own), say=tell, environment=_ENVIRONMENT) as stack,
    ):
        # Seeded: the same services are killed in the same order each time.
        storm = Chaos(stack, random.Random(_SEED), tell) if chaos else None  # noqa: S311
        found = asyncio.run(the_day(stack, tell, storm))
        ran_on = (servers.mode, servers.rabbitmq_version, servers.mongodb_version)
        return _conclude(found, ran_on, time.monotonic() - started, say)


def demo_against_compose(say: Say) -> bool:
    """Run on the stack that `docker compose up` keeps running; it has to be a fresh one."""
    started = time.monotonic()
    with compose.running() as target:
        found = asyncio.run(the_day(target, partial(_timed, say, started)))
        ran_on = ("compose", *target.versions())
        return _conclude(found, ran_on, time.monotonic() - started, say)


def _timed(say: Say, started: float, line: str) -> None:
    say(f"{time.monotonic() - started:5.0f} s  {line}")


_ENVIRONMENT = {"INTAKE_TRACK_LIMIT_CLIENT": "600/minute"}
"""Sixty residents confirm from one address here; each has a phone of his own otherwise."""


async def the_day(target: Target, say: Say, storm: Chaos | None = None) -> dict[str, Any]:
    """Run both programmes, through a storm if there is one, and return what came of them."""
    timeout = aiohttp.ClientTimeout(total=15)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        urls = {service: target.url(service) for service in target.services}
        chance = random.Random(_SEED)  # noqa: S311 - made-up people need no secrets
        day = Day(Client(http, urls), target.token, Ledger(), chance, say)
        await _carried_out(day, storm)
        reports = await _reports(day)
        verdict = await verify(target, day.ledger)
    return {
        "ledger": day.ledger,
        "reports": reports,
        "verdict": verdict,
        "kills": storm.kills if storm else 0,
    }


async def _carried_out(day: Day, storm: Chaos | None) -> None:
    await _publish_programmes(day)
    async with storm.raging() if storm else nullcontext():
        await _both(day)


async def _both(day: Day) -> None:
    await botram.run(day)
    await halo_pamor.run(day)
    await botram.copy(day)


async def _publish_programmes(day: Day) -> None:
    admin = day.token("demo-admin", "admin:*:*")
    for file in sorted(PROGRAMMES.glob("*.json")):
        programme = json.loads(file.read_text("utf-8"))
        path = f"/api/programmes/{programme.pop('id')}"
        await day.client.send("PUT", "intake", path, admin, programme)


async def _reports(day: Day) -> dict[str, Any]:
    """Wait until reporting has counted everything, and return its two reports."""
    head = day.token("demo-head", "head:*:*", "admin:*:*")
    found: dict[str, Any] = {}

    async def counted() -> bool:
        get = day.client.get
        found["botram"] = await get("reporting", f"/api/events/{EVENT}/report", head)
        path = f"/api/programmes/{HALO_PAMOR}/totals"
        found["halo_pamor"] = await get("reporting", path, head, by="region", **_these_days())
        handed_over = found["botram"]["measures"]["closed_handed_over"]
        delivered = found["halo_pamor"]["measures"]["closed_delivered"]
        return bool(handed_over >= botram.TOTAL and delivered >= halo_pamor.JOBS)

    await until("reporting has counted the day", counted)
    return found


def _these_days() -> dict[str, str]:
    # HALO PAMOR's cases are of today; a day either side covers every zone and midnight.
    now = utc_now()
    first, last = now - timedelta(days=1), now + timedelta(days=1)
    return {"from": first.date().isoformat(), "to": last.date().isoformat()}


def _conclude(
    found: dict[str, Any], ran_on: tuple[str, str, str], seconds: float, say: Say
) -> bool:
    verdict: Verdict = found["verdict"]
    ledger: Ledger = found["ledger"]
    say(botram_table(found["reports"]["botram"]))
    say(halo_pamor_table(found["reports"]["halo_pamor"]))
    result = _result(found, ran_on, seconds)
    _write(RESULT, result)
    for line in (*verdict.lost[:10], *verdict.duplicated[:10]):
        say(f"!! {line}")
    good = agrees(result)
    killed = f"; {found['kills']} services were killed on the way" if found["kills"] else ""
    say(
        f"{len(ledger.botram)} + {len(ledger.halo_pamor)} requests, lost {result['lost']}, "
        f"duplicated {result['duplicated']}, {seconds:.0f} s{killed}"
    )
    say("Persons and arrival times are made up; the issue of documents is simulated.")
    say(f"{'Everything agrees' if good else 'NOT everything agrees'}: {RESULT.relative_to(ROOT)}")
    return good


def agrees(result: dict[str, Any]) -> bool:
    """Return whether the result is the recorded day, and nothing was lost or doubled."""
    return bool(
        result["botram"]["requests"] == botram.REQUESTS
        and result["botram"]["total"] == botram.TOTAL
        and result["botram"]["tickets_served"] == botram.TOTAL
        and result["halo_pamor"] == {"jobs": halo_pamor.JOBS, "delivered": halo_pamor.JOBS}
        and result["lost"] == 0
        and result["duplicated"] == 0
    )


def _result(found: dict[str, Any], ran_on: tuple[str, str, str], seconds: float) -> dict[str, Any]:
    report, verdict = found["reports"]["botram"], found["verdict"]
    counts = {row["value"]: row["measures"]["requests_received"] for row in report["services"]}
    figures = found["reports"]["halo_pamor"]["measures"]
    return {
        **dict(zip(("mode", "rabbitmq", "mongodb"), ran_on, strict=True)),
        "seconds": round(seconds, 1),
        "botram": {
            "requests": {code: counts.get(code, 0) for code in botram.REQUESTS},
            "total": report["measures"]["requests_received"],
            "tickets_served": report["measures"]["tickets_served"],
        },
        "halo_pamor": {"jobs": figures["jobs_opened"], "delivered": figures["jobs_delivered"]},
        "lost": len(verdict.lost),
        "duplicated": len(verdict.duplicated),
        "killed": found["kills"],
    }


def _write(file: Path, result: dict[str, Any]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
