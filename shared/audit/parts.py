"""What a service that keeps a trail runs beside its queue."""

from collections.abc import Awaitable, Callable, Sequence

from shared.audit.chain import ChainEntries
from shared.audit.kept import TrailReader
from shared.audit.metrics import TrailMetrics
from shared.audit.verify import WatchTrail
from shared.contracts.audit import AuditHead
from shared.messaging.collections import Collections
from shared.runtime import ServiceContext


def trail_jobs(
    context: ServiceContext, collections: Collections, head: type[AuditHead]
) -> Sequence[Callable[[], Awaitable[None]]]:
    """Return what chains the trail, publishing its heads as these, and what verifies it."""
    clock = context.messaging.clock
    trail = TrailReader(context.messaging.database, collections)
    metrics = TrailMetrics(context.registry, clock)
    chain = ChainEntries(trail, context.commands, clock, head, metrics)
    watch = WatchTrail(trail, clock, metrics)
    return (chain.run, watch.run, watch.run_new)
