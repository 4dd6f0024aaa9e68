import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta

import pytest
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from shared.auth.roles import Grant, Role
from shared.auth.rules import PUBLIC, Rule
from shared.auth.tokens import Issuer
from shared.observability.health import Health
from shared.observability.metrics import HttpMetrics, service_registry
from shared.web.app import create_app
from shared.web.guard import CallerDep
from shared.web.live import RETRY, SHARE, Changes, Streams, Timing
from tests.unit.shared.web_kit import NOW, Browser, Kit

QUICK = Timing(heartbeat=0.01, pace=0.0)
PATIENT = Timing(heartbeat=60.0, pace=0.0)


class Board:
    """An application with one live board that shows one number."""

    def __init__(self, timing: Timing = PATIENT, limit: int = 2, share: int = SHARE) -> None:
        self.kit = Kit()
        self.number = 938
        self.renders = 0
        self.rendered = asyncio.Event()
        self.until: datetime | None = None
        self.changes = Changes()
        self.health = Health()
        self.registry = service_registry("contoh", "1")
        metrics = HttpMetrics(self.registry)
        self.streams = Streams(
            stopping=self.health.stopping,
            clock=self.kit.clock,
            gauge=metrics.streams,
            limit=limit,
            share=share,
            timing=timing,
        )
        self.app = self._app(metrics)

    def _app(self, metrics: HttpMetrics) -> FastAPI:
        router = APIRouter()

        @router.get("/screen")
        async def screen(request: Request) -> Response:
            return self.streams.stream(request, self.render, self.changes)

        @router.get("/board")
        async def board(request: Request, caller: CallerDep) -> Response:
            until = self.until or caller.expires_at
            return self.streams.stream(request, self.render, self.changes, until)

        return create_app(
            title="x",
            version="1",
            rules={"GET /board": Rule({Role.HEAD}), "GET /screen": PUBLIC},
            verifier=self.kit.verifier,
            health=self.health,
            registry=self.registry,
            routers=[router],
            metrics=metrics,
            accounts=self.kit.accounts,
        )

    async def render(self) -> str:
        """The fragment."""
        self.renders += 1
        self.rendered.set()
        return f"<p>{self.number}</p>\n<p>permohonan</p>"

    def change(self, number: int) -> None:
        """Show another number."""
        self.number = number
        self.changes.bump()

    @property
    def open(self) -> float | None:
        """Open streams by the metric."""
        return self.registry.get_sample_value("jemput_http_streams_open")

    @asynccontextmanager
    async def browser(self, spec: str = "2.3", **headers: str) -> AsyncIterator[Browser]:
        """Somebody who looks at the board, and leaves."""
        sent = {**self.kit.bearer("head:*:*"), "Host": "jemput.test", **headers}
        browser = Browser(self.app, "/board", sent, spec)
        try:
            yield browser
        finally:
            await browser.leave()

    @asynccontextmanager
    async def stranger(self, client: str) -> AsyncIterator[Browser]:
        """Somebody without an account who looks at it."""
        browser = Browser(self.app, "/screen", {"Host": "jemput.test"}, client=client)
        try:
            yield browser
        finally:
            await browser.leave()


def fields(event: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in event.strip().splitlines():
        name, _, value = line.partition(": ")
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


async def test_the_first_event_comes_at_once() -> None:
    async with Board().browser() as browser:
        assert fields(await browser.until("retry"))["retry"] == str(RETRY)
        event = fields(await browser.until("data"))
        assert event["data"] == "<p>938</p>\n<p>permohonan</p>"
        assert len(event["id"]) == 16
        assert browser.status == 200
        assert browser.headers["content-type"].startswith("text/event-stream")
        assert browser.headers["cache-control"] == "no-store"
        assert browser.headers["x-accel-buffering"] == "no"


async def test_a_change_is_sent_and_has_another_id() -> None:
    board = Board()
    async with board.browser() as browser:
        first = fields(await browser.until("data"))
        board.change(939)
        second = fields(await browser.until("data"))
        assert second["data"].startswith("<p>939</p>")
        assert second["id"] != first["id"]


async def test_every_browser_is_told() -> None:
    board = Board()
    async with board.browser() as one, board.browser() as two:
        for browser in (one, two):
            await browser.until("938")
        board.change(939)
        for browser in (one, two):
            await browser.until("939")


async def test_what_looks_the_same_is_not_sent_again() -> None:
    board = Board()
    async with board.browser() as browser:
        await browser.until("938")
        board.rendered.clear()
        board.change(938)
        await asyncio.wait_for(board.rendered.wait(), 5)
        board.change(940)
        assert "940" in (await browser.until("data"))


async def test_a_storm_of_changes_is_one_event_and_the_last_is_shown() -> None:
    board = Board(Timing(heartbeat=60.0, pace=0.5))
    async with board.browser() as browser:
        await browser.until("938")
        for number in range(939, 1039):
            board.change(number)
            await asyncio.sleep(0)
        assert "1038" in await browser.until("data")
        assert board.renders == 2


async def test_a_change_while_the_fragment_is_rendered_is_not_missed() -> None:
    board = Board()
    original = board.render

    async def meanwhile() -> str:
        shown = await original()
        if board.renders == 1:
            board.change(939)
        return shown

    board.render = meanwhile  # type: ignore[method-assign]
    async with board.browser() as browser:
        assert "938" in await browser.until("data")
        assert "939" in await browser.until("data")


async def test_a_quiet_stream_says_that_it_is_there() -> None:
    async with Board(QUICK).browser() as browser:
        await browser.until("938")
        for _ in range(3):
            assert await browser.piece() == ": still here\n\n"


async def test_who_comes_back_gets_only_what_is_new() -> None:
    board = Board(QUICK)
    async with board.browser() as browser:
        seen = fields(await browser.until("data"))["id"]
    async with board.browser(**{"Last-Event-ID": seen}) as browser:
        await browser.until("retry")
        assert await browser.piece() == ": still here\n\n"
        board.change(939)
        await browser.until("939")
    async with board.browser(**{"Last-Event-ID": seen}) as browser:
        await browser.until("939")


async def test_one_stream_too_many_is_refused_and_a_place_given_back_is_free() -> None:
    board = Board(limit=2)
    async with board.browser() as one:
        async with board.browser() as two:
            for browser in (one, two):
                await browser.until("938")
            assert board.open == 2
            async with board.browser() as three:
                problem = json.loads(await three.until("unavailable"))
                assert (three.status, problem["type"]) == (503, "/problems/unavailable")
                assert int(three.headers["retry-after"]) > 0
        assert board.open == 1
        async with board.browser() as four:
            await four.until("938")
            assert board.open == 2
    assert board.open == 0


async def test_nobody_holds_more_than_his_share_of_the_places() -> None:
    board = Board(limit=9, share=1)
    other = {"Authorization": f"Bearer {board.kit.token('head:*:*', subject='budi')}"}
    async with board.browser() as one:
        await one.until("938")
        async with board.browser() as two:
            problem = json.loads(await two.until("too-many"))
            assert (two.status, problem["type"]) == (429, "/problems/too-many-requests")
            assert int(two.headers["retry-after"]) > 0
        async with board.browser(**other) as three:
            await three.until("938")
            assert board.open == 2
    async with board.browser() as again:
        await again.until("938")
        assert board.open == 1


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("10.0.0.7", "10.0.0.7", 429),
        ("2001:db8::1", "2001:db8::2", 429),
        ("10.0.0.7", "10.0.0.8", 200),
    ],
)
async def test_who_has_not_signed_in_shares_with_his_address(
    first: str, second: str, status: int
) -> None:
    board = Board(limit=9, share=1)
    async with board.stranger(first) as one:
        await one.until("938")
        async with board.stranger(second) as two:
            await two.until("938" if status == 200 else "too-many")
            assert two.status == status
    assert board.open == 0


