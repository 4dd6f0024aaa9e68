"""What every service's `app.py` wires: settings, messaging, and a process that stops gracefully."""

from shared.runtime.assemble import HttpInterface, ServiceContext, ServiceDefinition, assemble
from shared.runtime.commands import Commands, CommandsDep, Sent, SentDep
from shared.runtime.messaging import Messaging, open_messaging
from shared.runtime.provided import provided
from shared.runtime.service import Service, run
from shared.runtime.settings import FileSettings, PathPrefix, ServiceSettings
from shared.runtime.start import start, utc_now

__all__ = [
    "Commands",
    "CommandsDep",
    "FileSettings",
    "HttpInterface",
    "Messaging",
    "PathPrefix",
    "Sent",
    "SentDep",
    "Service",
    "ServiceContext",
    "ServiceDefinition",
    "ServiceSettings",
    "assemble",
    "open_messaging",
    "provided",
    "run",
    "start",
    "utc_now",
]
