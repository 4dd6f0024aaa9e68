"""Issued documents through intake's own worker: right ones pass, wrong and hostile ones do not."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from shared.files.jobs import CHECK
from shared.worker.client import Refused
from tests.component.intake.kit import Desk, at_home, desk
from tests.component.worker.kit import Running, children_of, intakes, stream
from tests.unit.files import letters, samples
from tests.unit.files.letters import card

DOCUMENTS = 200
FIRST = "siti nur'aini budi rahmat dewi agus joko sri wahyu putri".split()  # noqa: SIM905
LAST = "contoh rekaan misal umpama al-karang tiruan bayangan purnama senja pagi".split()  # noqa: SIM905
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SECONDS = 30.0
"""What the job may take, by its own limit."""
MEMORY_MIB = 512


@pytest.fixture(scope="module")
async def worker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Run intake's worker as `make up` starts it."""
    async with intakes(tmp_path_factory.mktemp("intake")) as at_work:
        yield at_work


def another(name: str, chance: random.Random) -> str:
    """Return a name that differs by one letter: changed, added, taken away, or exchanged."""
    places = [at for at, sign in enumerate(name) if sign.isalpha()]
    at = chance.choice(places)
    other = chance.choice([one for one in LETTERS if one != name[at]])
    changed = {
        "changed": name[:at] + other + name[at + 1 :],
        "added": name[:at] + other + name[at:],
        "added at the end": name + other,
        "added as a word": f"{name} {other}",
        "taken away": name[:at] + name[at + 1 :],
    }
    return chance.choice(list(changed.values()))


def number(at: int) -> str:
    return f"321699520385{at + 1:04d}"


async def issued(office: Desk, case_id: str, name: str, nik: str) -> Any:
    """Send a document, bind it and issue with it; return the answer to the last."""
    await office.document(case_id, card(name.upper(), nik))
    return await office.step(case_id, "issue")


@pytest.mark.timeout(900)
async def test_of_200_documents_each_one_letter_wrong_all_are_blocked_and_no_right_one(
    worker: Running,
) -> None:
    chance = random.Random(66)
    blocked, passed = [], []
    async with desk(worker=worker.client) as office:
        for at in range(DOCUMENTS):
            name = f"{chance.choice(FIRST)} {chance.choice(LAST)} {chance.choice(LAST)}"
            person = {**at_home()["applicant"], "name": name.title(), "nik": number(at)}
            case_id = str((await office.record(at_home(applicant=person)))["case_id"])
            wrong = await issued(office, case_id, another(name, chance), number(at))
            if wrong.status_code == 409 and wrong.json()["detail"].endswith(": name"):
                blocked.append(at)
            if (await issued(office, case_id, name, number(at))).status_code == 200:
                passed.append(at)
    assert (len(blocked), len(passed)) == (DOCUMENTS, DOCUMENTS)
    log = worker.log.read_text()
    assert "contoh" not in log.casefold()
    assert "3216" not in log


async def checked(worker: Running, data: bytes) -> Any:
    wanted = {"wanted": {"name": "Siti Contoh", "nik": number(0)}}
    async with worker.client.give(CHECK, wanted, stream([data])) as answer:
        return answer.fields


async def cleaned(worker: Running, data: bytes) -> None:
    limits = {"types": ["application/pdf"], "said": "", "pages": 200, "pixels": 1, "limit": 1}
    async with worker.client.give("clean_file", limits, stream([data])):
        pass


HOSTILE: dict[str, tuple[Any, str, Any]] = {
    "password": (samples.locked, "password", cleaned),
    "script": (lambda: samples.pdf(change=samples.with_open_action), "script", cleaned),
    "file": (lambda: samples.pdf(change=samples.with_attachment), "embedded_file", cleaned),
    "201 pages": (lambda: samples.pdf(201), "too_many_pages", cleaned),
    **{kind: (make, "too_costly", checked) for kind, make in letters.HOSTILE.items()},
    "broken": (lambda: b"%PDF-1.4\n%%EOF", "too_costly", checked),
}


def is_reading(pid: int) -> bool:
    """Return whether this child is the one that reads documents."""
    return b"shared.files.issued" in Path(f"/proc/{pid}/cmdline").read_bytes()


def peak_mib(pid: int) -> float:
    (line,) = (
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmPeak" in line
    )
    return int(line.split()[1]) / 1024


@pytest.mark.parametrize("kind", HOSTILE)
async def test_hostile_documents_are_refused_by_name_within_limits_and_the_child_survives(
    worker: Running, kind: str
) -> None:
    make, reason, ask = HOSTILE[kind]
    data = await asyncio.to_thread(make)
    # A child that has done its share is replaced by the next one who asks.
    await cleaned(worker, samples.pdf())
    await checked(worker, samples.pdf())
    before = set(children_of(worker.process.pid))
    began = perf_counter()
    with pytest.raises(Refused) as refused:
        await ask(worker, data)
    took = perf_counter() - began
    after = set(children_of(worker.process.pid))
    assert refused.value.reason == reason
    assert took < SECONDS
    assert after == before
    assert max(peak_mib(pid) for pid in after if is_reading(pid)) < MEMORY_MIB
    right = await checked(worker, card("SITI CONTOH", number(0)))
    assert right == {"readable": True, "differ": [], "signature": "unsigned"}


async def test_what_ends_the_child_all_the_same_is_too_costly_and_the_next_is_checked(
    worker: Running,
) -> None:
    data = card("SITI CONTOH", number(0))
    assert (await checked(worker, data))["differ"] == []
    before = set(children_of(worker.process.pid))
    (reading,) = filter(is_reading, before)

    async def body() -> AsyncIterator[bytes]:
        yield data
        os.kill(reading, signal.SIGKILL)

    wanted = {"wanted": {"name": "Siti Contoh"}}
    with pytest.raises(Refused, match="died"):
        async with worker.client.give(CHECK, wanted, body()):
            pass
    assert (await checked(worker, data))["differ"] == []
    assert len(set(children_of(worker.process.pid)) - before) == 1