async def test_strangers_leave_places_to_those_who_have_signed_in() -> None:
    board = Board(limit=4)
    async with AsyncExitStack() as screens:
        for number in range(3):
            one = await screens.enter_async_context(board.stranger(f"10.0.0.{number}"))
            await one.until("938")
        four = await screens.enter_async_context(board.stranger("10.0.0.4"))
        staff = await screens.enter_async_context(board.browser())
        await four.until("unavailable")
        await staff.until("938")
        assert (four.status, staff.status) == (503, 200)


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
async def test_who_does_not_read_loses_his_place(spec: str) -> None:
    board = Board(QUICK)
    async with board.browser(spec=spec) as browser:
        await browser.until("938")
        assert board.open == 1
        browser.reading.clear()
        await asyncio.wait_for(browser.task, 5)
        assert board.open == 0


async def test_a_failing_fragment_gives_its_place_back() -> None:
    board = Board()

    async def fails() -> str:
        raise ConnectionError("mongodb")

    board.render = fails  # type: ignore[method-assign]
    async with board.browser() as browser:
        await browser.until("retry")
        assert await browser.piece() is None
    assert board.open == 0


@pytest.mark.parametrize("timing", [PATIENT, QUICK, Timing(heartbeat=60.0, pace=60.0)])
async def test_a_stopping_process_ends_its_streams_and_opens_none(timing: Timing) -> None:
    board = Board(timing)
    async with board.browser() as browser:
        await browser.until("938")
        board.health.drain()
        while await browser.piece() is not None:
            pass
        await asyncio.wait_for(browser.task, 5)
    async with board.browser() as late:
        await late.until("unavailable")
        assert late.status == 503


async def test_a_stream_ends_with_the_callers_token() -> None:
    board = Board()
    board.until = board.kit.clock.now + timedelta(milliseconds=20)
    async with board.browser() as browser:
        await browser.until("938")
        assert await browser.piece() is None
    assert board.open == 0


@pytest.mark.parametrize(
    ("session", "revoked"),
    [
        ("s-1", ({"a-1": NOW}, {})),
        ("s-1", ({"s-1": NOW}, {})),
        (None, ({}, {"a-1": NOW})),
        (None, ({}, {"t-1": NOW})),
    ],
)
async def test_a_stream_ends_at_a_heartbeat_after_access_was_revoked(
    session: str | None, revoked: tuple[dict[str, datetime], dict[str, datetime]]
) -> None:
    board = Board(QUICK)
    issuer = Issuer(board.kit.key, board.kit.clock)
    grants = [Grant.parse("head:*:*")]
    ten = timedelta(minutes=10)
    token = issuer.issue("a-1", grants, ten, session=session, token_id="t-1")
    async with board.browser(Authorization=f"Bearer {token}") as browser:
        await browser.until("938")
        await browser.until("still here")
        board.streams.revocations.replace(*revoked)
        async with asyncio.timeout(10):
            while await browser.piece() is not None:
                pass
    assert board.open == 0


async def test_a_stream_needs_a_token_like_any_route() -> None:
    board = Board()
    async with board.browser(Authorization="Bearer x") as browser:
        await browser.until("unauthenticated")
        assert browser.status == 401


async def test_waiting_for_what_has_happened_already_is_no_waiting() -> None:
    changes = Changes()
    changes.bump()
    await asyncio.wait_for(changes.beyond(0), 1)
    waiting = asyncio.create_task(changes.beyond(1))
    await asyncio.sleep(0)
    assert not waiting.done()
    changes.bump()
    await asyncio.wait_for(waiting, 1)
