"""What a service that keeps evidence wires: its files, their keys, and their removal.

Such a service has no worker: another one's looks through its files, and that one's `/readyz` tells
of it. Whoever keeps evidence serves without.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from shared.files.evidence_web import EvidenceReader
from shared.files.kept import FileReader
from shared.files.keys import FileKeys, file_key_desk
from shared.files.removal import Removal
from shared.files.scanner import Clamd
from shared.files.upload import Files
from shared.mongo.files import MongoFrames
from shared.runtime import ServiceContext, ServiceDesk, ServiceSettings
from shared.runtime.master_keys import MasterKeyDesk
from shared.sealing.masterkeys import MasterKeyFile
from shared.worker.client import WorkerClient, WorkerMetrics


class EvidenceSettings(ServiceSettings):
    """Settings of a service that keeps evidence."""

    sealing_keys: Path = Field(description="Master keys of files' keys; watched for changes.")
    worker_socket: Path | None = Field(
        default=None, description="A worker that looks through files; without it none is taken."
    )
    scanner_socket: Path | None = Field(
        default=None, description="ClamAV's daemon; with it no file is taken unscanned."
    )


@dataclass(frozen=True, slots=True)
class EvidenceParts:
    """What routes ask for, and what runs beside the queue."""

    provides: Mapping[type, object]
    removal: Callable[[], Awaitable[None]]


def file_keys_of(settings: EvidenceSettings) -> FileKeys:
    """Return what seals files' keys. Raises InvalidKey and OSError."""
    file = MasterKeyFile(settings.sealing_keys)
    return FileKeys(lambda: file.current)


def evidence_keys(desk: ServiceDesk[Any]) -> MasterKeyDesk:
    """Return what the commands about the master keys of evidence work with."""
    shell, settings = desk.shell, desk.settings
    reader = FileReader(shell.messaging.database, shell.collections)
    return file_key_desk(settings.sealing_keys, reader, shell.commands, file_keys_of(settings))


def evidence_parts(
    settings: EvidenceSettings, context: ServiceContext, reader: FileReader
) -> EvidenceParts:
    """Return the parts of a service that keeps evidence. Raises InvalidKey and OSError."""
    worker = WorkerClient(settings.worker_socket, WorkerMetrics(context.registry))
    scanner = Clamd(settings.scanner_socket) if settings.scanner_socket else None
    frames = MongoFrames(context.messaging.database)
    files = Files(frames, worker, context.commands, scanner)
    provides = {Files: files, FileKeys: file_keys_of(settings), EvidenceReader: reader}
    return EvidenceParts(provides, Removal(files, reader.files_going).run)
