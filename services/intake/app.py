"""Where intake is put together; the only place that wires."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, cast

from services.intake import api, handlers, pages
from services.intake.api.complaint_reads import ComplaintReads
from services.intake.api.cookies import SessionCookies
from services.intake.api.people import CasePeople
from services.intake.api.receipt import ReceiptTexts
from services.intake.api.recipient import Receipts
from services.intake.api.session import FreshSignIn
from services.intake.config import Settings
from services.intake.domain import AccountCodes, Holidays, Limits, LookupKeys, Refused, Secrets
from services.intake.gateways import (
    ErasureList,
    KemendagriRegions,
    KeptCatalogues,
    NationalCalendar,
    SealedVault,
    StandInSystem,
    TokenSigner,
    TryLimits,
)
from services.intake.metrics import IntakeMetrics
from services.intake.store import COLLECTIONS, INDEXES, IntakeReader
from services.intake.usecases import (
    SEND_AT_ONCE,
    BreachReader,
    Catalogues,
    Clock,
    Eraser,
    Importing,
    ImportReader,
    KnownProgrammes,
    Limiter,
    PasswordHasher,
    Reader,
    Recorder,
    Regions,
    ResidentFiles,
    ResidentLimits,
    Signer,
    SignIn,
    Tables,
    Throttle,
    Vault,
    WatchRights,
    erase_again,
)
from services.intake.usecases.outside import OutsideSystems
from services.intake.usecases.watch import Watch, WatchLate
from shared.audit.commands import AuditDesk
from shared.audit.parts import trail_jobs
from shared.auth.breached import BreachedPasswords
from shared.auth.keys import load_private
from shared.auth.watched import Watched
from shared.contracts.intake import AuditHeadPublished
from shared.files.frames import Frames
from shared.files.removal import Removal
from shared.files.scanner import Clamd, Scanner
from shared.files.upload import Files
from shared.limits.counts import Tries
from shared.mongo.files import MongoFrames
from shared.runtime import (
    Commands,
    FingerprintKey,
    HttpInterface,
    Service,
    ServiceContext,
    ServiceDefinition,
    assemble,
    open_shell,
    open_worker,
    utc_now,
)
from shared.sealing.masterkeys import MasterKeyFile
from shared.web.neighbours import Neighbours
from shared.web.pages import Pages, service_pages
from shared.web.session import RefreshCookie
from shared.web.texts import Texts
from shared.worker.passwords import Passwords

NAME: Final = "intake"
TEXTS: Final = Path(__file__).with_name("texts.toml")


def build(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(definition(settings), settings, clock)


def definition(settings: Settings, hasher: PasswordHasher | None = None) -> ServiceDefinition:
    """Return what is intake's own; `hasher` in the place of its worker, for tests."""

    def http_interface(context: ServiceContext) -> HttpInterface:
        frame = frame_of(context.prefix)
        reader = IntakeReader(context.messaging.database, COLLECTIONS)
        provides = _provided(settings, context, hasher)
        known = KnownProgrammes(reader, context.messaging.clock)
        metrics = IntakeMetrics(context.registry)
        late = WatchLate(reader, metrics)
        watch = Watch([WatchRights(reader, metrics).look, late.look])
        eraser = Eraser(
            erasure_list_of(settings),
            reader.erasures_decided,
            context.commands,
            context.messaging.clock,
        )
        importing = importing_of(provides, reader, context.commands)
        removal = Removal(cast("Files", provides[Files]), reader.files_going)
        return HttpInterface(
            rules={**api.RULES, **pages.RULES},
            routers=[*api.ROUTERS, *pages.ROUTERS],
            front_rules=pages.FRONT_RULES,
            front_routers=pages.FRONT_ROUTERS,
            provides={
                **provides,
                Pages: frame,
                Texts: frame.texts,
                KnownProgrammes: known,
                ReceiptTexts: ReceiptTexts(known, frame),
                Eraser: eraser,
                Importing: importing,
            },
            pages=frame,
            beside_http=[lambda: _erase_again(settings, context.commands)],
            beside_queue=[
                *trail_jobs(context, COLLECTIONS, AuditHeadPublished),
                removal.run,
                watch.run,
                eraser.run,
                importing.run,
            ],
        )

    return ServiceDefinition(
        name=NAME,
        version="0.1.0",
        refused=Refused,
        subscribe=partial(handlers.subscribe, holidays=NationalCalendar()),
        http_interface=http_interface,
        collections=COLLECTIONS,
        indexes=INDEXES,
    )


def _provided(
    settings: Settings, context: ServiceContext, hasher: PasswordHasher | None
) -> Mapping[type, object]:
    regions = KemendagriRegions()
    regions.load()
    lookups = LookupKeys(*settings.lookup_secrets)
    worker = open_worker(settings.worker_socket, context)
    reader = IntakeReader(context.messaging.database, COLLECTIONS)
    recorder = recorder_of(settings, reader)
    receipts = Receipts(context.commands)
    complaints = ComplaintReads(reader, recorder.vault, context.commands)
    frames = MongoFrames(context.messaging.database)
    parts = (frames, worker, context.commands, scanner_of(settings))
    return {
        **_accounts(settings, context, hasher or Passwords(worker)),
        Reader: reader,
        ImportReader: reader,
        Catalogues: recorder.catalogues,
        Holidays: recorder.holidays,
        Regions: regions,
        Secrets: recorder.secrets,
        LookupKeys: lookups,
        FingerprintKey: FingerprintKey(lookups.fingerprint_key),
        Vault: recorder.vault,
        Recorder: recorder,
        Tables: Tables(reader, regions, worker),
        OutsideSystems: OutsideSystems(
            {one: StandInSystem(behaves) for one, behaves in settings.outside_systems.items()}
        ),
        Receipts: receipts,
        pages.TakesReceipts: receipts,
        pages.ShowsPeople: CasePeople(reader, recorder.vault, context.commands),
        ComplaintReads: complaints,
        pages.ShowsComplaints: complaints,
        Limiter: TryLimits(
            _tries(settings, context),
            "track",
            settings.track_limit_client,
            settings.receipt_limit_case,
        ),
        Neighbours: Neighbours({NAME: context.prefix, **settings.neighbour_prefixes}),
        ResidentLimits: _resident_limits(settings, _tries(settings, context)),
        Files: Files(*parts),
        ResidentFiles: ResidentFiles(*parts, at_once=SEND_AT_ONCE),
    }


