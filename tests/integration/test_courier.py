"""Courier as its own process, with a user of its own on the broker: events in, events out."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local import ports
from deploy.local.servers import Servers
from shared.auth.keys import SigningKey, write_public
from shared.auth.roles import Grant
from shared.auth.tokens import Issuer
from shared.contracts.envelope import new_id
from shared.messaging.provision import _EXCHANGES, _WRITES, Management
from shared.runtime import utc_now
from tests.integration.kernel_kit import Line, amqp_of, line, until
from tests.torture.day import Day, day_of
from tests.torture.kit import DEAD_QUEUE, PROBE_QUEUE, QUEUES, courier_host, drain, take_all
from tests.unit.courier.sample import AGENT, VILLAGE, confirmed, issued, programme, received

ROOT = Path(__file__).parents[2]
USER = f"courier_{secrets.token_hex(4)}"
"""Has courier's rights; users are the whole broker's, so it has a name that nobody else takes."""


@pytest.fixture(scope="module")
def management(servers: Servers) -> Iterator[Management]:
    with courier_host(servers) as (_, management):
        path = f"{management._vhost}/{USER}"
        management._put(f"users/{USER}", {"password": "made-up", "tags": "impersonator"})
        rights = {"configure": "^$", "write": _WRITES, "read": r"^courier\..+$"}
        management._put(f"permissions/{path}", rights)
        for exchange in _EXCHANGES:
            body = {"exchange": exchange, "write": r"^courier\..+$", "read": "^$"}
            management._put(f"topic-permissions/{path}", body)
        yield management
        management._send("DELETE", f"users/{USER}")


@dataclass
class Courier:
    """The process, its API and its queues."""

    process: subprocess.Popen[str]
    client: httpx.AsyncClient
    raw: Line
    key: SigningKey

    def headers(self, role: str, subject: str, key: str = "") -> dict[str, str]:
        """The headers of a request."""
        grants = [Grant.parse(f"{role}:halo_pamor:32.75")]
        token = Issuer(self.key, utc_now).issue(subject, grants, timedelta(hours=1))
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": key or new_id()}

    async def ready(self) -> bool:
        """Whether it says that it is ready, with all that it needs."""
        try:
            answer = await self.client.get(self.client.base_url.join("/readyz"))
        except httpx.TransportError:
            return False
        return answer.status_code == 200 and answer.json()["checks"]["rabbitmq"] == "ok"

    async def say(self, day: Day) -> None:
        """Publish the day's messages as intake does."""
        await self.raw.send(*day.messages)

    async def job(self, case: str) -> dict[str, Any]:
        """A job, as an administrator sees it; empty where there is none."""
        answer = await self.client.get(f"/api/jobs/{case}", headers=self.headers("admin", "x"))
        return dict(answer.json()) if answer.status_code == 200 else {}

    async def stop(self) -> list[dict[str, Any]]:
        """Ask it to end; return what it logged."""
        self.process.send_signal(signal.SIGTERM)
        out, _ = await asyncio.to_thread(self.process.communicate, timeout=30)
        assert self.process.returncode == 0, out
        return [json.loads(said) for said in out.splitlines()]


@pytest.fixture
async def courier(
    servers: Servers, management: Management, mongo_database: str, tmp_path: Path
) -> AsyncIterator[Courier]:
    async with _running(servers, management._vhost, mongo_database, tmp_path) as one:
        await until(one.ready)
        yield one


@asynccontextmanager
async def _running(
    servers: Servers, vhost: str, database: str, folder: Path
) -> AsyncIterator[Courier]:
    key, port = SigningKey.generate(), next(ports.free())
    write_public(folder / "keys.json", {key.kid: key.public})
    (folder / "amqp_url").write_text(amqp_of(servers, vhost, USER, "made-up"))
    environment = {
        "PATH": os.defpath,
        "COURIER_AMQP_URL_FILE": str(folder / "amqp_url"),
        "COURIER_MONGO_URL": servers.mongo_url,
        "COURIER_MONGO_DATABASE": database,
        "COURIER_HTTP_PORT": str(port),
        "COURIER_TOKEN_KEYS": str(folder / "keys.json"),
    }
    process = _start(environment)
    try:
        async with (
            line(amqp_of(servers, vhost)) as raw,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/courier") as client,
        ):
            for queue in QUEUES:
                await (await raw.channel.get_queue(queue, ensure=False)).purge()
            yield Courier(process, client, raw, key)
    finally:
        process.kill()
        await asyncio.to_thread(process.wait, 10)
        if process.stdout is not None:
            process.stdout.close()


