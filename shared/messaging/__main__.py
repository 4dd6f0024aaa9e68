"""The operator's commands: `python -m shared.messaging dead ... | topology ...`.

`dead list|show|replay|drop --queue intake.events` and `dead acts`, what operators did, find the
broker by JEMPUT_OPERATOR_AMQP_URL; `topology` finds its management API by --management or
JEMPUT_MANAGEMENT_URL. Payloads are printed only where `show --payload` asks for them. Exit status:
0 done, 1 not found or refused, 2 not possible to begin with.
"""

import argparse
import asyncio
import json
import logging
import os
import re
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from aiormq.exceptions import AMQPError

from shared.contracts.actor import add_account
from shared.contracts.text import holds_number
from shared.messaging.dead_letters import (
    DeadLetter,
    DeadLetters,
    Held,
    NotVouchedFor,
    facts,
    open_dead_letters,
)
from shared.messaging.errors import NotPublished
from shared.messaging.operator_acts import Act, acts, told
from shared.messaging.provision import Management
from shared.messaging.topology import Topology, read_subscriptions, topology

OPERATOR_URL = "JEMPUT_OPERATOR_AMQP_URL"
MANAGEMENT_URL = "JEMPUT_MANAGEMENT_URL"

_QUEUE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_DONE, _NOT_FOUND, _NOT_POSSIBLE = 0, 1, 2
_LIST_LIMIT = 100
_COLUMNS = ("id", "type", "reason", "detail", "died at", "attempts", "age", "replayed")


class NotSet(Exception):  # noqa: N818 - reads as the finding it is
    """The broker's address is not given."""


