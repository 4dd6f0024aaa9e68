"""Intake's shell commands, run beside its service in memory."""

import argparse
from types import ModuleType

from services.intake.app import Desk as ShellDesk
from services.intake.config import Settings
from services.intake.domain import Refused
from services.intake.gateways import KemendagriRegions
from services.intake.store import COLLECTIONS, IntakeReader
from services.intake.usecases import Eraser
from shared.audit.commands import AuditDesk
from shared.testing.files import MemoryFrames
from tests.component.intake.kit import Desk


async def run_command(office: Desk, given: Settings, theme: ModuleType, *words: str) -> list[str]:
    """Run one command of a theme, such as `accounts`; what it prints."""
    parser = argparse.ArgumentParser()
    theme.add_commands(parser.add_subparsers())
    options = parser.parse_args([theme.__name__.rpartition(".")[2], *words])
    messaging = office.messaging
    reader = IntakeReader(messaging.database, COLLECTIONS)
    commands = messaging.commands(Refused)
    eraser = Eraser(None, reader.erasures_decided, commands, messaging.clock)
    frames, regions = MemoryFrames(), KemendagriRegions()
    audit = AuditDesk(reader, messaging.clock)
    here = ShellDesk(
        commands, reader, audit, reader, frames, eraser, regions, given, messaging.clock
    )
    lines: list[str] = await options.run(options, here)
    return lines
