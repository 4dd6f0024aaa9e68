"""Accounts by command: `accounts first-admin`, for an office in which nobody can invite yet.

Run it twice, so that there are two: nobody changes his own rights or hands his own account back.
"""

import argparse

from services.intake.app import Desk, vault_of
from services.intake.cli.shell import Themes
from services.intake.domain import AccountCodes, Refused, checked_login
from services.intake.pages.signin import INVITATION
from services.intake.usecases import Invited, invite
from shared.auth.roles import EVERYWHERE, Grant, Role
from shared.runtime import add_account, sent_by


def add_commands(themes: Themes) -> None:
    """Add the commands about accounts."""
    accounts = themes.add_parser("accounts", help="invite the first admins of an office")
    commands = accounts.add_subparsers(required=True)
    first = commands.add_parser("first-admin", help="invite an admin; prints a link for him")
    first.add_argument("--login", type=_login, required=True, help="his login name")
    first.add_argument("--programme", default=EVERYWHERE, metavar="ID")
    first.add_argument("--region", default=EVERYWHERE, metavar="CODE")
    add_account(first)
    first.set_defaults(run=_first_admin)


async def _first_admin(options: argparse.Namespace, desk: Desk) -> list[str]:
    codes = AccountCodes(*desk.settings.lookup_secrets)
    grant = str(Grant(Role.ADMIN, options.programme, options.region))
    wanted = Invited(options.login, codes.login_keys(options.login), (grant,))
    vault = vault_of(desk.settings)
    outcome = await desk.commands.run(
        lambda uow: invite(wanted, uow, vault, allow=lambda _: None),
        sent=sent_by(options.by, "accounts first-admin"),
        key=wanted.login_keys[0],
    )
    made = outcome.answer
    link = f"{INVITATION}#{codes.link_code(made['invitation_id'])}"
    return [
        f"account {made['account_id']} waits for its owner, as {grant}",
        f"his link, for three days and one use: {link}",
    ]


def _login(text: str) -> str:
    try:
        return checked_login(text)
    except Refused as refused:
        raise argparse.ArgumentTypeError(refused.detail) from None
