"""Machines by command: `machines token`, `machines list` and `machines end`.

A machine's token is written into the trail before it is shown: what for, which grants, until when.
So a breach query knows what could have been read with it. Machines hold no right that needs a
second factor or a second person; whoever has one signs in.
"""

import argparse
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from services.intake.app import Desk
from services.intake.cli.shell import CommandRefused, Themes, public_text
from services.intake.domain import EVERY_TOKEN, MachineEnd, Machines, MachineToken, powerful
from services.intake.usecases.machines import end_machine, end_token, note_token
from shared.auth.keys import load_private
from shared.auth.roles import Grant
from shared.auth.tokens import MAX_LIFETIME, Issuer
from shared.contracts.envelope import new_id
from shared.contracts.intake import AccessId
from shared.messaging.errors import Unavailable
from shared.runtime import add_account, sent_by

_TOKEN: Final = "machines token"  # noqa: S105 - a command
_ENDING: Final = "machines end"
_NAME: Final[TypeAdapter[str]] = TypeAdapter(AccessId)


def add_commands(themes: Themes) -> None:
    """Add the commands about machines."""
    machines = themes.add_parser("machines", help="tokens of systems and programs")
    commands = machines.add_subparsers(required=True)
    _add_token(commands.add_parser("token", help="print a token, and keep in the trail that it is"))
    listed = commands.add_parser("list", help="tokens whose time is not over, and what ended some")
    listed.set_defaults(run=_list)
    end = commands.add_parser("end", help="have tokens count no more in all services")
    which = end.add_mutually_exclusive_group(required=True)
    which.add_argument("--token", metavar="ID", help="this one, as `list` names it")
    which.add_argument("--name", type=_name, help="all that this machine has, known or not")
    end.add_argument("--reason", type=public_text, required=True, help="it names nobody")
    add_account(end)
    end.set_defaults(run=_end)


def _add_token(token: argparse.ArgumentParser) -> None:
    token.add_argument(
        "--name", type=_name, required=True, help="which machine: its account in logs and trail"
    )
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


async def _token(options: argparse.Namespace, desk: Desk) -> list[str]:
    now, lifetime, id_ = desk.clock(), timedelta(days=options.days), new_id()
    issuer = Issuer(load_private(options.private or desk.settings.signing_key), lambda: now)
    grants = [Grant.parse(one) for one in options.grants]
    try:
        token = issuer.issue(options.name, grants, lifetime, token_id=id_)
    except ValueError as wrong:
        raise CommandRefused(str(wrong)) from None
    until = (now + lifetime).replace(microsecond=0)
    made = MachineToken(options.name, now, until, options.purpose, tuple(options.grants), id_)
    # Kept before it is shown: a token that nobody knows of is the one that a breach query lacks.
    await desk.commands.run(
        lambda uow: note_token(made, uow), sent=sent_by(options.by, _TOKEN), key=made.name
    )
    return [token]


async def _list(_: argparse.Namespace, desk: Desk) -> list[str]:
    now, known = desk.clock(), await _machines(desk)
    lines = [_line(one, known.end_of(one)) for one in known.tokens if one.until > now]
    whole = [one for one in known.ends if one.token_id == EVERY_TOKEN]
    lines += [
        f"{one.name}: every token until {one.at:%Y-%m-%d %H:%M:%S} UTC, {_why(one)}"
        for one in whole
        if one.at + MAX_LIFETIME > now
    ]
    return [*(lines or ["no token of a machine counts"]), *_unread(known)]


def _unread(known: Machines) -> list[str]:
    if not known.unread:
        return []
    ids = ", ".join(known.unread)
    return [f"{len(known.unread)} entries of the trail about machines cannot be read: {ids}"]


def _line(token: MachineToken, end: MachineEnd | None) -> str:
    said = f"{token.name}: {', '.join(token.grants)} until {token.until:%Y-%m-%d}; {token.purpose}"
    known = f"{said}; token {token.id}" if token.id else said
    return known if end is None else f"{known}; {_why(end)}"


def _why(end: MachineEnd) -> str:
    return f"ended {end.at:%Y-%m-%d} by {end.by}: {end.reason}"


async def _end(options: argparse.Namespace, desk: Desk) -> list[str]:
    if options.name is not None:
        return await _end_all(options, desk)
    known = await _machines(desk)
    token = next((one for one in known.tokens if one.id == options.token), None)
    if token is None:
        raise CommandRefused("no machine was given such a token here; --name ends all of a machine")
    await desk.commands.run(
        lambda uow: end_token(token, options.reason, uow),
        sent=sent_by(options.by, _ENDING),
        key=token.name,
    )
    return [f"{token.name}: token {token.id} counts no more"]


async def _end_all(options: argparse.Namespace, desk: Desk) -> list[str]:
    name, reason = options.name, options.reason
    await desk.commands.run(
        lambda uow: end_machine(name, reason, uow), sent=sent_by(options.by, _ENDING), key=name
    )
    # Ended first: who ends a stolen token does not wait for the trail to be read.
    try:
        known = await _machines(desk)
    except Unavailable:
        return [f"{name}: no token of before counts any more; the trail cannot be read now"]
    said = f"{name}: no token of before counts any more; {known.count(name)} were made here"
    return [said, *_unread(known)]


async def _machines(desk: Desk) -> Machines:
    return Machines.of([entry async for entry in desk.breaches.machines_noted()])


def _grant(text: str) -> str:
    try:
        grant = str(Grant.parse(text))
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None
    if powerful([grant]):
        raise argparse.ArgumentTypeError(f"{grant}: a person's right, who signs in with a code")
    return grant


def _name(text: str) -> str:
    try:
        return _NAME.validate_python(text)
    except ValidationError:
        raise argparse.ArgumentTypeError(
            "a machine's name: letters, digits and . _ : / -, without nine digits in a row"
        ) from None
