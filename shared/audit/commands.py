"""The trail by command, the same in every service: `audit verify` and `audit acts`."""

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.audit.kept import TrailReader
from shared.audit.trail import AuditEntry
from shared.audit.verify import SHOWN, verify
from shared.messaging.unit_of_work import Clock
from shared.runtime.shell import CommandRefused, ServiceDesk, moment

_STDIN: Final = Path("-")
_HEAD: Final = re.compile(r"([0-9]{1,10}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class AuditDesk:
    """What the commands work with."""

    trail: TrailReader
    clock: Clock


def audit_desk(desk: ServiceDesk[Any]) -> AuditDesk:
    """Return what the commands work with, of a service's own desk."""
    messaging = desk.shell.messaging
    return AuditDesk(TrailReader(messaging.database, desk.shell.collections), messaging.clock)


DeskOf = Callable[[Any], AuditDesk]


def add_audit_commands(themes: Any, text: str, desk_of: DeskOf = audit_desk) -> None:
    """Add `audit` to a service's commands; each has in `run` how it is run with its desk."""
    commands = themes.add_parser("audit", help=text).add_subparsers(required=True)
    check = commands.add_parser("verify", help="hold the trail against its chain")
    check.add_argument(
        "--head",
        dest="heads",
        type=_head,
        action="append",
        default=[],
        metavar="NUMBER:HASH",
        help="as an audit_head_published event told it",
    )
    check.add_argument(
        "--heads",
        dest="file",
        type=Path,
        metavar="FILE",
        help="a head on each line: reporting's; - for standard input",
    )
    check.set_defaults(run=lambda options, desk: _verify(options, desk_of(desk)))
    acts = commands.add_parser("acts", help="who did and looked at what between two times")
    acts.add_argument("--from", dest="since", type=moment, required=True, metavar="TIME")
    acts.add_argument("--to", dest="until", type=moment, required=True, metavar="TIME")
    acts.add_argument("--account", metavar="ACCOUNT", help="one account alone")
    acts.add_argument("--deed", dest="deeds", action="append", default=[], metavar="DEED")
    acts.set_defaults(run=lambda options, desk: _acts(options, desk_of(desk)))


async def _verify(options: argparse.Namespace, desk: AuditDesk) -> list[str]:
    told = [*options.heads, *(_heads_in(options.file) if options.file else ())]
    heads = dict(told)
    found = await verify(desk.trail, desk.clock(), heads)
    said = f"{found.entries} entries, {found.blocks} blocks, head {found.head}"
    twice = sorted({number for number, hash_ in told if heads[number] != hash_})
    findings = [*(f"block {number} was published twice" for number in twice), *found.findings]
    if findings:
        shown = "; ".join(findings[:SHOWN])
        raise CommandRefused(f"{len(findings)} findings: {shown} ({said})")
    return [f"nothing is missing or altered: {said}"]


async def _acts(options: argparse.Namespace, desk: AuditDesk) -> list[str]:
    if options.since >= options.until:
        raise CommandRefused("--from lies before --to")
    acts = desk.trail.acts(
        options.until, since=options.since, actor=options.account, deeds=frozenset(options.deeds)
    )
    return [_line(entry) async for entry in acts] or ["nobody did anything"]


def _line(entry: AuditEntry) -> str:
    at = entry.at.isoformat(timespec="seconds")
    return " ".join([at, entry.deed, f"by {entry.actor}", f"about {entry.about}", *entry.said])


def _heads_in(file: Path) -> list[tuple[int, str]]:
    """Return the heads of a file. Raises OSError and CommandRefused."""
    try:
        # A container without a folder of the host's gets them by standard input.
        text = sys.stdin.read() if file == _STDIN else file.read_text("utf-8")
        return [_head(line) for line in text.splitlines() if line]
    except (ValueError, argparse.ArgumentTypeError) as wrong:
        raise CommandRefused(f"{file.name}: {wrong}") from None


def _head(text: str) -> tuple[int, str]:
    found = _HEAD.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError("a head is written NUMBER:HASH, the hash in 64 digits")
    return int(found[1]), found[2]
