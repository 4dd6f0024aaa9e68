"""Accounts by command: the first admins, and what waits where an office has one admin alone.

Run `first-admin` twice, so that there are two: nobody changes his own rights, hands his own account
back, or approves what he asked for.
"""

import argparse
from typing import Any

from services.intake.app import Desk, vault_of
from services.intake.cli.shell import CommandRefused, Themes, by_shell
from services.intake.domain import AccountCodes, AccountRequest, Refused, checked_login
from services.intake.pages.signin import INVITATION
from services.intake.usecases import Invited, approve, invite_first, refuse
from shared.auth.roles import EVERYWHERE, Grant, Role
from shared.runtime import add_account, sent_by

_LISTED = 200


def add_commands(themes: Themes) -> None:
    """Add the commands about accounts."""
    accounts = themes.add_parser("accounts", help="the first admins, and what waits for approval")
    commands = accounts.add_subparsers(required=True)
    first = commands.add_parser("first-admin", help="invite an admin; prints a link for him")
    first.add_argument("--login", type=_login, required=True, help="his login name")
    first.add_argument("--programme", default=EVERYWHERE, metavar="ID")
    first.add_argument("--region", default=EVERYWHERE, metavar="CODE")
    add_account(first)
    first.set_defaults(run=_first_admin)
    listed = commands.add_parser("requests", help="print what waits for a second person")
    listed.set_defaults(run=_requests)
    approved = commands.add_parser("approve", help="approve what somebody else has asked for")
    approved.add_argument("--account", required=True, metavar="ID")
    add_account(approved)
    approved.set_defaults(run=_approve)
    refused = commands.add_parser("refuse", help="refuse what was asked for")
    refused.add_argument("--account", required=True, metavar="ID")
    refused.add_argument("--reason", required=True, help="whoever asked reads it; it names nobody")
    add_account(refused)
    refused.set_defaults(run=_refuse)


async def _first_admin(options: argparse.Namespace, desk: Desk) -> list[str]:
    codes = AccountCodes(*desk.settings.lookup_secrets)
    grant = str(Grant(Role.ADMIN, options.programme, options.region))
    wanted = Invited(options.login, codes.login_keys(options.login), (grant,))
    vault = vault_of(desk.settings)
    outcome = await desk.commands.run(
        lambda uow: invite_first(wanted, uow, vault),
        sent=sent_by(options.by, "accounts first-admin"),
        key=wanted.login_keys[0],
    )
    made = outcome.answer
    return [f"account {made['account_id']} waits for its owner, as {grant}", _link(made, desk)]


def _link(made: dict[str, Any], desk: Desk) -> str:
    code = AccountCodes(*desk.settings.lookup_secrets).link_code(made["invitation_id"])
    address = desk.settings.office_address
    how = "" if address else "; put the office's address before it"
    return f"his link, for three days and one use{how}: {address}{INVITATION}#{code}"


async def _requests(_: argparse.Namespace, desk: Desk) -> list[str]:
    return [
        f"{one.id}: {one.kind}, {', '.join(one.before)} -> {', '.join(one.grants)}; asked by "
        f"{one.asked_by}, until {one.until.isoformat(timespec='minutes')}"
        for one in await desk.reader.account_requests(_LISTED)
    ]


async def _approve(options: argparse.Namespace, desk: Desk) -> list[str]:
    request = await _request(options.account, desk)
    outcome = await desk.commands.run(
        lambda uow: approve(request.id, request.version, uow, allow=by_shell),
        sent=sent_by(options.by, "accounts approve"),
        key=request.id,
    )
    done = [f"account {request.id}: {request.kind} approved"]
    return done + ([_link(outcome.answer, desk)] if outcome.answer["invitation_id"] else [])


async def _refuse(options: argparse.Namespace, desk: Desk) -> list[str]:
    request = await _request(options.account, desk)
    await desk.commands.run(
        lambda uow: refuse(request.id, request.version, options.reason, uow, allow=by_shell),
        sent=sent_by(options.by, "accounts refuse"),
        key=request.id,
    )
    return [f"account {request.id}: {request.kind} refused"]


async def _request(account: str, desk: Desk) -> AccountRequest:
    found = await desk.reader.get(AccountRequest, account)
    if found is None:
        raise CommandRefused("nothing was asked for about this account")
    return found


def _login(text: str) -> str:
    try:
        return checked_login(text)
    except Refused as refused:
        raise argparse.ArgumentTypeError(refused.detail) from None
