"""The URLs of RabbitMQ and MongoDB, and where they are spoken to over TLS.

TLS is asked for by the URL itself, and so is the authority that signed the servers' certificates:
`amqps://user:password@host:5671/?cafile=/run/ca.pem` and
`mongodb://...?tls=true&tlsCAFile=/run/ca.pem`; without a file the system's authorities count. A URL
that asks for TLS and switches its verification off is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator

from shared.messaging.hosts import urls_of

_AMQPS_PORT: Final = 5671
_MONGO_PORT: Final = 27017
_UNVERIFIED: Final = ("tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames")


@dataclass(frozen=True, slots=True)
class Place:
    """One host of a server that is spoken to over TLS."""

    server: str
    """rabbitmq or mongodb."""
    host: str
    port: int
    ca: str | None
    """File of the authority; None: the system's."""


def _amqp(url: str) -> str:
    asked = _asked(url)
    if asked.get("no_verify_ssl", "0") != "0":
        raise ValueError("the broker's certificate has to be verified: no_verify_ssl")
    if "cafile" in asked and urlsplit(url).scheme != "amqps":
        raise ValueError("a CA file, and no TLS: amqps:// is meant")
    return url


def _mongo(url: str) -> str:
    asked = _asked(url)
    if off := [name for name in _UNVERIFIED if asked.get(name, "false") != "false"]:
        raise ValueError(f"the database's certificate has to be verified: {off[0]}")
    return url


AmqpUrl = Annotated[str, AfterValidator(_amqp)]
MongoUrl = Annotated[str, AfterValidator(_mongo)]


def encrypted_places(amqp_url: str, mongo_url: str) -> list[Place]:
    """Return every host that is spoken to over TLS."""
    return [*_brokers(amqp_url), *_databases(mongo_url)]


def _brokers(url: str) -> Iterator[Place]:
    for one in urls_of(url):
        parts = urlsplit(one)
        if parts.scheme == "amqps":
            port = parts.port or _AMQPS_PORT
            yield Place("rabbitmq", parts.hostname or "", port, _asked(one).get("cafile"))


def _databases(url: str) -> Iterator[Place]:
    asked = _asked(url)
    ca = asked.get("tlscafile")
    if asked.get("tls", asked.get("ssl", "true" if ca else "false")) != "true":
        return
    for place in urlsplit(url).netloc.rpartition("@")[2].split(","):
        parts = urlsplit(f"//{place.strip()}")
        yield Place("mongodb", parts.hostname or "", parts.port or _MONGO_PORT, ca)


def _asked(url: str) -> dict[str, str]:
    """What a URL asks for behind its question mark; the drivers read names in any case."""
    return {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
