"""Where scheduler is put together; the only place that wires."""

from functools import cache

from services.scheduler import api, handlers, pages
from services.scheduler.config import Settings
from services.scheduler.domain import Refused
from services.scheduler.gateways import NationalCalendar
from services.scheduler.store import COLLECTIONS, INDEXES, SchedulerReader
from services.scheduler.usecases import Clock, Holidays, Reader
from shared.files.keys import FileKeys
from shared.files.removal import Removal
from shared.files.scanner import Clamd
from shared.files.upload import Files
from shared.mongo.files import MongoFrames
from shared.runtime import (
    HttpInterface,
    Service,
    ServiceContext,
    ServiceDefinition,
    assemble,
    utc_now,
)
from shared.sealing.masterkeys import MasterKeyFile
from shared.web.pages import Pages
from shared.web.texts import Texts
from shared.worker.client import WorkerClient, WorkerMetrics


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(definition(settings), settings, clock)


def definition(settings: Settings) -> ServiceDefinition:
    """Return what is scheduler's own."""

    def http_interface(context: ServiceContext) -> HttpInterface:
        frame = _frame(context.prefix)
        reader = SchedulerReader(context.messaging.database, COLLECTIONS)
        files = _files(settings, context)
        return HttpInterface(
            rules={**api.RULES, **pages.RULES},
            routers=[*api.ROUTERS, *pages.ROUTERS],
            provides={
                Reader: reader,
                Holidays: NationalCalendar(),
                Clock: context.messaging.clock,
                Pages: frame,
                Files: files,
                FileKeys: file_keys_of(settings),
            },
            pages=frame,
            beside_queue=[Removal(files, reader.files_going).run],
        )

    return ServiceDefinition(
        name="scheduler",
        version="0.1.0",
        refused=Refused,
        subscribe=handlers.subscribe,
        http_interface=http_interface,
        collections=COLLECTIONS,
        indexes=INDEXES,
    )


def file_keys_of(settings: Settings) -> FileKeys:
    """Return what seals files' keys. Raises InvalidKey and OSError."""
    file = MasterKeyFile(settings.sealing_keys)
    return FileKeys(lambda: file.current)


def _files(settings: Settings, context: ServiceContext) -> Files:
    """Return what takes files in.

    Its worker is another service's, whose `/readyz` tells of it: booths serve without.
    """
    worker = WorkerClient(settings.worker_socket, WorkerMetrics(context.registry))
    scanner = Clamd(settings.scanner_socket) if settings.scanner_socket else None
    return Files(MongoFrames(context.messaging.database), worker, context.commands, scanner)


@cache
def _frame(prefix: str) -> Pages:
    return Pages(
        service_name="Jemput Loket",
        texts=Texts.load(pages.TEXTS),
        templates=[pages.TEMPLATES],
        static=[pages.STATIC],
        navigation=pages.NAVIGATION,
        prefix=prefix,
    )
