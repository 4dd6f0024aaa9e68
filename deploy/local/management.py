"""What RabbitMQ's management API reports about a broker."""

from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

import httpx

from shared.messaging.provision import granted, parted

_SECONDS = 5.0


def version(url: str) -> str:
    """Version of the broker behind a management URL; `httpx.HTTPError` when it does not answer.

    The error's text does not hold the login in `url`.
    """
    return str(granted(_get(url, "overview")).json()["rabbitmq_version"])


def listens(url: str, port: int) -> bool:
    """Whether the broker serves AMQP on that port: the last step of its start."""
    try:
        answer = _get(url, f"health/checks/port-listener/{port}")
    except httpx.HTTPError:
        return False
    return answer.status_code == HTTPStatus.OK


def _get(url: str, path: str) -> httpx.Response:
    place, login = parted(url)
    return httpx.get(f"{place.rstrip('/')}/api/{path}", auth=login, timeout=_SECONDS)


def derived(amqp_url: str) -> str:
    """Management URL of an AMQP URL's host and credentials, on the usual port."""
    parts = urlsplit(amqp_url)
    secure = parts.scheme == "amqps"
    credentials, at, _ = parts.netloc.rpartition("@")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or "localhost"
    scheme, port = ("https", 15671) if secure else ("http", 15672)
    return urlunsplit((scheme, f"{credentials}{at}{host}:{port}", "", "", ""))
