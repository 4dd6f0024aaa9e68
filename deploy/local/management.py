"""What RabbitMQ's management API says about a broker."""

from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

import httpx

_SECONDS = 5.0


def version(url: str) -> str:
    """Version of the broker behind a management URL; `httpx.HTTPError` when it does not answer."""
    answer = httpx.get(f"{url}/api/overview", timeout=_SECONDS)
    answer.raise_for_status()
    return str(answer.json()["rabbitmq_version"])


def listens(url: str, port: int) -> bool:
    """Whether the broker serves AMQP on that port: the last step of its start."""
    try:
        answer = httpx.get(f"{url}/api/health/checks/port-listener/{port}", timeout=_SECONDS)
    except httpx.HTTPError:
        return False
    return answer.status_code == HTTPStatus.OK


def derived(amqp_url: str) -> str:
    """Management URL of an AMQP URL's host and credentials, on the usual port."""
    parts = urlsplit(amqp_url)
    secure = parts.scheme == "amqps"
    credentials, at, _ = parts.netloc.rpartition("@")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or "localhost"
    scheme, port = ("https", 15671) if secure else ("http", 15672)
    return urlunsplit((scheme, f"{credentials}{at}{host}:{port}", "", "", ""))
