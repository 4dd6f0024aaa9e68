"""`python -m tests.torture.imports`: bring in a history while its process is killed three times.

Writes build/import.json. Exit status 0 where every good row is a case once, every other row is
refused and named for the reason that it was made for, and the file is known when it comes again.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
from pymongo import MongoClient

from deploy.local.folder import ROOT
from deploy.local.processes import signals_interrupt
from deploy.local.servers import provide
from deploy.local.stack import Stack, prepared
from services.intake.domain import PlannedEvent
from services.intake.store import COLLECTIONS
from shared.contracts.envelope import new_id
from tests.shell import tried
from tests.torture.imports.history import EVENT_DAY, History, made_up

RESULT: Final = ROOT / "build" / "import.json"
ROWS: Final = 10_000
EVENT: Final = "botram-setu"
SMALL: Final = 20
BY_COMMAND: Final = [
    "16 good, 4 refused",
    *["done, 20 of 20 rows, 16 accepted, 4 refused"] * 3,
    "no such event has been announced here; have a planner create it, or use --without-event",
]
"""What the commands say of SMALL rows."""
KILLED_AT: Final = (0.15, 0.45, 0.75)
"""Parts of the rows that are done when the process is killed."""
WITHIN: Final = 1_800.0
say = partial(print, flush=True)


def main(words: Sequence[str]) -> int:
    """Play it on fresh servers, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.imports", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--to", type=Path, default=RESULT, help="where the result is written")
    wanted = parser.parse_args(words)
    with (
        signals_interrupt(),
        tempfile.TemporaryDirectory(prefix="jemput-import-") as place,
        provide(Path(place) / "servers", fresh=True, say=say) as servers,
    ):
        stack = prepared(servers, Path(place), services=["intake"])
        try:
            result = asyncio.run(_played(stack, made_up(wanted.rows)))
        finally:
            stack.stop()
    wanted.to.parent.mkdir(exist_ok=True)
    wanted.to.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    say(json.dumps(result))
    return 0 if passed(result) else 1


async def _played(stack: Stack, history: History) -> dict[str, Any]:
    for name in stack.processes:
        stack.start(name)
    stack.await_ready(["intake"])
    stack.publish_shipped()
    with MongoClient[dict[str, Any]](stack.mongo_url) as client:
        database = client[stack.database("intake")]
        database["events"].insert_one(COLLECTIONS.of(PlannedEvent).encode(_event()))
        async with httpx.AsyncClient(base_url=stack.url("intake"), timeout=300) as http:
            office = Office(stack, http)
            data = history.written()
            import_id = (await office.sent(data))["import_id"]
            tried = await office.get(f"/{import_id}/dry-run?event_id={EVENT}&limit=1")
            say(f"foreseen: {tried['accepted']} accepted, {tried['refused']} refused")
            began = time.monotonic()
            ended, kills = await _carried(office, import_id)
            seconds = time.monotonic() - began
            again = await office.send(data)
            named = await office.named(import_id)
        at_shell = await asyncio.to_thread(_at_shell, stack)
        brought = {"event_id": EVENT}
        cases = list(database["cases"].find(brought, {"facts.received": 1}))
    return {
        "rows": ended["rows"],
        "accepted": ended["accepted"],
        "refused": ended["refused"],
        "named": len(named),
        "named_otherwise": sum(history.bad.get(row) != code for row, code in named.items()),
        **_compared([_moment(one) for one in cases], history),
        "foreseen": [tried["accepted"], tried["refused"]],
        "kills": kills,
        "known_again": again.json().get("reason") == "imported_already",
        "by_command": at_shell,
        "seconds": round(seconds, 1),
        "reasons": dict(sorted(Counter(named.values()).items())),
    }