def _start(environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "services.courier"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def home() -> Day:
    """A case from home to home, as intake tells of it."""
    day = Day()
    day.say("p-1", programme(), 1)
    day.say("c-1", received("case-1"), 1)
    day.say("c-2", issued("case-1"), 2)
    return day


async def _is(courier: Courier, **wanted: Any) -> bool:
    job = await courier.job("case-1")
    return all(job.get(name) == value for name, value in wanted.items())


async def test_a_case_is_carried_from_home_to_home(courier: Courier) -> None:
    await courier.say(home())
    await until(lambda: _is(courier, state="open", document_issued=True))
    path = f"/api/areas/halo_pamor/{VILLAGE}/005"
    headers = courier.headers("admin", "x", "serve-0001")
    for _ in range(2):
        answer = await courier.client.put(path, json={"agent_id": AGENT}, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"assigned": 1})
    for step in ("collect_papers", "hand_in_papers", "collect_document", "deliver"):
        headers = courier.headers("agent", AGENT)
        path = "/api/jobs/case-1/steps"
        answer = await courier.client.post(path, json={"step": step}, headers=headers)
        assert answer.status_code == 200, answer.text
    receipt = Day()
    receipt.say("c-3", confirmed("case-1"), 3)
    await courier.say(receipt)
    await until(lambda: _is(courier, state="done"))
    await until(lambda: _depth_is(courier, 7))
    logged = await courier.stop()
    told = await take_all(courier.raw, PROBE_QUEUE)
    assert sorted(message.type for message in told) == [
        "courier.delivery_confirmed.v1",
        "courier.delivery_reported.v1",
        "courier.document_collected.v1",
        "courier.job_assigned.v1",
        "courier.job_opened.v1",
        "courier.papers_collected.v1",
        "courier.papers_handed_in.v1",
    ]
    causes = {message.type.split(".")[1]: message.headers.get("ce-causationid") for message in told}
    assert (causes["job_opened"], causes["job_assigned"]) == ("c-1", None)
    assert causes["delivery_confirmed"] == "c-3"
    assert {message.correlation_id for message in told} == {"case-1"}
    assert {entry["service"] for entry in logged} == {"courier"}


async def _depth_is(courier: Courier, depth: int) -> bool:
    return await courier.raw.depth(PROBE_QUEUE) == depth


async def test_a_day_in_disorder_with_doubles_comes_out_right(courier: Courier) -> None:
    day = day_of(15, seed=5, doubled=0.3)
    for rw in ("001", "002", "003", "004"):
        first = Day()
        first.say(f"programme-{rw}", programme(), 1)
        await courier.say(first)
        path = f"/api/areas/halo_pamor/{VILLAGE}/{rw}"

        async def served(path: str = path, rw: str = rw) -> bool:
            headers = courier.headers("admin", "x", f"serve-{rw}-once")
            body = {"agent_id": f"{AGENT}-{rw}"}
            return (await courier.client.put(path, json=body, headers=headers)).status_code == 200

        await until(served)
    await courier.say(day)

    async def all_done() -> bool:
        jobs = [await courier.job(case) for case in day.jobs]
        return all(
            job.get("state") == wanted["state"] and job.get("agent_id") == wanted["agent_id"]
            for job, wanted in zip(jobs, day.jobs.values(), strict=True)
        )

    await until(all_done)
    metrics = (await courier.client.get(courier.client.base_url.join("/metrics"))).text
    assert 'jemput_messages_dead_lettered_total{reason="no_rw"' in metrics
    assert "jemput_outbox_pending" in metrics
    logged = await courier.stop()
    assert set(await drain(courier.raw, DEAD_QUEUE)) == day.bad
    assert not [entry for entry in logged if entry["level"] in ("ERROR", "CRITICAL")]
