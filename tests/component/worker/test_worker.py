"""A worker as a process: what its children may use, and what is said when they want more."""

import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from shared.runtime import WorkerSettings, start_worker
from shared.worker.client import (
    Away,
    JobFailed,
    Refused,
    TooCostly,
    WorkerClient,
    WorkerMetrics,
)
from shared.worker.jobs import MIB, Lane
from tests.component.worker.kit import Running, children_of, gone, running, stream, until
from tests.component.worker.odd_jobs import BODY_LIMIT, SECRET
from tests.component.worker.odd_worker import WAITING


@asynccontextmanager
async def odd(folder: Path, children: int = 1) -> AsyncIterator[Running]:
    module = ("-m", "tests.component.worker.odd_worker", str(folder / "socket"), str(children))
    async with running(folder, *module) as worker:
        yield worker


@pytest.fixture(scope="module")
async def worker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """One worker for the tests that leave it alive."""
    async with odd(tmp_path_factory.mktemp("worker")) as at_work:
        yield at_work


async def test_a_body_goes_there_and_back_in_pieces(worker: Running) -> None:
    assert await worker.turned() == b""
    assert await worker.turned(b"ab", b"", b"c") == b"cba"
    large = os.urandom(3 * MIB)
    assert await worker.turned(large) == large[::-1]
    async with worker.client.give("turn", {"name": "Siti"}, stream([b"xy"])) as answer:
        assert answer.fields == {"name": "Siti", "size": 2}
    assert worker.count("turn", "done") == 4


async def test_the_socket_is_its_owners_and_its_groups(tmp_path: Path) -> None:
    async with odd(tmp_path) as worker:
        assert stat.S_IMODE(worker.socket.stat().st_mode) == 0o660
    assert not worker.socket.exists()


async def test_a_path_that_is_longer_than_an_address_may_be_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 60) / ("b" * 60)
    folder.mkdir(parents=True)
    async with odd(folder) as worker:
        assert await worker.turned(b"ab") == b"ba"


async def test_a_child_has_little_to_lose(worker: Running, tmp_path: Path) -> None:
    told = await worker.told()
    assert set(told["environment"]) <= {"PATH", "LANG", "PYTHONDONTWRITEBYTECODE", "LC_CTYPE"}
    assert (told["files"], told["core"]) == (64, 0)
    with pytest.raises(JobFailed):
        await worker.client.ask("write", {"path": str(tmp_path / "written")})
    written = tmp_path / "written"
    assert not written.exists() or written.stat().st_size == 0


@pytest.mark.parametrize(
    ("job", "reason"), [("spin", "cpu"), ("eat", "memory"), ("die", "died"), ("nap", "time")]
)
async def test_what_wants_too_much_is_refused_and_the_next_job_is_done(
    worker: Running, job: str, reason: str
) -> None:
    before = (await worker.told())["pid"]
    with pytest.raises(TooCostly) as refused:
        await worker.client.ask(job, {"seconds": 60})
    assert refused.value.reason == reason
    assert await worker.turned(b"ab") == b"ba"
    assert (await worker.told())["pid"] != before
    assert worker.count(job, "limit") == 1
    assert len(list(children_of(worker.process.pid))) == len(Lane)


async def test_a_job_that_dies_with_its_body_half_sent_is_refused(worker: Running) -> None:
    """The rest of the body is read, or whoever sends it would not see the answer."""
    pieces = [b"x" * MIB] * 4
    with pytest.raises(TooCostly, match="died"):
        async with worker.client.give("die", {}, stream(pieces)):
            pass


async def test_a_jobs_own_refusal_keeps_its_reason_and_its_child(worker: Running) -> None:
    before = (await worker.told())["pid"]
    with pytest.raises(Refused, match="not_today") as refused:
        await worker.client.ask("refuse", {})
    assert not isinstance(refused.value, TooCostly)
    assert (await worker.told())["pid"] == before
    assert worker.count("refuse", "refused") == 1


