"""The last step of every `__main__`: logs, the event loop, and the clock of the real world."""

import logging
from datetime import UTC, datetime

import uvloop

from shared.observability import logs
from shared.runtime.service import Service, run


def utc_now() -> datetime:
    """Return the time, aware, UTC."""
    return datetime.now(UTC)


def start(service: Service) -> None:
    """Run a service until it is told to stop. Raises what ended it otherwise."""
    settings = service.settings
    level = logging.getLevelNamesMapping()[settings.log_level]
    logs.configure(service.road.service, settings.instance, level=level)
    uvloop.run(run(service))
