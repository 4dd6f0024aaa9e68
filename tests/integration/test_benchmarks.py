"""The benchmarks run, on few events: what they say of speed is not looked at here."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.local import stack as stacks
from deploy.local.servers import Servers
from tests.benchmarks import line, road, seal, status
from tests.benchmarks.bus import Size
from tests.benchmarks.contenders import Bench
from tests.benchmarks.vhosts import vhost
from tests.conftest import may_publish_for_others
from tests.integration.kernel_kit import amqp_of

VHOST = "bench-few"


def quiet(line: str) -> None:
    """Say nothing."""
    del line


def test_requests_are_recorded_sealed_and_plain(servers: Servers) -> None:
    found = cast("dict[str, float]", seal.measure(servers, quiet, requests=64, rounds=1)["seal"])
    assert found["sealed_per_s"] > 0
    assert found["plain_per_s"] > 0


def test_requests_with_many_behind_are_found_by_their_codes(servers: Servers) -> None:
    found = status.measure(servers, quiet, cases=1_000, requests=64, rounds=1, seconds=1)
    figures = cast("dict[str, Any]", found["status"])
    assert figures["errors"] == 0
    assert figures["per_s"] > 0
    assert figures["recording"]["times"] > 0


def test_every_request_of_the_road_comes_into_the_total(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(road, "RATES", (20,))
    (found,) = cast("list[dict[str, Any]]", road.measure(servers, quiet, 2)["road"])
    assert (found["lost"], found["refused"], found["unconfirmed"]) == (0, 0, 0)
    assert found["total_p99_ms"] > 0


def test_everybody_who_comes_is_called_once_and_shown(servers: Servers) -> None:
    found = cast("dict[str, Any]", line.measure(servers, quiet, people=40)["line"])
    assert found["calls"] > 0
    assert found["board_p99_ms"] > 0
    wrong = ("errors", "unshown", "doubled", "lost")
    assert {one: found[one] for one in wrong} == dict.fromkeys(wrong, 0)


def test_conflicts_of_two_couriers_are_counted(servers: Servers, tmp_path: Path) -> None:
    may_publish_for_others(servers)
    with vhost(servers, VHOST):
        stack = stacks.prepared(
            servers, tmp_path, vhost=VHOST, prefix="bench_few_", services=["courier"]
        )
        bench = Bench(stack, amqp_of(servers, VHOST), servers.mongo_url)
        found = asyncio.run(bench.two_instances(Size(20, 200, 200)))
    assert found.batches > 0
    assert found.rate > 0
