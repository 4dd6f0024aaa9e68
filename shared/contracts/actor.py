"""Who does something, as a command line asks for it and as an event's actor is written."""

import argparse
import re
from typing import Final

from shared.contracts.text import holds_number

_ACCOUNT: Final = re.compile(r"[A-Za-z][A-Za-z0-9._:-]{0,63}")


def add_account(
    parser: argparse.ArgumentParser, name: str = "--by", text: str = "who does it"
) -> None:
    """Have a command ask for the account that does it, as `by` or another name."""
    parser.add_argument(name, type=_account, required=True, metavar="ACCOUNT", help=text)


def _account(text: str) -> str:
    """Return an account id. ArgumentTypeError where it cannot be one."""
    if not _ACCOUNT.fullmatch(text) or holds_number(text):
        raise argparse.ArgumentTypeError(
            "a pseudonymous account id is needed: a letter, then up to 63 letters, digits and "
            ". _ : -, without nine digits in a row"
        )
    return text
