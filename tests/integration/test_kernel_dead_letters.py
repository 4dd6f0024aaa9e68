"""The operator's command on a real broker, with the operator's rights and no more."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from aiormq.exceptions import ChannelAccessRefused

from deploy.local.servers import Servers
from shared.messaging import __main__ as operator
from shared.messaging.provision import BrokerUser, Management
from shared.messaging.topology import OPERATOR, topology
from shared.messaging.wire import properties
from tests.integration.kernel_kit import (
    ARCHIVE,
    DEAD_QUEUE,
    DESK,
    QUEUE,
    Desk,
    Line,
    Look,
    Refused,
    amqp_of,
    apply,
    letters,
    line,
    running,
    until,
    virtual_host,
)
from tests.unit.shared.messaging_kit import message

ROOT = Path(__file__).parents[2]
SECRET = "3216990101010001"
BY = ("--by", "budi")


@pytest.fixture(scope="module")
def management(servers: Servers) -> Iterator[Management]:
    with virtual_host(servers) as vhost:
        management = apply(servers, vhost, [*DESK, *ARCHIVE])
        management.grant_operator(BrokerUser(OPERATOR, "made-up"))
        yield management
        management._send("DELETE", f"users/{OPERATOR}")
        management.close()


@pytest.fixture
def operator_url(servers: Servers, management: Management) -> str:
    return amqp_of(servers, management._vhost, OPERATOR, "made-up")


Command = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def command(operator_url: str, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command as the operator; return its status and what it printed."""

    async def run(*words: str) -> tuple[int, str, str]:
        # In a thread, because a command has an event loop of its own.
        environment = {"JEMPUT_OPERATOR_AMQP_URL": operator_url}
        status = await asyncio.to_thread(operator.main, words, environment)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


