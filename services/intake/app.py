"""Where intake is put together; the only place that wires."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.intake import api, handlers, pages
from services.intake.config import Settings
from services.intake.domain import Holidays, LookupKeys, Refused, Secrets
from services.intake.gateways import (
    ErasureList,
    KemendagriRegions,
    NationalCalendar,
    SealedVault,
    TryLimits,
)
from services.intake.store import COLLECTIONS, INDEXES, IntakeReader
from services.intake.usecases import Limiter, Reader, Regions, Vault, erase_again
from shared.messaging.unit_of_work import Clock
from shared.runtime import (
    Commands,
    FingerprintKey,
    HttpInterface,
    Service,
    ServiceContext,
    ServiceDefinition,
    assemble,
    open_shell,
    utc_now,
)
from shared.sealing.masterkeys import MasterKeyFile
from shared.web.pages import Pages
from shared.web.texts import Texts

NAME: Final = "intake"
TEXTS: Final = Path(__file__).with_name("texts.toml")


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(definition(settings), settings, clock)


def definition(settings: Settings) -> ServiceDefinition:
    """Return what is intake's own."""

    def http_interface(context: ServiceContext) -> HttpInterface:
        frame = _frame(context.prefix)
        return HttpInterface(
            rules={**api.RULES, **pages.RULES},
            routers=[*api.ROUTERS, *pages.ROUTERS],
            front_rules=pages.FRONT_RULES,
            front_routers=pages.FRONT_ROUTERS,
            provides={**_provided(settings, context), Pages: frame, Texts: frame.texts},
            pages=frame,
            beside_http=[lambda: _erase_again(settings, context.commands)],
        )

    return ServiceDefinition(
        name=NAME,
        version="0.1.0",
        refused=Refused,
        subscribe=handlers.subscribe,
        http_interface=http_interface,
        collections=COLLECTIONS,
        indexes=INDEXES,
    )


def _provided(settings: Settings, context: ServiceContext) -> Mapping[type, object]:
    regions = KemendagriRegions()
    regions.load()
    lookups = LookupKeys(*settings.lookup_secrets)
    return {
        Reader: IntakeReader(context.messaging.database, COLLECTIONS),
        Holidays: NationalCalendar(),
        Regions: regions,
        Secrets: Secrets(*settings.tracking_secrets),
        LookupKeys: lookups,
        FingerprintKey: FingerprintKey(lookups.fingerprint_key),
        Vault: vault_of(settings),
        Limiter: TryLimits(settings.track_limit_client, settings.receipt_limit_case),
        pages.Neighbours: pages.Neighbours(settings.neighbour_prefixes),
    }


async def _erase_again(settings: Settings, commands: Commands) -> None:
    """Erase at each start whom a restore has brought back, as far as the list is at hand."""
    if settings.erasure_list is None:
        return
    for id_ in await asyncio.to_thread(ErasureList(settings.erasure_list).ids):
        await commands.run_own(lambda uow, id_=id_: erase_again(id_, uow), key=id_)  # type: ignore[misc]


def vault_of(settings: Settings) -> SealedVault:
    """Return the vault of these settings' master keys. Raises InvalidKey and OSError."""
    file = MasterKeyFile(settings.sealing_keys)
    return SealedVault(lambda: file.current)


def _frame(prefix: str) -> Pages:
    return Pages(
        service_name="Jemput",
        texts=Texts.load(TEXTS),
        templates=[pages.TEMPLATES],
        static=[pages.STATIC],
        navigation=pages.NAVIGATION,
        prefix=prefix,
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command at the shell works with."""

    commands: Commands
    reader: Reader
    regions: Regions
    settings: Settings
    clock: Clock


@asynccontextmanager
async def open_desk(settings: Settings, clock: Clock = utc_now) -> AsyncIterator[Desk]:
    """Give a command what it works with. Raises Unavailable."""
    async with open_shell(definition(settings), settings, clock) as shell:
        reader = IntakeReader(shell.messaging.database, COLLECTIONS)
        yield Desk(shell.commands, reader, KemendagriRegions(), settings, clock)