def _at_shell(stack: Stack) -> list[str]:
    """Try a small history by command, bring it in twice and list it; the last line of each."""
    file = stack.folder / "riwayat.xlsx"
    file.write_bytes(made_up(SMALL).written())
    wanted = ("--programme", "botram")
    given = (str(file), *wanted, "--without-event")
    by = ("--by", "impor-2")
    commands = (
        ("dry-run", *given),
        *(("run", *given, *by),) * 2,
        ("list", *wanted),
        ("run", str(file), *wanted, "--event", "acara-lain", *by),
    )
    said = []
    for words in commands:
        _, all_said = tried(stack, "intake", "imports", *words)
        lines = (all_said or "nothing").splitlines()
        # Without its id, which is another one each time.
        said.append(lines[0 if words[0] == "list" else -1].rpartition(": ")[2])
    return said


def _compared(found: list[datetime], history: History) -> dict[str, int]:
    """Hold the cases that are there against the rows that were good, by their seconds."""
    times = Counter(found)
    return {
        "cases": len(found),
        "doubled": sum(many - 1 for many in times.values()),
        "lacking": len(history.good - times.keys()),
        "strange": len(times.keys() - history.good),
    }


def _moment(case: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(case["facts"]["received"])


class Office:
    """Somebody who brings a history in."""

    def __init__(self, stack: Stack, http: httpx.AsyncClient) -> None:
        self.stack = stack
        self._http = http

    def _headers(self) -> dict[str, str]:
        token = self.stack.token("impor-1", "importer:botram:32.16")
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}

    async def send(self, data: bytes) -> httpx.Response:
        """Send a file."""
        path = "/api/imports?programme_id=botram"
        return await self._http.post(path, content=data, headers=self._headers())

    async def sent(self, data: bytes) -> dict[str, Any]:
        """Send a file, which must be taken."""
        taken: dict[str, Any] = (await self.send(data)).raise_for_status().json()
        return taken

    async def get(self, path: str) -> dict[str, Any]:
        """Read something of imports."""
        answer = await self._http.get(f"/api/imports{path}", headers=self._headers())
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def begin(self, import_id: str) -> None:
        """Begin an import."""
        path, body = f"/api/imports/{import_id}/run", {"event_id": EVENT}
        answer = await self._http.post(path, json=body, headers=self._headers())
        answer.raise_for_status()

    async def named(self, import_id: str) -> dict[int, str]:
        """Return the first reason of every refused row."""
        found: dict[int, str] = {}
        after: int | None = 0
        while after is not None:
            page = await self.get(f"/{import_id}/refusals?after={after}")
            found |= {one["row"]: one["cells"][0]["code"] for one in page["items"]}
            after = page["next_after"]
        return found


async def _carried(office: Office, import_id: str) -> tuple[dict[str, Any], int]:
    """Begin an import, kill the process on the way, and wait for the end."""
    await office.begin(import_id)
    kills = 0
    async with asyncio.timeout(WITHIN):
        while True:
            now = await office.get(f"/{import_id}")
            if now["state"] != "running":
                return now, kills
            if kills < len(KILLED_AT) and now["done"] >= KILLED_AT[kills] * now["rows"]:
                kills += 1
                say(f"killing intake at {now['done']} of {now['rows']} rows")
                office.stack.kill("intake")
                office.stack.start("intake")
                await asyncio.to_thread(office.stack.await_ready, ["intake"])
            await asyncio.sleep(0.02)


def _event() -> PlannedEvent:
    services = frozenset({"KK", "KTP_EL_PRINT", "KTP_EL_FIRST", "BIRTH_CERT", "KIA", "IKD"})
    return PlannedEvent(
        id=EVENT,
        version=1,
        programme_id="botram",
        name="BOTRAM Setu",
        place="Stadion Mini Cijengkol",
        region_code="32.16.18",
        on=EVENT_DAY,
        services=services,
    )


def passed(result: dict[str, Any]) -> bool:
    """Whether every row came to what it was made for, once."""
    return bool(
        result["accepted"] + result["refused"] == result["rows"]
        and result["named"] == result["refused"]
        and result["cases"] == result["accepted"]
        and not any(result[name] for name in ("doubled", "lacking", "strange", "named_otherwise"))
        and result["kills"] == len(KILLED_AT)
        and result["known_again"]
        and result["by_command"] == BY_COMMAND
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