async def bury(
    raw: Line,
    *ids: str,
    body: bytes = b"",
    key: str = QUEUE,
    user: str | None = "intake",
    notes: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Make dead letters as a consumer does."""
    for id_ in ids:
        said = properties(message(id_))
        said.headers = {
            **(said.headers or {}),
            "x-jemput-reason": "payload",
            "x-jemput-detail": "rw: missing",
            "x-jemput-died-at": "2023-03-11T02:30:00+00:00",
            "x-jemput-queue": QUEUE,
            **notes,
        }
        said.user_id = user
        sent = body or message(id_).body
        await raw.send_raw(sent, said, exchange="jemput.dead", key=key)


async def ids_in(raw: Line, queue: str, number: int) -> list[str]:
    return [str((await raw.take(queue)).message_id) for _ in range(number)]


async def test_the_list_tells_what_died_and_not_what_it_held(raw: Line, command: Command) -> None:
    await bury(raw, "m1", body=f'{{"nik":"{SECRET}"}}'.encode(), notes={"x-jemput-attempt": 4})
    await bury(raw, "m2", notes={"x-jemput-reason": "too_late"})
    status, out, err = await command("dead", "list", "--queue", QUEUE)
    assert (status, err) == (0, "")
    head, first, second, *_ = out.splitlines()
    assert head.split() == [
        *("id", "type", "reason", "detail", "died", "at", "attempts", "age", "replayed"),
    ]
    assert first.split()[:4] == ["m1", "intake.receipt_confirmed.v1", "payload", "rw:"]
    assert "2023-03-11T02:30:00+00:00" in first
    assert first.split()[-3] == "4"
    assert second.split()[:3] == ["m2", "intake.receipt_confirmed.v1", "too_late"]
    assert SECRET not in out
    # Whoever looks gives them back by going, which the broker does in its own time.
    await until(lambda: _depth_is(raw, 2))


async def test_looking_changes_nothing_however_often(raw: Line, command: Command) -> None:
    await bury(raw, "m1", "m2", "m3")
    for _ in range(3):
        status, out, _ = await command("dead", "list", "--queue", QUEUE)
        assert (status, len(out.split("\n"))) == (0, 6)
    assert await ids_in(raw, DEAD_QUEUE, 3) == ["m1", "m2", "m3"]


async def test_a_long_list_is_cut_and_says_so(raw: Line, command: Command) -> None:
    await bury(raw, "m1", "m2", "m3")
    words = ("dead", "list", "--queue", QUEUE, "--limit", "2")
    status, out, err = await command(*words)
    assert (status, err) == (0, "more than 2; see --limit\n")
    assert "m3" not in out


async def test_one_is_shown_with_its_headers_and_its_body_when_asked(
    raw: Line, command: Command
) -> None:
    await bury(raw, "m1", "m2", body=b'{"secret":1}')
    words = ("dead", "show", "--queue", QUEUE, "--id", "m2")
    status, out, _ = await command(*words)
    shown = json.loads(out)
    assert (status, shown["id"], shown["headers"]["ce-subject"]) == (0, "m2", "a")
    assert "secret" not in out
    _, out, _ = await command(*words, "--payload")
    assert json.loads(out)["payload"] == '{"secret":1}'
    # Whoever looks gives them back by going, which the broker does in its own time.
    await until(lambda: _depth_is(raw, 2))


async def test_what_is_replayed_comes_again_as_for_the_first_time(
    raw: Line, command: Command
) -> None:
    await bury(raw, "m1", "m2", notes={"x-jemput-attempt": 4})
    words = ("dead", "replay", "--queue", QUEUE, "--id", "m2", "--reason", "rule mended")
    status, out, err = await command(*words, "--by", "budi")
    assert (status, err) == (0, "")
    record = json.loads(out)
    assert (record["action"], record["id"], record["by"]) == ("replay", "m2", "budi")
    assert (record["because"], record["reason"], record["queue"]) == (
        "rule mended",
        "payload",
        QUEUE,
    )
    taken = await raw.take(QUEUE)
    assert (taken.message_id, taken.body) == ("m2", message("m2").body)
    assert taken.headers["x-jemput-replayed"] == "rule mended"
    assert taken.headers["x-jemput-replayed-by"] == "budi"
    ours = {name for name in taken.headers if name.startswith("x-jemput-")}
    assert ours == {"x-jemput-replayed", "x-jemput-replayed-by"}
    assert await ids_in(raw, DEAD_QUEUE, 1) == ["m1"]


async def test_what_its_source_did_not_publish_is_not_sent_back(
    servers: Servers, management: Management, raw: Line, command: Command
) -> None:
    """Any service may write dead letters, and consumers trust what the operator sends back."""
    management.grant([BrokerUser("desk", "made-up"), BrokerUser("forger", "made-up")])
    noted = {"x-jemput-sender": "intake", "x-jemput-reason": "attempts_exhausted"}
    forger = amqp_of(servers, management._vhost, "forger", "made-up")
    refused = [header for header in ("CC", "BCC") if await let_by(forger, header, noted)]
    async with line(amqp_of(servers, management._vhost, "desk", "made-up")) as own:
        for id_, sender in (("m1", "intake"), ("m2", "forger"), ("m3", ""), ("m4", "desk")):
            await bury(own, id_, user="desk", notes={"x-jemput-sender": sender})
    words = ("dead", "replay", "--queue", QUEUE, "--all", "--reason", "again", *BY)
    status, out, err = await command(*words)
    for user in ("desk", "forger"):
        management._send("DELETE", f"users/{user}")
    refused += ["m2", "m3"]
    said = [f"not sent back: {id_}: its source did not publish it" for id_ in refused]
    assert (status, err.splitlines()) == (1, said)
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["m1", "m4"]
    assert await ids_in(raw, QUEUE, 2) == ["m1", "m4"]
    assert await ids_in(raw, DEAD_QUEUE, len(refused)) == refused


async def let_by(url: str, header: str, notes: Mapping[str, Any]) -> bool:
    """Whether the broker lets a dead letter by whose second key is the queue's."""
    reached = {header: [QUEUE], **notes}
    try:
        async with line(url) as own:
            await bury(own, header, key="forger.events", user="forger", notes=reached)
    except ChannelAccessRefused:
        return False
    return True


async def test_all_that_lay_there_is_replayed_once_though_it_dies_again(
    raw: Line, command: Command, desk: Desk, look: Look
) -> None:
    desk.trouble = lambda case: Refused("too_late", "x") if case == "late" else None
    await raw.send(*letters(["late", "good"]))
    async with running(desk):
        await until(lambda: look.counters() == {"good": 1})
        await until(lambda: _depth_is(raw, 1))
        words = ("dead", "replay", "--queue", QUEUE, "--all", "--reason", "again", *BY)
        assert (await command(*words))[0] == 0
        await until(lambda: _depth_is(raw, 1))
        desk.trouble = lambda _: None
        assert (await command(*words))[0] == 0
        await until(lambda: look.counters() == {"good": 1, "late": 1})
    assert await raw.depth(DEAD_QUEUE) == 0


async def _depth_is(raw: Line, expected: int) -> bool:
    return await raw.depth(DEAD_QUEUE) == expected


async def test_what_is_dropped_is_gone_and_leaves_a_trace(raw: Line, command: Command) -> None:
    await bury(raw, "m1", "m2")
    words = ("dead", "drop", "--queue", QUEUE, "--id", "m1", "--reason", "a test message", *BY)
    status, out, _ = await command(*words)
    record = json.loads(out)
    assert (status, record["action"], record["id"]) == (0, "drop", "m1")
    assert record["because"] == "a test message"
    assert record["bytes"] == len(message("m1").body)
    assert len(record["sha256"]) == 64
    for _ in range(2):
        _, out, _ = await command("dead", "acts", "--queue", QUEUE)
        assert [json.loads(line) for line in out.splitlines()][-1] == record
    assert await command("dead", "acts", "--queue", "desk.other") == (0, "", "")
    assert await ids_in(raw, DEAD_QUEUE, 1) == ["m2"]
    assert await raw.depth(QUEUE) == 0


async def test_nobody_but_the_operator_writes_what_operators_did(
    servers: Servers, management: Management
) -> None:
    management.grant([BrokerUser("desk", "made-up")])
    async with line(amqp_of(servers, management._vhost, "desk", "made-up")) as own:
        channel: Any = await own.channel.get_underlay_channel()
        with pytest.raises(ChannelAccessRefused):
            await channel.basic_publish(b"{}", exchange="jemput.operator", routing_key="")
    management._send("DELETE", "users/desk")


async def test_what_was_not_noted_is_not_dropped(
    raw: Line, command: Command, management: Management
) -> None:
    await bury(raw, "m1")
    management._send("DELETE", f"queues/{management._vhost}/jemput.operator")
    words = ("dead", "drop", "--queue", QUEUE, "--id", "m1", "--reason", "x", *BY)
    status, out, err = await command(*words)
    management.apply(topology([*DESK, *ARCHIVE]))
    assert (status, out) == (2, "")
    assert err.startswith("not possible: jemput.operator did not keep who does it")
    assert await ids_in(raw, DEAD_QUEUE, 1) == ["m1"]


async def test_what_is_not_there_is_said_so(raw: Line, command: Command) -> None:
    await bury(raw, "m1")
    words = ("dead", "drop", "--queue", QUEUE, "--id", "m9", "--reason", "x", *BY)
    assert await command(*words) == (1, "", "not found: m9\n")
    # What the command looked at is back when the broker has seen it go.
    assert await ids_in(raw, DEAD_QUEUE, 1) == ["m1"]


@pytest.mark.parametrize(
    ("password", "port", "said"),
    [("wrong", "", "ACCESS_REFUSED"), ("made-up", "1", "Connect call failed")],
)
async def test_a_broker_that_lets_nobody_in_is_told(
    operator_url: str, password: str, port: str, said: str
) -> None:
    url = operator_url.replace("made-up", password)
    if port:
        url = re.sub(r":[0-9]+/", f":{port}/", url)
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "shared.messaging", "dead", "list", "--queue", QUEUE],
        cwd=ROOT,
        env={"JEMPUT_OPERATOR_AMQP_URL": url},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert re.fullmatch(f"not possible: .*{said}.*\n", run.stderr)
    assert password not in run.stderr


