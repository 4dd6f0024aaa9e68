"""The last step of every `__main__`: logs, the event loop, and the clock of the real world."""

import gc
import logging
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import uvloop

from shared.observability import logs
from shared.runtime.service import Service, run
from shared.runtime.settings import ProcessSettings

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the time, aware, UTC."""
    return datetime.now(UTC)


def start(service: Service) -> None:
    """Run a service until it is asked to stop; ends with 1 where something else ended it."""
    run_process(service.messaging.service, service.settings, run(service))


def run_process(name: str, settings: ProcessSettings, main: Coroutine[Any, Any, None]) -> None:
    """Run a process to its end, with its logs under this name; 1 where an error ended it."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    logs.configure(name, settings.instance, level=level)
    _spare_the_collector()
    try:
        uvloop.run(main)
    except Exception:  # noqa: BLE001 - through the log: a bare traceback may quote a payload
        _log.critical("ended by an error", exc_info=True)
        sys.exit(1)


def _spare_the_collector() -> None:
    """Keep the cyclic collector from walking through what was imported, over and over.

    Documents, messages and tasks die by their reference counts; cycles are rare here.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
