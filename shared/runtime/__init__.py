"""What every service's `app.py` wires: settings, the road, and a process that stops gracefully."""

from shared.runtime.assemble import Blueprint, Front, Site, assemble
from shared.runtime.commands import Commands, Sent, SentDep
from shared.runtime.road import Road, open_road
from shared.runtime.service import Service, run
from shared.runtime.settings import FileSettings, ServiceSettings
from shared.runtime.start import start, utc_now

__all__ = [
    "Blueprint",
    "Commands",
    "FileSettings",
    "Front",
    "Road",
    "Sent",
    "SentDep",
    "Service",
    "ServiceSettings",
    "Site",
    "assemble",
    "open_road",
    "run",
    "start",
    "utc_now",
]
