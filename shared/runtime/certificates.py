"""When the certificates of RabbitMQ and MongoDB end, before they do.

An ended certificate is refused like a forged one, and nothing works any more. So each process looks
at them over TLS as it speaks to the servers, tells when the first one ends, and says so in
`/readyz` from SOON on.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from shared.observability.health import Health
from shared.runtime.server_urls import Place

SOON: Final = timedelta(days=30)
"""From then on `/readyz` says so; deploy/prometheus/alerts.yml has the same number."""
EVERY: Final = 3600.0
"""Seconds between two looks."""
AGAIN: Final = 60.0
"""Seconds until the next look after one that failed."""
_WITHIN: Final = 10.0

_log = logging.getLogger(__name__)


async def end_of(place: Place) -> datetime:
    """Return when the certificate of a server ends, which is verified first.

    Raises OSError where there is none that can be verified, TimeoutError included.
    """
    async with asyncio.timeout(_WITHIN):
        context = await asyncio.to_thread(ssl.create_default_context, cafile=place.ca)
        _, writer = await asyncio.open_connection(place.host, place.port, ssl=context)
        said = writer.get_extra_info("peercert")["notAfter"]
        writer.close()
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(said), UTC)


class CertificateWatch:
    """Looks at the certificates of all places; nothing to do where there are none."""

    def __init__(
        self,
        places: Sequence[Place],
        clock: Callable[[], datetime],
        registry: CollectorRegistry,
    ) -> None:
        self._places = places
        self._clock = clock
        self._ends: dict[str, datetime] = {}
        self._refused: dict[Place, str] = {}
        self._gauge = Gauge(
            "jemput_server_certificate_ends_timestamp_seconds",
            "When the first certificate of a server's hosts ends, as far as it was seen",
            ["server"],
            registry=registry,
        )

    def watch(self, health: Health) -> None:
        """Add the check, where TLS is spoken."""
        if self._places:
            health.add("certificates", self._check, degrades=True)

    async def run(self) -> None:
        """Look at them every hour, until cancelled."""
        if not self._places:
            return
        while True:
            seen = await self.look()
            await asyncio.sleep(EVERY if seen else AGAIN)

    async def look(self) -> bool:
        """Look at each; False where one could not be seen."""
        found = [(place.server, await self._end(place)) for place in self._places]
        seen = [(server, end) for server, end in found if end is not None]
        for server, end in seen:
            first = min([end, *(other for name, other in seen if name == server)])
            self._ends[server] = first
            self._gauge.labels(server).set(first.timestamp())
        return len(seen) == len(found)

    async def _end(self, place: Place) -> datetime | None:
        self._refused.pop(place, None)
        try:
            return await end_of(place)
        except ssl.SSLCertVerificationError as refused:
            self._refused[place] = refused.verify_message
            _log.error("certificate of %s is refused: %s", place.server, refused.verify_message)
        except OSError as away:
            _log.warning("certificate of %s not seen: %s", place.server, type(away).__name__)
        return None

    async def _check(self) -> str | None:
        for place, reason in self._refused.items():
            return f"that of {place.server} is refused: {reason}"
        for server, end in self._ends.items():
            if (left := end - self._clock()) < SOON:
                verb = "ends" if left > timedelta(0) else "ended"
                return f"that of {server} {verb} on {end:%Y-%m-%d}"
        return None
