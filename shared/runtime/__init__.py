"""What a service's `app.py` wires (settings, messaging, the process), and its shell commands."""

from shared.runtime.assemble import HttpInterface, ServiceContext, ServiceDefinition, assemble
from shared.runtime.commands import Commands, CommandsDep, FingerprintKey, Sent, SentDep
from shared.runtime.messaging import Messaging, open_messaging
from shared.runtime.provided import provided
from shared.runtime.service import Service, run
from shared.runtime.settings import FileSettings, PathPrefix, ServiceSettings
from shared.runtime.shell import Shell, add_account, add_republish, open_shell, run_command, sent_by
from shared.runtime.start import start, utc_now

__all__ = [
    "Commands",
    "CommandsDep",
    "FileSettings",
    "FingerprintKey",
    "HttpInterface",
    "Messaging",
    "PathPrefix",
    "Sent",
    "SentDep",
    "Service",
    "ServiceContext",
    "ServiceDefinition",
    "ServiceSettings",
    "Shell",
    "add_account",
    "add_republish",
    "assemble",
    "open_messaging",
    "open_shell",
    "provided",
    "run",
    "run_command",
    "sent_by",
    "start",
    "utc_now",
]
