"""`python -m deploy.local demo`: run the day, print it, write build/demo.json."""

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import httpx

from deploy.local import install
from deploy.local import stack as stacks
from deploy.local.demo import botram, closing, compose, halo_pamor
from deploy.local.demo.chaos import Chaos
from deploy.local.demo.client import Client, Refusal, until
from deploy.local.demo.day import CLOSING, EVENT, HALO_PAMOR, Day, Ledger, Say, Target
from deploy.local.demo.front import origin_of, walk
from deploy.local.demo.result import Course, agrees, place, result, write
from deploy.local.demo.tables import botram_table, halo_pamor_table, hours_table
from deploy.local.demo.verify import verify
from deploy.local.first_steps import page
from deploy.local.folder import ROOT, forget
from deploy.local.processes import FailedError
from deploy.local.servers import provide
from shared.runtime.start import utc_now

PROGRAMMES = ROOT / "services" / "intake" / "programmes"
_SEED = 20230311


def demo(folder: Path, say: Say) -> bool:
    """Run on fresh servers, whose data are kept to be looked at; whether everything agrees."""
    chaos = os.environ.get("CHAOS", "") not in {"", "0"}
    started = time.monotonic()
    tell = partial(_timed, say, started)
    nginx = install.nginx(tell)
    with (
        provide(folder, fresh=True, keep=True, say=tell) as servers,
        stacks.running(
            servers,
            _emptied(folder),
            say=tell,
            environment=_ENVIRONMENT,
            proxy=nginx,
        ) as stack,
    ):
        # Seeded: the same services are killed in the same order each time.
        storm = Chaos(stack, random.Random(_SEED), tell) if chaos else None  # noqa: S311
        course = asyncio.run(the_day(stack, tell, storm))
        ran_on = (servers.mode, servers.rabbitmq_version, servers.mongodb_version)
        good = _conclude(course, ran_on, time.monotonic() - started, say)
        say(f"To look at this day: make up DEMO=1, then {page(stack)}")
        return good


def _emptied(folder: Path) -> Path:
    """Return the folder of the services, without what an earlier day has left."""
    forget(folder, ["stack"])
    return folder / "stack"


def demo_against_compose(say: Say) -> bool:
    """Run on the stack that `docker compose up` keeps running; it has to be a fresh one."""
    started = time.monotonic()
    with compose.running() as target:
        course = asyncio.run(the_day(target, partial(_timed, say, started)))
        ran_on = ("compose", *target.versions())
        return _conclude(course, ran_on, time.monotonic() - started, say)


def _timed(say: Say, started: float, line: str) -> None:
    say(f"{time.monotonic() - started:5.0f} s  {line}")


_ENVIRONMENT = {"INTAKE_TRACK_LIMIT_CLIENT": "600/minute"}
"""Sixty residents confirm from one address here; each has a phone of his own otherwise."""


async def the_day(target: Target, say: Say, storm: Chaos | None = None) -> Course:
    """Run both programmes, through a storm if there is one, and return how that went.

    A day that has to be given up is still held against the services: what is not there by then
    counts as lost.
    """
    timeout = aiohttp.ClientTimeout(total=15)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        urls = {service: target.url(service) for service in target.services}
        chance = random.Random(_SEED)  # noqa: S311 - made-up people need no secrets
        day = Day(Client(http, urls), target.token, Ledger(), chance, say)
        course = Course(day.ledger, kills=storm.kills if storm else Counter())
        try:
            await _carried_out(day, storm)
            await until("reporting has counted the day", partial(_counted, day, course.reports))
            async with httpx.AsyncClient(timeout=30, event_hooks=_noting(course)) as visitor:
                course.sign_ins = await walk(target, visitor)
        except* (FailedError, Refusal, httpx.HTTPError) as failed:
            course.failed += [str(why) for why in _each(failed)]
        course.origins |= {origin_of(url) for url in day.client.addresses}
        course.verdict = await verify(target, day.ledger)
    return course


def _noting(course: Course) -> dict[str, list[Any]]:
    """Return the hook that notes which origins a visitor really asks."""

    async def note(request: httpx.Request) -> None:
        course.origins.add(origin_of(str(request.url)))

    return {"request": [note]}


def _each(failed: BaseExceptionGroup[Any]) -> Iterator[BaseException]:
    for why in failed.exceptions:
        if isinstance(why, BaseExceptionGroup):
            yield from _each(why)
        else:
            yield why


async def _carried_out(day: Day, storm: Chaos | None) -> None:
    await _publish_programmes(day)
    async with storm.raging() if storm else nullcontext():
        await _both(day)


async def _both(day: Day) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(closing.run(day))
        await botram.run(day)
        await halo_pamor.run(day)
        await botram.copy(day)


async def _publish_programmes(day: Day) -> None:
    admin = day.token("demo-admin", "admin:*:*")
    for file in sorted(PROGRAMMES.glob("*.json")):
        programme = json.loads(file.read_text("utf-8"))
        path = f"/api/programmes/{programme.pop('id')}"
        await day.client.send("PUT", "intake", path, admin, programme)


async def _counted(day: Day, reports: dict[str, Any]) -> bool:
    """Read reporting's reports; return whether everything is counted in them."""
    head = day.token("demo-head", "head:*:*", "admin:*:*")
    get = day.client.get
    reports["botram"] = await get("reporting", f"/api/events/{EVENT}/report", head)
    reports["closing"] = await get("reporting", f"/api/events/{CLOSING}/report", head)
    path = f"/api/programmes/{HALO_PAMOR}/totals"
    reports["halo_pamor"] = await get("reporting", path, head, by="region", **_these_days())
    handed_over = reports["botram"]["measures"]["closed_handed_over"]
    delivered = reports["halo_pamor"]["measures"]["closed_delivered"]
    left = reports["closing"]["measures"]["tickets_offered"]
    return bool(
        handed_over >= botram.TOTAL and delivered >= halo_pamor.JOBS and left >= closing.UNSERVED
    )


def _these_days() -> dict[str, str]:
    # HALO PAMOR's cases are of today; a day either side covers every zone and midnight.
    now = utc_now()
    first, last = now - timedelta(days=1), now + timedelta(days=1)
    return {"from": first.date().isoformat(), "to": last.date().isoformat()}


def _conclude(course: Course, ran_on: tuple[str, str, str], seconds: float, say: Say) -> bool:
    found = result(course, ran_on, seconds)
    file = place()
    write(file, found)
    _say_reports(course, say)
    for line in (*course.failed[:10], *course.verdict.lost[:10], *course.verdict.duplicated[:10]):
        say(f"!! {line}")
    kills = ", ".join(f"{name} {n}" for name, n in found["killed_by_service"].items())
    say(
        f"{len(course.ledger.botram)} + {len(course.ledger.halo_pamor)} requests, "
        f"lost {found['lost']}, duplicated {found['duplicated']}, {seconds:.0f} s"
        f"{f'; killed on the way: {kills}' if kills else ''}"
    )
    say("Persons and arrival times are made up; the issue of documents is simulated.")
    good = agrees(found)
    shown = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
    say(f"{'Everything agrees' if good else 'NOT everything agrees'}: {shown}")
    return good


def _say_reports(course: Course, say: Say) -> None:
    tables = (
        ("botram", botram_table),
        ("botram", hours_table),
        ("halo_pamor", halo_pamor_table),
    )
    for name, table in tables:
        if name in course.reports:
            say(table(course.reports[name]))
