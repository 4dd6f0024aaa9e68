"""The audit trail by command: `audit verify`, `audit acts`."""

from services.intake.cli.shell import Themes
from shared.audit.commands import add_audit_commands


def add_commands(themes: Themes) -> None:
    """Add the commands about the audit trail."""
    text = "the trail of sign-ins, rights and looks at persons"
    add_audit_commands(themes, text, lambda desk: desk.audit)
