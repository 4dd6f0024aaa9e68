"""What every service's `app.py` wires: settings, messaging, and a process that stops gracefully."""

from shared.runtime.assemble import HttpInterface, ServiceContext, ServiceDefinition, assemble
from shared.runtime.commands import Commands, CommandsDep, FingerprintKey, Sent, SentDep
from shared.runtime.messaging import Messaging, open_messaging
from shared.runtime.provided import provided
from shared.runtime.service import Service, run
from shared.runtime.settings import FileSettings, ProcessSettings, ServiceSettings
from shared.runtime.start import start, utc_now
from shared.runtime.worker import WorkerSettings, open_worker, start_worker

__all__ = [
    "Commands",
    "CommandsDep",
    "FileSettings",
    "FingerprintKey",
    "HttpInterface",
    "Messaging",
    "ProcessSettings",
    "Sent",
    "SentDep",
    "Service",
    "ServiceContext",
    "ServiceDefinition",
    "ServiceSettings",
    "WorkerSettings",
    "assemble",
    "open_messaging",
    "open_worker",
    "provided",
    "run",
    "start",
    "start_worker",
    "utc_now",
]
