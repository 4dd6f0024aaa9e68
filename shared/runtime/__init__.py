"""What a service's `app.py` wires (settings, messaging, the process), and its shell commands."""

from shared.contracts.actor import add_account
from shared.runtime.assemble import HttpInterface, ServiceContext, ServiceDefinition, assemble
from shared.runtime.commands import (
    Commands,
    CommandsDep,
    FingerprintKey,
    Sent,
    SentDep,
    sent_with,
)
from shared.runtime.forms import form_sent
from shared.runtime.messaging import Messaging, open_messaging
from shared.runtime.provided import built, gathered, provided
from shared.runtime.server_urls import AmqpUrl
from shared.runtime.service import Service, run
from shared.runtime.settings import FileSettings, PathPrefix, ProcessSettings, ServiceSettings
from shared.runtime.shell import (
    ServiceDesk,
    Shell,
    add_republish,
    open_desk,
    open_shell,
    run_at_desk,
    sent_by,
)
from shared.runtime.start import start, utc_now
from shared.runtime.streams import StreamSettings, open_streams
from shared.runtime.worker import WorkerSettings, open_worker, start_worker

__all__ = [
    "AmqpUrl",
    "Commands",
    "CommandsDep",
    "FileSettings",
    "FingerprintKey",
    "HttpInterface",
    "Messaging",
    "PathPrefix",
    "ProcessSettings",
    "Sent",
    "SentDep",
    "Service",
    "ServiceContext",
    "ServiceDefinition",
    "ServiceDesk",
    "ServiceSettings",
    "Shell",
    "StreamSettings",
    "WorkerSettings",
    "add_account",
    "add_republish",
    "assemble",
    "built",
    "form_sent",
    "gathered",
    "open_desk",
    "open_messaging",
    "open_shell",
    "open_streams",
    "open_worker",
    "provided",
    "run",
    "run_at_desk",
    "sent_by",
    "sent_with",
    "start",
    "start_worker",
    "utc_now",
]
