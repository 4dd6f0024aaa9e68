"""The live streams of a service's pages."""

from pydantic import Field

from shared.runtime.assemble import ServiceContext
from shared.runtime.settings import ServiceSettings
from shared.web.live import SHARE, STREAM_LIMIT, Streams, Timing


class StreamSettings(ServiceSettings):
    """What a service with live pages is told besides."""

    live_streams: int = Field(
        default=STREAM_LIMIT, ge=1, description="Open at once in a process; one more is a 503."
    )
    live_streams_per_caller: int = Field(
        default=SHARE, ge=1, description="Of one account, or one address without any; a 429."
    )


def open_streams(
    context: ServiceContext, settings: StreamSettings, timing: Timing | None = None
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
