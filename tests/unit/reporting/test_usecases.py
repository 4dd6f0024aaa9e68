"""What reporting does, on ports of plain Python."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from services.reporting.domain import Fact, Measure, Totals, fold
from services.reporting.metrics import ProjectionMetrics
from services.reporting.usecases import history as history_module
from services.reporting.usecases import project as project_module
from services.reporting.usecases import rebuild as rebuild_module
from services.reporting.usecases.archive import archive, archive_event, archive_programme
from services.reporting.usecases.history import OVERLAP, Order, send_history
from services.reporting.usecases.project import PAGE, Projector
from services.reporting.usecases.rebuild import Superseded, rebuild
from services.reporting.usecases.recount import recount
from shared.contracts.intake import ProgrammePublished
from shared.contracts.scheduler import EventScheduled
from shared.messaging.errors import Conflict, NotPublished, Unavailable
from shared.messaging.message import ADDRESSED
from tests.unit.reporting.fake import FakeBus, FakeLedger, FakeLetters, FakeWork
from tests.unit.reporting.histories import EVENTS, NOW, ZONES, programme, received, scheduled, told
from tests.unit.reporting.test_domain import fact

NEW = Order("counting.events")


def requests(number: int) -> list[Fact]:
    return [fact(told(received(f"c{n}"))) for n in range(number)]


def projector(ledger: FakeLedger) -> tuple[Projector, CollectorRegistry]:
    registry = CollectorRegistry()
    return Projector(ledger, ProjectionMetrics(registry), lambda: NOW), registry


async def test_an_event_is_archived_without_a_read() -> None:
    came = told(received("c1"))
    work = FakeWork(came.envelope)
    await archive(came.event, work)
    assert (work.archived, work.reads) == ([came.event], 0)


async def test_an_older_plan_is_archived_and_not_kept() -> None:
    newer, older = scheduled(place="Baru"), scheduled(place="Lama")
    assert isinstance(newer, EventScheduled)
    assert isinstance(older, EventScheduled)
    work = FakeWork(told(newer, version=2).envelope)
    await archive_event(newer, work)
    work.cause = told(older, version=1).envelope
    await archive_event(older, work)
    assert work.archived == [newer, older]
    assert work.events[EVENTS[0]].place == "Baru"
    assert work.events[EVENTS[0]].services == ("KIA", "KK", "HEALTH_CHECK")


async def test_a_programme_is_kept_with_the_names_of_its_services() -> None:
    published = programme()
    assert isinstance(published, ProgrammePublished)
    work = FakeWork(told(published, version=3).envelope)
    await archive_programme(published, work)
    await archive_programme(published, work)
    kept = work.programmes["botram"]
    assert (kept.version, kept.time_zone) == (3, "Asia/Jakarta")
    assert kept.services == {"KIA": "Kartu Identitas Anak", "KK": "Kartu Keluarga"}


async def test_a_round_counts_one_page_and_tells_of_it() -> None:
    ledger = FakeLedger(*requests(PAGE + 7))
    work, registry = projector(ledger)
    assert await work.round()
    assert await work.round()
    assert not await work.round()
    assert ledger.pages == [PAGE, 7]
    assert ledger.events == [EVENTS[0]] * 2
    assert registry.get_sample_value("jemput_reporting_folded_total") == PAGE + 7
    assert registry.get_sample_value("jemput_reporting_leads") == 1


async def test_what_has_no_programme_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_module, "_MEASURE_SECONDS", 0)
    ledger = FakeLedger(*requests(3))
    ledger.known = {}
    work, registry = projector(ledger)
    assert not await work.round()

    def sample(name: str, waits_for: str) -> float | None:
        return registry.get_sample_value(
            f"jemput_reporting_unfolded_{name}", {"waits_for": waits_for}
        )

    assert sample("rows", "programme") == 3
    assert sample("oldest_age_seconds", "programme") == 900
    assert (sample("rows", "projector"), sample("oldest_age_seconds", "projector")) == (0, 0)
    assert await work.check() is None


async def test_rows_that_nobody_counts_make_the_service_degraded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(project_module, "_MEASURE_SECONDS", 0)
    ledger = FakeLedger(*requests(3))
    ledger.leads = False
    work, registry = projector(ledger)
    with pytest.raises(Conflict):
        await work.round()
    await work._turn()
    assert registry.get_sample_value("jemput_reporting_leads") == 0
    assert await work.check() == "3 events are archived and not counted"


async def test_the_projector_goes_on_after_whatever_goes_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(project_module, "_PAUSE", 0)
    ledger = FakeLedger(*requests(3))
    ledger.troubles = [Unavailable("told to"), Conflict("told to"), KeyError("a fault of ours")]
    work, _ = projector(ledger)
    with pytest.raises(KeyboardInterrupt):
        await work.run()
    assert ledger.totals == fold(requests(3), ZONES)
    assert ledger.resigned == 1


async def test_a_stopped_projector_gives_its_lease_back() -> None:
    ledger = FakeLedger()
    ledger.leads = False
    work, _ = projector(ledger)
    running = asyncio.create_task(work.run())
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ledger.resigned == 1


async def test_history_is_addressed_to_one_queue_and_otherwise_unchanged() -> None:
    history = [told(received(f"c{n}")) for n in range(3)]
    bus = FakeBus()
    done = await send_history(FakeLetters(*history), bus, NEW, lambda _: None)
    assert [(p.envelope, p.body) for p in bus.sent] == [
        (each.envelope, each.message.body) for each in history
    ]
    assert {(p.exchange, p.key) for p in bus.sent} == {(ADDRESSED, NEW.queue)}
    assert done.sent == 3


async def test_a_broker_that_is_away_for_a_moment_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history_module, "_PAUSE", 0)
    bus = FakeBus(refusals=20)
    await send_history(FakeLetters(told(received("c1"))), bus, NEW, lambda _: None)
    assert len(bus.sent) == 1
    with pytest.raises(NotPublished):
        await send_history(FakeLetters(told(received("c1"))), FakeBus(room=0), NEW, lambda _: None)


async def test_another_run_steps_back_by_the_overlap() -> None:
    history = [told(received(f"c{n}")) for n in range(200)]
    letters = FakeLetters(*history)
    await send_history(letters, FakeBus(), NEW, lambda _: None)
    again = FakeBus()
    said: list[str] = []
    await send_history(letters, again, NEW, said.append)
    assert said[0] == "going on after 200 events"
    back = [
        place
        for place, _ in letters.messages
        if place.archived_at >= NOW + timedelta(seconds=199) - OVERLAP
    ]
    assert len(again.sent) == len(back) == 121


class Moment:
    """An archive and totals that may not agree."""

    def __init__(self, pages: Sequence[Sequence[Fact]], totals: Totals) -> None:
        self._pages = pages
        self._totals = totals

    async def programmes(self) -> dict[str, str]:
        """Return the one programme."""
        return {"botram": ZONES["botram"]}

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Moment"]:
        """Return itself."""
        yield self

    async def counted(self, _: str) -> AsyncIterator[Sequence[Fact]]:
        """Return the pages."""
        for page in self._pages:
            yield page

    async def counted_before(self, _: str, __: int) -> AsyncIterator[Sequence[Fact]]:
        """Return the pages."""
        for page in self._pages:
            yield page

    async def totals(self, _: str) -> Totals:
        """Return the totals."""
        return self._totals


async def test_a_recount_compares_what_it_counts_page_by_page() -> None:
    pages = [requests(3), requests(2)]
    right = fold([each for page in pages for each in page], ZONES)
    said: list[str] = []
    found = await recount(Moment(pages, right), "botram", ZONES["botram"], said.append)
    assert (found.events, found.differences) == (5, ())
    assert said == ["botram: 3 events counted again", "botram: 5 events counted again"]
    wrong = await recount(Moment(pages[:1], right), "botram", ZONES["botram"], said.append)
    assert {(d.measure, d.archive, d.totals) for d in wrong.differences} == {
        (Measure.REQUESTS_RECEIVED, 3, 5)
    }


class FakeRebuilds:
    """A generation in the making that ends as it is told."""

    def __init__(self, *ends: str | Exception) -> None:
        self.ends = list(ends)
        self.written: Totals = {}
        self.given_up: list[int] = []

    async def begin(self) -> int:
        """Begin the second generation."""
        return 2

    async def write(self, generation: int, totals: Totals) -> None:
        """Note the counters."""
        assert generation == 2
        self.written |= totals

    async def finish(self, generation: int) -> bool:
        """End as told."""
        assert generation == 2
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end == "done"

    async def give_up(self, generation: int) -> None:
        """Note it."""
        self.given_up.append(generation)


async def test_a_rebuild_writes_all_and_finishes_when_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rebuild_module, "_LONGEST_PAUSE", 0)
    rebuilds = FakeRebuilds("more", Conflict("told to"), Unavailable("told to"), "done")
    archive_ = Moment([requests(3)], {})
    assert await rebuild(archive_, rebuilds, lambda _: None) == 2
    assert rebuilds.written == fold(requests(3), ZONES)
    assert (rebuilds.ends, rebuilds.given_up) == ([], [])


async def test_a_rebuild_that_another_overtakes_is_given_up() -> None:
    rebuilds = FakeRebuilds(Superseded())
    with pytest.raises(Superseded):
        await rebuild(Moment([], {}), rebuilds, lambda _: None)
    assert rebuilds.given_up == [2]


async def test_a_rebuild_tries_so_often_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild_module, "_LONGEST_PAUSE", 0)
    monkeypatch.setattr(rebuild_module, "_TRIES", 3)
    rebuilds = FakeRebuilds(*[Conflict("told to")] * 3)
    with pytest.raises(Conflict):
        await rebuild(Moment([], {}), rebuilds, lambda _: None)
    assert rebuilds.given_up == [2]