async def test_a_queue_that_is_not_there_is_told(command: Command) -> None:
    status, _, err = await command("dead", "list", "--queue", "desk.never")
    assert status == 2
    assert "desk.never.dead" in err


@pytest.mark.parametrize(
    ("exchange", "key"), [("jemput.events", "desk.thing_done.v1"), ("jemput.dead", QUEUE)]
)
async def test_the_operator_may_not_publish_events(
    operator_url: str, exchange: str, key: str
) -> None:
    async with line(operator_url) as own:
        channel: Any = await own.channel.get_underlay_channel()
        with pytest.raises(ChannelAccessRefused):
            await channel.basic_publish(b"{}", exchange=exchange, routing_key=key)


async def test_the_operator_may_not_read_what_lives(operator_url: str) -> None:
    async with line(operator_url) as own:
        channel: Any = await own.channel.get_underlay_channel()
        with pytest.raises(ChannelAccessRefused):
            await channel.basic_get(QUEUE)


async def test_the_topology_is_applied_by_command(
    servers: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "subscriptions.toml").write_text('[queues.events]\nbinds = ["a.b.v1"]\n')
    with virtual_host(servers) as vhost:
        words = ("topology", "--services", str(tmp_path), "--vhost", vhost)
        for _ in range(2):
            assert operator.main([*words, "--management", servers.management_url], {}) == 0
            assert capsys.readouterr().out == "in place: 9 queues, 11 bindings\n"
        async with line(amqp_of(servers, vhost)) as raw:
            assert await raw.depth(QUEUE) == 0
