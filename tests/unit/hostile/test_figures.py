"""The ratio of `make hostile` says what attacks did, and nothing else."""

import asyncio
from collections.abc import Iterator
from typing import Any
from unittest.mock import create_autospec

import pytest

from tests.torture.hostile import __main__ as hostile
from tests.torture.hostile.figures import HUNG, Kind, Window, compared, slowest
from tests.torture.hostile.stage import Stage

QUIET = Window(Kind.QUIET, "", 0, 10)
HONEST = Window(Kind.HONEST, "A1", 10, 20)
ATTACK = Window(Kind.ATTACK, "A1", 20, 30)
WINDOWS = [QUIET, HONEST, ATTACK]


def answers(stream: str, *ms: float) -> list[dict[str, Any]]:
    """Return a hundred answers in quiet, as many beside honest traffic, as many under attack."""
    return [
        {"stream": stream, "at": 10 * number + n / 100, "ms": each, "status": 200}
        for number, each in enumerate(ms)
        for n in range(100)
    ]


def test_the_ratio_is_that_of_the_worst_service() -> None:
    found = compared([*answers("courier", 10, 10, 11), *answers("record", 40, 50, 80)], WINDOWS)
    assert found["neighbours_p99_ratio"] == 1.6
    assert found["neighbours_p99_ratio_to_quiet"] == 2.0
    assert found["neighbours_p99_ms"]["courier"] == {"quiet": 10, "honest": 10, "attack": 11}


def test_a_slow_service_that_is_left_out_makes_no_attack_look_quick() -> None:
    """Answers of all services in one heap would: fewer slow ones are then among the attacks'."""
    hung = [QUIET, Window(Kind.HONEST, HUNG, 10, 20), Window(Kind.ATTACK, HUNG, 20, 30)]
    more = Window(Kind.ATTACK, "A1", 40, 50)
    under = [{"stream": "record", "at": 41.0, "ms": 44.0, "status": 201}]
    beside = [{"stream": "record", "at": 51.0, "ms": 40.0, "status": 201}]
    samples = [*answers("courier", 10, 10, 18), *answers("record", 40, 40, 9_000), *under, *beside]
    found = compared(samples, [*hung, more, Window(Kind.HONEST, "A1", 50, 60)])
    assert found["neighbours_p99_ratio"] == 1.8
    assert found["neighbours_p99_ms"]["record"]["attack"] == 44


def test_a_service_of_which_nothing_was_seen_leaves_no_ratio() -> None:
    found = compared([*answers("courier", 10, 10, 10), *answers("record", 40, 40)], WINDOWS)
    assert found["neighbours_p99_ratio"] is None


def test_what_came_between_the_windows_counts_nowhere() -> None:
    samples = [*answers("courier", 10, 10, 10), {"stream": "courier", "at": 35.0, "ms": 9_000.0}]
    assert compared(samples, WINDOWS)["neighbours_p99_ratio"] == 1.0


def test_the_slowest_answer_of_an_attack_is_named() -> None:
    worst = slowest(answers("courier", 10, 900, 12), [ATTACK])
    assert worst == {"stream": "courier", "ms": 12, "status": 200}


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        ({}, True),
        ({"neighbours_p99_ratio_to_quiet": 4.0}, True),
        ({"neighbours_p99_ratio": 1.51}, False),
        ({"neighbours_p99_ratio": None}, False),
        ({"stopped": 5}, False),
        ({"neighbours": {"requests": 9, "lost": 1}}, False),
    ],
)
def test_it_ends_well_only_where_nothing_is_amiss(change: dict[str, Any], passes: bool) -> None:  # noqa: FBT001
    found = {
        "attacks": 6,
        "stopped": 6,
        "neighbours_p99_ratio": 1.5,
        "neighbours": {"requests": 9, "lost": 0},
    }
    assert hostile.passed(found | change) is passes


def test_an_attack_that_was_not_stopped_once_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    told: Iterator[str | Exception] = iter(["well", AssertionError("grew"), "well"])

    async def harm(_: Stage) -> str:
        answer = next(told)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def honest(_: Stage) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(hostile, "ATTACKS", {"A0": hostile.Attack(harm, honest)})
    monkeypatch.setattr(hostile, "QUIET_SECONDS", 0)
    play = hostile.Play(create_autospec(Stage))
    for _ in range(3):
        play.round()
    assert (play.stopped, play.details) == ({"A0": False}, {"A0": "AssertionError: grew"})
    assert [one.kind for one in play.windows] == [Kind.QUIET, Kind.HONEST, Kind.ATTACK] * 3
