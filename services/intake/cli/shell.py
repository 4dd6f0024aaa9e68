"""What all commands share: who acts, and that each is done once."""

import argparse
import re
from typing import Any, Final

from shared.contracts.envelope import new_id
from shared.contracts.text import holds_number
from shared.messaging.group_commit import fingerprint_of
from shared.runtime import Sent

Themes = Any
"""What argparse's `add_subparsers` returns; it has no public name."""

_ACCOUNT: Final = re.compile(r"[A-Za-z][A-Za-z0-9._:-]{0,63}")
"""As an event's actor is written."""


class CommandRefused(Exception):  # noqa: N818 - reads as the decision it is
    """A command that is not carried out; the message says why and names nobody."""


def once(by: str, action: str) -> Sent:
    """Return a command of the shell, for the record of actions."""
    return Sent(fingerprint_of("shell", new_id()), "shell", actor=by, action=action)


def add_by(command: argparse.ArgumentParser, name: str = "--by", text: str = "who does it") -> None:
    """Have a command ask for the account that acts."""
    command.add_argument(name, type=account, required=True, metavar="ACCOUNT", help=text)


def account(text: str) -> str:
    """Return an account id. ArgumentTypeError where it cannot be one."""
    if not _ACCOUNT.fullmatch(text) or holds_number(text):
        raise argparse.ArgumentTypeError(
            "a pseudonymous account id is needed: a letter, then up to 63 letters, digits and "
            ". _ : -, without nine digits in a row"
        )
    return text
