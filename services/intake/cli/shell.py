"""What intake's commands share."""

from typing import Any

Themes = Any
"""What argparse's `add_subparsers` returns; it has no public name."""


class CommandRefused(Exception):  # noqa: N818 - reads as the decision it is
    """A command that is not carried out; the message says why and names nobody."""
