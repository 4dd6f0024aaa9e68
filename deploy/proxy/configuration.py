"""The small files beside nginx.conf: whatever differs from one place where it runs to the other."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from services.intake.pages import FRONT_RULES

HERE: Final = Path(__file__).parent
GENERATED: Final = "generated"
"""Folder of these files, beside nginx.conf."""
CERTIFICATE, CERTIFICATE_KEY = "tls.pem", "tls.key"
FRONT_DOOR: Final = "intake"
"""The service that has addresses at the root of the origin."""
IDLE_SECONDS: Final = 4
"""A connection to a service is kept so long: uvicorn closes its own after five."""

_PREFIX: Final = re.compile(r"/[a-z][a-z0-9_-]{0,39}")
_KEPT_OPEN: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where nginx listens, whom it passes on to, and whose word on addresses it believes."""

    listen: str
    """An address with a port, or a port."""
    upstreams: Mapping[str, str]
    """Host and port by service."""
    prefixes: Mapping[str, str]
    """What a service lies below, by service."""
    office_proxies: Collection[str] = ()
    """Addresses and networks of an office's own proxy in front; none: clients come themselves."""
    tls: bool = False
    """Speak TLS, with `tls.pem` and `tls.key` beside the files."""
    alone: bool = False
    """One process without workers, so that none of them outlives a command that was killed."""


def prefixes(services: Collection[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return what each service lies below, as its own settings say.

    Raises ValueError where it is no prefix, or two are the same.
    """
    found = {
        name: environment.get(f"{name.upper()}_PATH_PREFIX") or f"/{name}" for name in services
    }
    if wrong := [name for name, prefix in found.items() if not _PREFIX.fullmatch(prefix)]:
        raise ValueError(f"not a prefix such as /intake: {wrong[0].upper()}_PATH_PREFIX")
    if len(set(found.values())) < len(found):
        raise ValueError("two services lie below one prefix")
    return found


def files(plan: Plan) -> dict[str, str]:
    """Return the files by name. Raises ValueError where an office's proxy is no address."""
    lines = {
        "main.conf": _main(plan),
        "listen.conf": _listen(plan),
        "trusted.conf": _trusted(plan),
        "upstreams.conf": _upstreams(plan),
        "locations.conf": _locations(plan),
    }
    return {name: "".join(f"{line}\n" for line in text) for name, text in lines.items()}


def _main(plan: Plan) -> Iterator[str]:
    if plan.alone:
        yield "master_process off;"


def _listen(plan: Plan) -> Iterator[str]:
    # One HTTP/2 connection for all: with HTTP/1.1 a browser opens six to an origin, and each live
    # stream keeps one of them.
    yield f"listen {plan.listen} ssl http2;" if plan.tls else f"listen {plan.listen};"
    if plan.tls:
        yield f"ssl_certificate {GENERATED}/{CERTIFICATE};"
        yield f"ssl_certificate_key {GENERATED}/{CERTIFICATE_KEY};"


def _trusted(plan: Plan) -> Iterator[str]:
    networks = [str(ip_network(text, strict=False)) for text in plan.office_proxies]
    yield from (f"set_real_ip_from {network};" for network in networks)
    yield "geo $realip_remote_addr $behind_office {"
    yield "    default 0;"
    yield from (f"    {network} 1;" for network in networks)
    yield "}"


def _upstreams(plan: Plan) -> Iterator[str]:
    for service, place in plan.upstreams.items():
        yield f"upstream {service} {{"
        yield f"    server {place};"
        yield f"    keepalive {_KEPT_OPEN};"
        yield f"    keepalive_timeout {IDLE_SECONDS}s;"
        yield "}"


def _locations(plan: Plan) -> Iterator[str]:
    if FRONT_DOOR in plan.upstreams:
        for path in front_addresses():
            yield f"location = {path} {{ proxy_pass http://{FRONT_DOOR}; }}"
    for service in plan.upstreams:
        prefix = plan.prefixes[service]
        yield f"location = {prefix} {{ return 308 {prefix}/; }}"
        yield f"location {prefix}/ {{ proxy_pass http://{service}; }}"


def front_addresses() -> list[str]:
    """Return the addresses at the root of the origin."""
    found = sorted({key.partition(" ")[2] for key in FRONT_RULES})
    if any("{" in path for path in found):
        raise ValueError("an address at the root of the origin is stated whole")
    return found
