"""Machines by command: `machines token` and `machines list`.

A machine's token is written into the trail before it is shown: what for, which grants, until when.
So a breach query knows what could have been read with it. Machines hold no right that needs a
second factor or a second person; whoever has one signs in.
"""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from services.intake.app import Desk
from services.intake.cli.shell import CommandRefused, Themes, public_text
from services.intake.domain import Deed, powerful
from services.intake.domain.breach import MachineToken
from shared.audit.trail import note
from shared.auth.keys import load_private
from shared.auth.roles import Grant
from shared.auth.tokens import Issuer
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime import add_account, sent_by

_TOKEN: Final = "machines token"  # noqa: S105 - a command


def add_commands(themes: Themes) -> None:
    """Add the commands about machines."""
    machines = themes.add_parser("machines", help="tokens of systems and programs")
    commands = machines.add_subparsers(required=True)
    token = commands.add_parser("token", help="print a token, and keep in the trail that it is")
    token.add_argument("--name", required=True, help="which machine: its account in logs and trail")
    token.add_argument("--purpose", required=True, type=public_text, help="it names nobody")
    token.add_argument(
        "--grant",
        dest="grants",
        type=_grant,
        action="append",
        required=True,
        metavar="ROLE:PROGRAMME:REGION",
    )
    token.add_argument("--days", type=int, required=True, help="1 to 366")
    token.add_argument("--private", type=Path, metavar="FILE", help="else intake's signing key")
    add_account(token)
    token.set_defaults(run=_token)
    commands.add_parser("list", help="tokens that still count").set_defaults(run=_list)


async def _token(options: argparse.Namespace, desk: Desk) -> list[str]:
    now, lifetime = desk.clock(), timedelta(days=options.days)
    issuer = Issuer(load_private(options.private or desk.settings.signing_key), lambda: now)
    try:
        token = issuer.issue(options.name, [Grant.parse(one) for one in options.grants], lifetime)
    except ValueError as wrong:
        raise CommandRefused(str(wrong)) from None
    until = (now + lifetime).replace(microsecond=0)
    made = MachineToken(options.name, now, until, options.purpose, tuple(options.grants))

    async def noted(uow: UnitOfWork) -> None:
        note(Deed.MACHINE_TOKEN, made.name, uow, *made.said, actor=options.by)

    # Kept before it is shown: a token that nobody knows of is the one that a breach query lacks.
    await desk.commands.run(noted, sent=sent_by(options.by, _TOKEN), key=made.name)
    return [token]


async def _list(_: argparse.Namespace, desk: Desk) -> list[str]:
    now = desk.clock()
    made = [
        MachineToken.of(entry)
        async for entry in desk.breaches.rights_given(datetime.max.replace(tzinfo=UTC))
        if entry.deed == Deed.MACHINE_TOKEN
    ]
    return [
        f"{one.name}: {', '.join(one.grants)} until {one.until:%Y-%m-%d}; {one.purpose}"
        for one in made
        if one.until > now
    ] or ["no token of a machine counts"]


def _grant(text: str) -> str:
    try:
        grant = str(Grant.parse(text))
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None
    if powerful([grant]):
        raise argparse.ArgumentTypeError(f"{grant}: a person's right, who signs in with a code")
    return grant