def main(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(words)
    try:
        if options.command == "topology":
            return _topology(options, environment)
        return asyncio.run(_dead(options, _url(environment, OPERATOR_URL)))
    except (NotSet, AMQPError, OSError, NotPublished, httpx.HTTPError) as error:
        print(f"not possible: {_printable(str(error)) or type(error).__name__}", file=sys.stderr)
        return _NOT_POSSIBLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m shared.messaging", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    shown = commands.add_parser("topology", help="bring the broker to what the services declare")
    shown.add_argument("--services", type=Path, default=Path("services"), metavar="DIR")
    shown.add_argument("--management", metavar="URL", help=f"else {MANAGEMENT_URL}")
    shown.add_argument("--vhost", default="/")
    shown.add_argument("--dry-run", action="store_true", help="print it and change nothing")
    actions = commands.add_parser("dead", help="dead letters").add_subparsers(
        dest="action", required=True
    )
    for name, text in (
        ("list", "what lies there, without payloads"),
        ("show", "everything about some of them"),
        ("replay", "send back to the queue they died in"),
        ("drop", "take away for good"),
    ):
        _add_dead(actions.add_parser(name, help=text), name)
    noted = actions.add_parser("acts", help="who sent back or took away what, oldest first")
    noted.add_argument("--queue", type=_queue, help="of this queue alone")
    return parser


def _add_dead(action: argparse.ArgumentParser, name: str) -> None:
    action.add_argument("--queue", type=_queue, required=True, help="for example intake.events")
    if name == "list":
        action.add_argument("--limit", type=int, default=_LIST_LIMIT)
        return
    which = action.add_mutually_exclusive_group(required=True)
    which.add_argument("--id", action="append", dest="ids", metavar="ID")
    which.add_argument("--all", action="store_true")
    if name == "show":
        action.add_argument("--payload", action="store_true", help="print the bodies too")
    else:
        action.add_argument("--reason", type=_reason, required=True)
        add_account(action)


def _queue(text: str) -> str:
    if not _QUEUE.fullmatch(text):
        raise argparse.ArgumentTypeError("a queue is named service.purpose")
    return text


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a reason is needed")
    if holds_number(text):
        raise argparse.ArgumentTypeError("a reason is kept and holds no person's number")
    return text.strip()


def _url(environment: Mapping[str, str], name: str) -> str:
    url = environment.get(name)
    if not url:
        raise NotSet(f"{name} is not set")
    return url


async def _dead(options: argparse.Namespace, url: str) -> int:
    if options.action == "acts":
        return await _acts(url, options.queue)
    async with open_dead_letters(url, options.queue) as letters:
        if options.action == "list":
            return await _list(letters, options.limit)
        return await _act(letters, options)


async def _list(letters: DeadLetters, limit: int) -> int:
    now = datetime.now(UTC)
    rows: list[tuple[str, ...]] = [_COLUMNS]
    async for held in letters.each():
        if len(rows) > limit:
            print(f"more than {limit}; see --limit", file=sys.stderr)
            break
        rows.append(_row(held.letter, now))
    _print_table(rows)
    return _DONE


def _row(letter: DeadLetter, now: datetime) -> tuple[str, ...]:
    died = letter.died_at
    return (
        letter.id,
        letter.type,
        letter.reason,
        letter.detail,
        died.astimezone(UTC).isoformat(timespec="seconds") if died else "",
        str(letter.attempts),
        _age((now - died).total_seconds()) if died else "",
        letter.replayed,
    )


def _age(seconds: float) -> str:
    minutes = int(max(0.0, seconds)) // 60
    hours, days = minutes // 60, minutes // 1440
    return f"{days} d" if days else f"{hours} h" if hours else f"{minutes} min"


async def _acts(url: str, queue: str | None) -> int:
    async for said in acts(url):
        if queue in (None, said["queue"]):
            _print_line(said)
    return _DONE


async def _act(letters: DeadLetters, options: argparse.Namespace) -> int:
    wanted = set(options.ids or ())
    found: set[str] = set()
    refused = False
    async for held in _chosen(letters, None if options.all else wanted):
        found.add(held.letter.id)
        if options.action == "show":
            _show(held, with_payload=options.payload)
        else:
            refused |= not await _changed(letters, held, options)
    for missing in sorted(wanted - found):
        print(f"not found: {_printable(missing)}", file=sys.stderr)
    return _NOT_FOUND if refused or wanted - found else _DONE


async def _changed(letters: DeadLetters, held: Held, options: argparse.Namespace) -> bool:
    """Send one back or take it away; tell where that is refused, for the others go on."""
    act = Act(
        at=datetime.now(UTC),
        by=options.by,
        action=options.action,
        because=options.reason,
        queue=options.queue,
        letter=facts(held.letter),
    )
    try:
        await (letters.replay if options.action == "replay" else letters.drop)(held, act)
    except NotVouchedFor as why:
        print(f"not sent back: {_printable(held.letter.id)}: {why}", file=sys.stderr)
        return False
    _print_line(told(act))
    return True


async def _chosen(letters: DeadLetters, wanted: set[str] | None) -> AsyncIterator[Held]:
    async for held in letters.each():
        if wanted is None or held.letter.id in wanted:
            yield held


def _show(held: Held, *, with_payload: bool) -> None:
    said = {**facts(held.letter), "headers": dict(held.letter.headers)}
    if with_payload:
        said["payload"] = held.message.body.decode(errors="replace")
    print(json.dumps(said, ensure_ascii=True, indent=2, default=str))


def _print_line(said: Mapping[str, Any]) -> None:
    print(json.dumps(said, ensure_ascii=True), flush=True)


def _topology(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    declared = topology(read_subscriptions(options.services))
    if options.dry_run:
        _print_topology(declared)
        return _DONE
    management = Management(options.management or _url(environment, MANAGEMENT_URL), options.vhost)
    try:
        management.apply(declared)
    finally:
        management.close()
    print(f"in place: {len(declared.queues)} queues, {len(declared.bindings)} bindings")
    return _DONE


def _print_topology(declared: Topology) -> None:
    _print_table([("exchange", "type"), *((e.name, e.type) for e in declared.exchanges)])
    _print_table([("queue", "arguments"), *((q.name, _said(q.arguments)) for q in declared.queues)])
    bindings = ((b.exchange, b.key, b.queue) for b in declared.bindings)
    _print_table([("from", "key", "to"), *bindings])
    policies = ((p.name, p.pattern, _said(p.definition)) for p in declared.policies)
    _print_table([("policy", "queues", "definition"), *policies])


def _said(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())


def _print_table(rows: Iterable[Sequence[str]]) -> None:
    cells = [[_printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())
    print()


def _printable(text: str) -> str:
    # A message may hold anything; a terminal obeys what it is sent.
    return "".join(sign if sign.isprintable() else "?" for sign in text)


if __name__ == "__main__":
    # An error is printed once, as our own message.
    logging.basicConfig(level=logging.CRITICAL)
    sys.exit(main(sys.argv[1:], os.environ))
