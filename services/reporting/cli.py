"""What an operator does with the archive: wired like the service, run once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from services.reporting.app import NAME, definition
from services.reporting.config import OperatorSettings, Settings
from services.reporting.domain import Difference
from services.reporting.store import Archive, HistoryStore, Rebuilds
from services.reporting.usecases.deeds import Deed
from services.reporting.usecases.history import Order, send_history
from services.reporting.usecases.rebuild import Superseded
from services.reporting.usecases.rebuild import rebuild as rebuild_totals
from services.reporting.usecases.recount import recount as recount_programme
from shared.audit.trail import note
from shared.contracts import CATALOGUE
from shared.messaging.bus import AmqpBus
from shared.messaging.topology import OPERATOR
from shared.messaging.unit_of_work import UnitOfWork
from shared.mongo.client import Client, connect
from shared.runtime import Shell, open_shell, sent_by

CONNECT_SECONDS = 30.0
"""How long a command waits for RabbitMQ."""
HEAD = "audit_head_published.v1"
"""What stands behind a service's name in the type of its trail's heads."""

Say = Callable[[str], None]


class NotDone(Exception):  # noqa: N818 - reads as the finding it is
    """A command that was asked for what cannot be done; the message gives the reason."""


def order(queue: str, types: Sequence[str], since: datetime | None) -> Order:
    """Return what is to be sent where. Raises NotDone where nobody can want it."""
    unknown = sorted(set(types) - set(CATALOGUE))
    if unknown:
        raise NotDone(f"not in the published language: {', '.join(unknown)}")
    if queue.partition(".")[0] == NAME:
        raise NotDone("reporting has its own archive")
    return Order(queue, tuple(types), since)


def with_trails() -> list[str]:
    """Return the services whose trails publish heads."""
    return sorted(type_.partition(".")[0] for type_ in CATALOGUE if type_.endswith(f".{HEAD}"))


async def recount(settings: Settings, programme_id: str | None, say: Say) -> int:
    """Count the archive again and print every counter that differs; 1 where any does."""
    async with _connected(settings) as client:
        archive = Archive(client, settings.mongo_database)
        zones = await archive.programmes()
        if programme_id is not None and programme_id not in zones:
            raise NotDone(f"no programme is called {programme_id}")
        differing = 0
        for id_ in [programme_id] if programme_id else sorted(zones):
            found = await recount_programme(archive, id_, zones[id_], say)
            differing += len(found.differences)
            for difference in found.differences:
                say(_line(difference))
            said = f"{len(found.differences)} differ" if found.differences else "all agree"
            say(f"{id_}: {found.events} events, {found.counters} counters, {said}")
    return 1 if differing else 0


async def rebuild(settings: Settings, by: str, say: Say) -> int:
    """Fold the archive anew and take the new totals into use."""
    async with open_shell(definition(settings), settings) as shell:
        place = (shell.messaging.client, settings.mongo_database)
        await _note(Deed.TOTALS_REBUILT, "totals", by, shell)
        try:
            await rebuild_totals(Archive(*place), Rebuilds(*place), say)
        except Superseded as superseded:
            raise NotDone("another rebuild has begun since") from superseded
    return 0


async def history(
    settings: Settings,
    operator: OperatorSettings,
    wanted: Order,
    by: str,
    say: Say,
    *,
    anew: bool = False,
) -> int:
    """Send archived events to a new consumer's queue, going on where the last run stopped."""
    bus = AmqpBus(operator.amqp_url, f"{NAME}.history", user=OPERATOR)
    async with open_shell(definition(settings), settings) as shell:
        store = HistoryStore(shell.messaging.client, settings.mongo_database)
        try:
            await _connect(bus)
            if not await bus.queue_exists(wanted.queue):
                raise NotDone(f"there is no queue {wanted.queue}: apply the topology first")
            since = [f"since {wanted.since.isoformat()}"] if wanted.since else []
            await _note(Deed.HISTORY_SENT, wanted.queue, by, shell, *wanted.types, *since)
            if anew:
                await store.forget(wanted)
            progress = await send_history(store, bus, wanted, say)
        finally:
            await bus.close()
    say(f"done: {progress.sent} events sent to {wanted.queue}")
    return 0


async def heads(settings: Settings, service: str, say: Say) -> int:
    """Print the heads of a service's trail as they came, for its `audit verify --heads`."""
    async with _connected(settings) as client:
        found = Archive(client, settings.mongo_database).heads(f"{service}.{HEAD}")
        async for number, head in found:
            say(f"{number}:{head}")
    return 0


async def _note(deed: Deed, about: str, by: str, shell: Shell, *said: str) -> None:
    async def noted(uow: UnitOfWork) -> None:
        note(deed, about, uow, *said)

    await shell.commands.run(noted, sent=sent_by(by, deed), key=about)


async def _connect(bus: AmqpBus) -> None:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await bus.connect()
    except TimeoutError as error:
        raise NotDone(f"no RabbitMQ within {CONNECT_SECONDS:.0f} s") from error


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Client]:
    client = connect(settings.mongo_url)
    try:
        yield client
    finally:
        await client.close()


def _line(difference: Difference) -> str:
    cell = difference.cell
    place = [cell.event_id and f"event {cell.event_id}", cell.day, f"{cell.by} {cell.value}"]
    where = ", ".join(part for part in (cell.programme_id, *place) if part)
    counts = f"archive {difference.archive}, totals {difference.totals}"
    return f"differs: {where}: {difference.measure}: {counts}"
