"""The audit trail by command: `audit verify`."""

import argparse
import re
from typing import Final

from services.intake.app import Desk
from services.intake.cli.shell import CommandRefused, Themes
from services.intake.usecases import verify

SHOWN: Final = 20
"""Findings that are printed; there may be more."""
_HEAD: Final = re.compile(r"([0-9]{1,10}):([0-9a-f]{64})")


def add_commands(themes: Themes) -> None:
    """Add the command about the audit trail."""
    audit = themes.add_parser("audit", help="the trail of sign-ins, rights and looks at persons")
    commands = audit.add_subparsers(required=True)
    check = commands.add_parser("verify", help="hold the trail against its chain")
    check.add_argument(
        "--head",
        dest="heads",
        type=_head,
        action="append",
        default=[],
        metavar="NUMBER:HASH",
        help="as intake.audit_head_published.v1 told it, from reporting's archive",
    )
    check.set_defaults(run=_verify)


async def _verify(options: argparse.Namespace, desk: Desk) -> list[str]:
    found = await verify(desk.trail, desk.clock(), dict(options.heads))
    said = f"{found.entries} entries, {found.blocks} blocks, head {found.head}"
    if found.findings:
        shown = "; ".join(found.findings[:SHOWN])
        raise CommandRefused(f"{len(found.findings)} findings: {shown} ({said})")
    return [f"nothing is missing or altered: {said}"]


def _head(text: str) -> tuple[int, str]:
    found = _HEAD.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError("a head is written NUMBER:HASH, the hash in 64 digits")
    return int(found[1]), found[2]