def recorder_of(settings: Settings, reader: Reader) -> Recorder:
    """Return what recording a request works with."""
    return Recorder(
        NationalCalendar(),
        LookupKeys(*settings.lookup_secrets),
        vault_of(settings),
        KeptCatalogues(reader),
        Secrets(*settings.tracking_secrets),
    )


def importing_of(
    provides: Mapping[type, object], reader: IntakeReader, commands: Commands
) -> Importing:
    """Return what carries imports on, made of what a service provides."""
    tables, files = cast("Tables", provides[Tables]), cast("Files", provides[Files])
    recorder = cast("Recorder", provides[Recorder])
    return Importing(tables, files, recorder, reader, reader.imports_running, commands)


def _accounts(
    settings: Settings, context: ServiceContext, hasher: PasswordHasher
) -> Mapping[type, object]:
    """Return what accounts and sessions need."""
    clock, codes = context.messaging.clock, AccountCodes(*settings.lookup_secrets)
    sign_in = SignIn(
        IntakeReader(context.messaging.database, COLLECTIONS),
        hasher,
        BreachedPasswords(settings.breached_list),
        codes,
        vault_of(settings),
        clock,
    )
    throttle = _throttle(settings, _tries(settings, context))
    signer = TokenSigner(Watched(settings.signing_key, load_private), clock)
    limits = Limits(settings.session_idle, settings.session_absolute)
    cookies = SessionCookies(secure=settings.secure_cookies)
    fresh = FreshSignIn(sign_in, throttle, limits, signer, cookies, clock, context.commands)
    return {
        SignIn: sign_in,
        AccountCodes: codes,
        Throttle: throttle,
        Clock: clock,
        Signer: signer,
        Limits: limits,
        SessionCookies: cookies,
        FreshSignIn: fresh,
        pages.Proves: fresh,
        RefreshCookie: RefreshCookie(secure=settings.secure_cookies),
    }


def _tries(settings: Settings, context: ServiceContext) -> Tries:
    key = LookupKeys(*settings.lookup_secrets).counting_key
    return Tries(context.messaging.counts, context.messaging.clock, key)


def _resident_limits(settings: Settings, tries: Tries) -> ResidentLimits:
    return ResidentLimits(
        # Nothing of a case is counted where there is none yet.
        ask=TryLimits(tries, "ask", settings.ask_limit_client, settings.send_limit_case),
        send=TryLimits(tries, "send", settings.send_limit_client, settings.send_limit_case),
    )


def _throttle(settings: Settings, tries: Tries) -> Throttle:
    address = settings.sign_in_limit_client
    return Throttle(
        TryLimits(tries, "sign_in", address, settings.sign_in_limit_login),
        TryLimits(tries, "known", address, settings.sign_in_limit_device),
    )


async def _erase_again(settings: Settings, commands: Commands) -> None:
    """Erase at each start whom a restore has brought back, as far as the list is at hand."""
    if (erasures := erasure_list_of(settings)) is None:
        return
    for id_ in await asyncio.to_thread(erasures.ids):
        await commands.run_own(lambda uow, id_=id_: erase_again(id_, uow), key=id_)  # type: ignore[misc]


def erasure_list_of(settings: Settings) -> ErasureList | None:
    """Return the list of erasures of these settings, where there is one."""
    return ErasureList(settings.erasure_list) if settings.erasure_list else None


def scanner_of(settings: Settings) -> Scanner | None:
    """Return the virus scanner of these settings, where the office has one."""
    return Clamd(settings.scanner_socket) if settings.scanner_socket else None


def vault_of(settings: Settings) -> SealedVault:
    """Return the vault of these settings' master keys. Raises InvalidKey and OSError."""
    file = MasterKeyFile(settings.sealing_keys)
    return SealedVault(lambda: file.current)


def frame_of(prefix: str) -> Pages:
    """Return intake's pages, with its words and templates."""
    return service_pages("Jemput", Path(__file__).parent, pages.NAVIGATION, prefix, pages.PICTURES)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command at the shell works with."""

    commands: Commands
    reader: Reader
    audit: AuditDesk
    breaches: BreachReader
    frames: Frames
    eraser: Eraser
    regions: Regions
    settings: Settings
    clock: Callable[[], datetime]


@asynccontextmanager
async def open_desk(
    settings: Settings, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[Desk]:
    """Give a command what it works with. Raises Unavailable."""
    async with open_shell(definition(settings), settings, clock) as shell:
        reader = IntakeReader(shell.messaging.database, COLLECTIONS)
        frames = MongoFrames(shell.messaging.database)
        regions = KemendagriRegions()
        erasures = erasure_list_of(settings)
        eraser = Eraser(erasures, reader.erasures_decided, shell.commands, clock)
        audit = AuditDesk(reader, clock)
        yield Desk(shell.commands, reader, audit, reader, frames, eraser, regions, settings, clock)
