"""The live streams of a service's pages."""

from shared.runtime.assemble import ServiceContext
from shared.runtime.settings import ServiceSettings
from shared.web.live import Streams, Timing


def open_streams(
    context: ServiceContext, settings: ServiceSettings, timing: Timing | None = None
) -> Streams:
    """Return the streams of one process; `timing` is another than theirs, for tests."""
    return Streams(
        stopping=context.health.stopping,
        clock=context.messaging.clock,
        gauge=context.metrics.streams,
        limit=settings.live_streams,
        share=settings.live_streams_per_caller,
        timing=timing,
        revocations=context.revocations,
    )
