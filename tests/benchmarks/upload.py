"""The key `upload`: by how much intake grows over a paper of 20 MiB; see README.md."""

import asyncio
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.local.servers import Say, Servers
from services.intake.usecases import PAPER
from shared.contracts.envelope import new_id
from shared.worker.jobs import MIB
from tests.benchmarks.load import bodies
from tests.benchmarks.side import Side, side
from tests.memory import forget_peak, held
from tests.unit.files.samples import of_size, pdf

ROUNDS: Final = 3
_BEFORE: Final = 600_000
"""Bytes of the file before: code and connections that a first one brings in are not the file's."""


def measure(servers: Servers, say: Say, rounds: int = ROUNDS) -> dict[str, object]:
    """Send and fetch a file of nearly 20 MiB so often; tell the greatest growth."""
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="jemput-upload-")))
        one = open_.enter_context(side(servers, folder, "upload"))
        found = asyncio.run(_sent(one, rounds))
    say(f"upload: {found}")
    return {"upload": found}


async def _sent(one: Side, rounds: int) -> dict[str, float]:
    pid, data = one.pid, pdf(change=of_size(PAPER.limit - 20_000))
    grown: dict[str, list[float]] = {"in": [], "out": []}
    began = 0.0
    async with httpx.AsyncClient(timeout=120) as http:
        papers = f"{one.stack.url('intake')}/api/requests/{await _case(one, http)}/papers"
        await _kept(one, http, papers, pdf(change=of_size(_BEFORE)))
        for _ in range(rounds):
            before, since = forget_peak(pid), time.monotonic()
            place = await _kept(one, http, papers, data)
            began = max(began, time.monotonic() - since)
            grown["in"].append(held(pid, "VmHWM") - before)
            before = forget_peak(pid)
            back = await http.get(f"{place}/content", headers=_headers(one))
            grown["out"].append(held(pid, "VmHWM") - before)
            if back.content != data:
                raise RuntimeError(f"not what was sent: {back.status_code}")
    return {
        "mib": round(len(data) / MIB, 2),
        "grown_in_mib": round(max(grown["in"]), 2),
        "grown_out_mib": round(max(grown["out"]), 2),
        "seconds_in": round(began, 2),
    }


async def _case(one: Side, http: httpx.AsyncClient) -> str:
    (asked,) = bodies("none", 0, 1)
    body = {name: value for name, value in asked.items() if name != "event_id"}
    url = f"{one.stack.url('intake')}/api/requests"
    made = await http.post(url, json=body, headers=_headers(one))
    return str(made.raise_for_status().json()["case_id"])


async def _kept(one: Side, http: httpx.AsyncClient, papers: str, data: bytes) -> str:
    """Send a file and bind it; return its place."""
    sent = await http.post(papers, content=data, headers=_headers(one))
    place = f"{papers}/{sent.raise_for_status().json()['file_id']}"
    bound = await http.post(place, json={"kind": "other"}, headers=_headers(one))
    bound.raise_for_status()
    return place


def _headers(one: Side) -> dict[str, Any]:
    token = one.stack.token("bench-operator", "operator:botram:32.16")
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
