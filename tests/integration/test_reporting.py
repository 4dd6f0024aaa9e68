"""Reporting as it runs: events over RabbitMQ in, figures over HTTP out."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from pymongo import MongoClient

from deploy.local.servers import Servers
from deploy.local.stack import Stack
from shared.contracts import courier, scheduler
from shared.contracts.event import Event
from shared.messaging.bus import AmqpBus
from tests.unit.reporting.histories import EVENTS, Told, programme, received, scheduled, told
from tests.unit.reporting.running import (
    amqp_url_of,
    bus,
    client,
    command,
    publish,
    reporting_command,
    stack_of,
    start,
    until,
    until_counted,
)

SETU = EVENTS[0]
SPLIT = {"KK": 164, "KTP_EL_PRINT": 77, "BIRTH_CERT": 118, "KIA": 467, "IKD": 112}
"""Requests at Setu on 11 March 2023 (BOTRAM proposal 2023, from SIAK's history)."""


@pytest.fixture
async def stack(servers: Servers, tmp_path: Path) -> AsyncIterator[Stack]:
    async with stack_of(servers, tmp_path) as prepared:
        yield prepared


@pytest.fixture
async def out(stack: Stack) -> AsyncIterator[AmqpBus]:
    async with bus(stack) as connected:
        yield connected


def the_day() -> list[Told]:
    """Everything that was told of 11 March 2023, from nine in the morning on."""
    opened = datetime(2023, 3, 11, 2, 0, tzinfo=UTC)
    services = [code for code, number in SPLIT.items() for _ in range(number)]
    asked = [
        told(received(f"case-{n}", code), at=opened + timedelta(seconds=9.5 * n))
        for n, code in enumerate(services)
    ]
    return [told(programme()), told(scheduled()), *asked, *(told(event) for event in at_booths())]


def at_booths() -> list[Event]:
    """A ticket's way, visits to a booth without tickets, and a delivery."""
    about = {"programme_id": "botram", "region_code": "32.16.18"}
    case = {**about, "case_id": "case-1", "service": "KK", "channel": "event"}
    ticket = {**case, "thread_id": "c1", "ticket_id": "t1", "event_id": SETU, "number": 1}
    at_booth = {
        "booth_id": "disdukcapil-1",
        "issued_at": datetime(2023, 3, 11, 2, 5, tzinfo=UTC),
        "waited_seconds": 700,
        "served_seconds": 240,
    }
    job = {**case, "job_id": "case-1", "rw": "005", "agent_id": "a1"}
    visit = {**about, "event_id": SETU, "booth_id": "puskesmas", "service": "HEALTH_CHECK"}
    return [
        scheduler.TicketIssued.model_validate(ticket),
        scheduler.TicketCalled.model_validate({**ticket, **at_booth}),
        scheduler.TicketServed.model_validate({**ticket, **at_booth}),
        scheduler.VisitRecorded.model_validate({**visit, "visit_id": "v1", "visitors": 4}),
        courier.DeliveryConfirmed.model_validate(job),
    ]


async def test_a_day_three_times_over_and_shuffled_is_reported_exactly(
    stack: Stack, out: AmqpBus
) -> None:
    day = the_day()
    thrice = [each.message for each in day] * 3
    random.shuffle(thrice)
    await start(stack)
    await publish(out, thrice)
    async with client(stack) as http:
        report = await until_counted(http, SETU, "requests_received", 938)
        await until(lambda: _nothing_waits(http))
        report = (await http.get(f"/api/events/{SETU}/report")).json()
        assert {r["value"]: r["measures"]["requests_received"] for r in report["services"]} == {
            **SPLIT,
            "HEALTH_CHECK": 0,
        }
        assert report["measures"]["requests_received"] == 938
        assert report["services"][0]["name"] == "Kartu Identitas Anak"
        assert report["services"][0]["share"] == 49.79
        assert sum(row["measures"]["requests_received"] for row in report["hours"]) == 938
        assert [row["value"] for row in report["hours"]] == [
            f"2023-03-11T{hour}" for hour in ("09", "10", "11")
        ]
        booths = {row["booth_id"]: row for row in report["booths"]}
        assert booths["puskesmas"]["measures"]["visits"] == 4
        assert booths["puskesmas"]["agency"] == "Puskesmas Setu"
        assert booths["disdukcapil-1"]["measures"]["tickets_served"] == 1
        for by, value in (("day", "2023-03-11"), ("channel", "event"), ("region", "32.16.18")):
            days = {"from": "2023-03-01", "to": "2023-03-31", "by": by}
            totals = (await http.get("/api/programmes/botram/totals", params=days)).json()
            rows = {row["value"]: row["measures"] for row in totals["rows"]}
            assert rows[value]["requests_received"] == 938
            assert totals["measures"]["jobs_delivered"] == 1
        named = await http.get(
            "/api/programmes/botram/totals",
            params={"from": "2023-03-11", "to": "2023-03-11", "by": "event"},
        )
        assert {row["value"]: row["name"] for row in named.json()["rows"]} == {
            SETU: "BOTRAM Setu",
            "-": None,
        }


async def _nothing_waits(http: Any) -> bool:
    metrics = (await http.get(http.base_url.join("/metrics"))).text
    return 'jemput_reporting_unfolded_rows{waits_for="projector"} 0.0' in metrics


async def test_a_service_killed_under_load_counts_everything_once(
    stack: Stack, out: AmqpBus, servers: Servers
) -> None:
    short = {"REPORTING_LEASE_SECONDS": "2"}
    await start(stack, short)
    day = the_day()
    random.shuffle(day)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(publish(out, [each.message for each in day]))
        for _ in range(2):
            await asyncio.sleep(random.uniform(0.1, 0.8))
            await asyncio.to_thread(stack.kill, "reporting")
            await start(stack, short)
    async with client(stack) as http:
        await until_counted(http, SETU, "requests_received", 938)
        with MongoClient[dict[str, Any]](servers.mongo_url) as mongo:
            own = mongo[stack.database("reporting")]
            await until(lambda: _empty(own.unfolded))
            assert own.archive.count_documents({}) == len(day)
        status, said = await reporting_command(stack, "recount")
        assert status == 0, said
        assert f"botram: {len(day)} events" in said
        assert "all agree" in said


async def _empty(collection: Any) -> bool:
    return bool(collection.count_documents({}) == 0)


async def test_what_cannot_be_read_is_dead_what_is_newer_is_archived_and_good_traffic_goes_on(
    stack: Stack, out: AmqpBus, servers: Servers
) -> None:
    await start(stack)
    good, bad, strange = told(received("good")), told(received("bad")), told(received("strange"))
    envelope = replace(strange.envelope, type="intake.request_received.v9")
    await publish(out, [told(programme()).message, told(scheduled()).message])
    await publish(
        out,
        [
            replace(bad.message, body=b'{"case_id": 1}'),
            replace(strange.message, envelope=envelope),
            good.message,
        ],
    )
    async with client(stack) as http:
        await until_counted(http, SETU, "requests_received", 1)
    async with await aio_pika.connect(amqp_url_of(stack)) as connection:
        queue = await (await connection.channel()).get_queue("reporting.events.dead")
        dead = await queue.get(timeout=10, no_ack=True)
        assert await queue.get(fail=False) is None
    assert dead is not None
    assert dead.headers["x-jemput-reason"] == "payload"
    with MongoClient[dict[str, Any]](servers.mongo_url) as mongo:
        archive = mongo[stack.database("reporting")].archive
        newer = archive.find_one({"type": "intake.request_received.v9"})
    assert newer is not None
    assert newer["_id"] == strange.envelope.id


async def test_an_operator_finds_differences_and_rights_them(
    stack: Stack, out: AmqpBus, servers: Servers
) -> None:
    await start(stack)
    await publish(out, [told(programme()).message, told(scheduled()).message])
    await publish(out, [told(received(f"c{n}")).message for n in range(3)])
    async with client(stack) as http:
        await until_counted(http, SETU, "requests_received", 3)
        with MongoClient[dict[str, Any]](servers.mongo_url) as mongo:
            totals = mongo[stack.database("reporting")].totals
            changed = totals.update_many({}, {"$inc": {"n.requests_received": 1}})
            assert changed.modified_count > 0
        status, said = await reporting_command(stack, "recount", "--programme", "botram")
        assert status == 1
        assert (
            f"differs: botram, event {SETU}, service KIA: requests_received: archive 3, totals 4"
            in said.splitlines()
        )
        status, said = await reporting_command(stack, "rebuild", "--by", "a-op")
        assert (status, said.splitlines()[-1]) == (0, "generation 2 is in use")
        await until_counted(http, SETU, "requests_received", 3)
        assert (await reporting_command(stack, "recount"))[0] == 0
        await publish(out, [told(received("c4")).message])
        await until_counted(http, SETU, "requests_received", 4)


BY = ("--by", "a-op")
CANNOT_BE_DONE = {
    ("recount", "--programme", "nowhere"): "no programme is called nowhere",
    ("rebuild", *BY): "nothing has been counted yet",
    ("history", *BY, "--to", "nobody.events"): "there is no queue nobody.events",
    ("history", *BY, "--to", "reporting.events"): "reporting has its own archive",
    ("history", *BY, "--to", "a.b", "--since", "2023-03-11T08:00:00"): "a time with its zone",
    ("history", *BY, "--to", "a.b", "--types", "a.b.v1"): "not in the published language: a.b.v1",
}


async def test_a_command_that_cannot_be_done_says_why(stack: Stack) -> None:
    for arguments, reason in CANNOT_BE_DONE.items():
        status, said = await reporting_command(stack, *arguments)
        assert status == 2, arguments
        assert reason in said
        assert "Traceback" not in said


async def test_a_command_without_settings_names_them_and_repeats_none() -> None:
    secret = {"REPORTING_MONGO_URL": "mongodb://reporting:s3cret@127.0.0.1/"}
    status, said = await command(["services.reporting", "recount"], secret)
    assert status == 2
    assert "amqp_url" in said
    assert "token_keys" in said
    assert "s3cret" not in said
