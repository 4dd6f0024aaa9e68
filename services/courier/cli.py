"""Commands of courier: `audit verify` and `audit acts`."""

import argparse
from collections.abc import Callable, Sequence

from services.courier.app import definition
from services.courier.config import Settings
from shared.audit.commands import add_audit_commands
from shared.runtime import ServiceDefinition, open_desk, run_command
from shared.runtime.master_keys import run_at_desk


def main(arguments: Sequence[str], settings: Callable[[], Settings]) -> tuple[int, list[str]]:
    """Run one command; return its exit status and lines, for stderr where it is not 0."""
    options = _parser().parse_args(arguments)
    return run_command(lambda: run_at_desk(options, lambda: open_desk(settings, _definition)))


def _definition(settings: Settings) -> ServiceDefinition:
    return definition(settings.neighbour_prefixes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.courier")
    themes = parser.add_subparsers(required=True)
    add_audit_commands(themes, "the trail of agents' areas, and of jobs given and looked at")
    return parser