@pytest.mark.parametrize("job", ["fail", "missing", "unheard_of"])
async def test_a_mistake_is_told_without_what_was_given(tmp_path: Path, job: str) -> None:
    async with odd(tmp_path) as worker:
        with pytest.raises(JobFailed) as failed:
            await worker.client.ask(job, {"password": SECRET})
        assert SECRET not in repr(failed.value)
        await worker.told()
    log = worker.log.read_text()
    assert SECRET not in log
    assert job == "unheard_of" or "Error at " in log


async def test_more_than_may_wait_is_busy_at_once(worker: Running) -> None:
    asked = [worker.client.ask("sleep", {"seconds": 0.5}) for _ in range(1 + WAITING + 1)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(map(repr, answers)) == ["Busy()", "{}", "{}", "{}"]
    assert worker.count("sleep", "busy") == 1
    assert await worker.turned(b"ab") == b"ba"


async def test_a_quick_job_never_waits_for_a_heavy_one(worker: Running) -> None:
    heavy = asyncio.create_task(worker.client.ask("heavy", {"seconds": 1.5}))
    for _ in range(20):
        await worker.told()
    assert not heavy.done()
    await heavy


async def test_who_hangs_up_frees_the_place(worker: Running) -> None:
    before = (await worker.told())["pid"]
    given_up = asyncio.create_task(worker.client.ask("sleep", {"seconds": 60}))
    await asyncio.sleep(0.2)
    given_up.cancel()
    with suppress(asyncio.CancelledError):
        await given_up
    async with asyncio.timeout(20):
        assert (await worker.told())["pid"] != before


async def test_a_body_above_the_limit_ends_the_conversation(worker: Running) -> None:
    with pytest.raises(Away):
        await worker.turned(b"x" * (BODY_LIMIT + 1))
    assert len(await worker.turned(b"x" * BODY_LIMIT)) == BODY_LIMIT


async def test_a_worker_that_ends_in_the_middle_is_away_and_leaves_no_child(tmp_path: Path) -> None:
    async with odd(tmp_path) as worker:
        children = list(children_of(worker.process.pid))
        asked = asyncio.create_task(worker.client.ask("sleep", {"seconds": 60}))
        await asyncio.sleep(0.2)
        worker.process.send_signal(signal.SIGKILL)
        with pytest.raises(Away):
            await asked
        assert await worker.client.check() is not None
        assert worker.count("sleep", "away") == 1
        await worker.process.wait()
        await until(lambda: all(map(gone, children)))


async def test_its_successor_takes_the_socket_over(tmp_path: Path) -> None:
    async with odd(tmp_path) as worker:
        worker.process.kill()
        await worker.process.wait()
        assert worker.socket.exists()
    async with odd(tmp_path) as worker:
        assert await worker.turned(b"ab") == b"ba"


async def test_a_job_at_work_may_end_before_the_worker_does(tmp_path: Path) -> None:
    async with odd(tmp_path) as worker:
        asked = asyncio.create_task(worker.client.ask("sleep", {"seconds": 1.0}))
        await asyncio.sleep(0.3)
        worker.process.terminate()
        assert await asked == {}
        assert await worker.process.wait() == 0


async def test_without_a_socket_or_with_nobody_behind_it_the_worker_is_away(tmp_path: Path) -> None:
    metrics = WorkerMetrics(CollectorRegistry())
    for socket in (None, tmp_path / "nobody", tmp_path / "no" / "folder"):
        client = WorkerClient(socket, metrics)
        with pytest.raises(Away):
            await client.ask("tell", {})
        assert await client.check() == "the worker does not answer; what needs it waits"


def test_a_worker_without_a_socket_does_not_start() -> None:
    with pytest.raises(ValueError, match="WORKER_SOCKET"):
        start_worker("odd", WorkerSettings(role="worker"), {})
