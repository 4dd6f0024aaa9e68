"""Brings a broker to the declared topology, by RabbitMQ's management API. Idempotent.

Policies come before the queues they are for, so that no queue lives a moment without its limits.
"""

import ssl
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

import httpx

from shared.messaging.message import ADDRESSED, EXCHANGE
from shared.messaging.topology import (
    DEAD,
    OPERATOR_ACTS,
    RETRY_SECONDS,
    Queue,
    Topology,
    retry_exchange,
)

_TIMEOUT = 20.0
_EXCHANGES = (EXCHANGE, ADDRESSED, DEAD, *map(retry_exchange, RETRY_SECONDS))
_WRITES = "^(" + "|".join(name.replace(".", r"\.") for name in _EXCHANGES) + ")$"


@dataclass(frozen=True, slots=True)
class BrokerUser:
    """The user of one service: it reads its own queues and writes keys that begin with its name."""

    name: str
    password: str


class Management:
    """RabbitMQ's management API for one virtual host. `url` carries the administrator's login.

    `?cafile=` in it names the file of the authority that signed the broker's certificate.
    Every method raises httpx.HTTPError, whose text never holds the login.
    """

    def __init__(
        self, url: str, vhost: str = "/", transport: httpx.BaseTransport | None = None
    ) -> None:
        place, login = parted(url)
        base, trust = _trusting(place)
        self._http = httpx.Client(
            base_url=base, auth=login, timeout=_TIMEOUT, verify=trust, transport=transport
        )
        self._vhost = _path(vhost)

    def apply(self, topology: Topology) -> None:
        """Declare everything. Raises httpx.HTTPError, and a 400 where a queue's type differs."""
        for policy in topology.policies:
            said = asdict(policy)
            body = {k: said[k] for k in ("pattern", "definition", "priority")}
            self._put(
                f"policies/{self._vhost}/{_path(policy.name)}", body | {"apply-to": policy.apply_to}
            )
        for exchange in topology.exchanges:
            path = f"exchanges/{self._vhost}/{_path(exchange.name)}"
            self._put(path, {"type": exchange.type, "durable": True})
        for queue in topology.queues:
            self._declare(queue)
        for binding in topology.bindings:
            path = f"bindings/{self._vhost}/e/{_path(binding.exchange)}/q/{_path(binding.queue)}"
            self._send("POST", path, {"routing_key": binding.key})
        self._unbind_others(topology)

    def grant(self, users: Iterable[BrokerUser]) -> None:
        """Create the users of the services with their rights and no more."""
        for user in users:
            self._put(f"users/{user.name}", {"password": user.password, "tags": ""})
            name = user.name.replace(".", r"\.")
            rights = {"configure": "^$", "write": _WRITES, "read": rf"^{name}\..+$"}
            self._put(f"permissions/{self._vhost}/{user.name}", rights)
            self._restrict_keys(user.name, rf"^{name}\..+$")

    def grant_operator(self, user: BrokerUser) -> None:
        """Create the user of those who look after dead letters and send history to a queue."""
        self._put(f"users/{user.name}", {"password": user.password, "tags": ""})
        acts = OPERATOR_ACTS.replace(".", r"\.")
        addressed = ADDRESSED.replace(".", r"\.")
        rights = {
            "configure": "^$",
            "write": f"^({addressed}|{acts})$",
            "read": rf"(\.dead|^{acts})$",
        }
        self._put(f"permissions/{self._vhost}/{user.name}", rights)

    def _restrict_keys(self, user: str, pattern: str) -> None:
        for exchange in _EXCHANGES:
            body = {"exchange": exchange, "write": pattern, "read": "^$"}
            self._put(f"topic-permissions/{self._vhost}/{user}", body)

    def _declare(self, queue: Queue) -> None:
        body = {"durable": True, "auto_delete": False, "arguments": dict(queue.arguments)}
        self._put(f"queues/{self._vhost}/{_path(queue.name)}", body)

    def _unbind_others(self, topology: Topology) -> None:
        """Take away bindings of declared queues that are declared no longer."""
        declared = {(b.exchange, b.queue, b.key) for b in topology.bindings}
        queues = {queue.name for queue in topology.queues}
        for found in self._send("GET", f"bindings/{self._vhost}").json():
            place = (found["source"], found["destination"], found["routing_key"])
            if found["source"] and found["destination"] in queues and place not in declared:
                path = f"bindings/{self._vhost}/e/{_path(place[0])}/q/{_path(place[1])}"
                self._send("DELETE", f"{path}/{_path(found['properties_key'])}")

    def depth(self, queue: str) -> int:
        """Return how many messages a queue holds, as last counted; 0 before the first count."""
        found = self._send("GET", f"queues/{self._vhost}/{_path(queue)}").json()
        return int(found.get("messages", 0))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _put(self, path: str, body: dict[str, Any]) -> None:
        self._send("PUT", path, body)

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        return granted(self._http.request(method, path, json=body))


def parted(url: str) -> tuple[str, httpx.BasicAuth | None]:
    """Return a URL without the login in it, and the login: messages quote what is asked."""
    whole = httpx.URL(url)
    login = httpx.BasicAuth(whole.username, whole.password) if whole.userinfo else None
    return str(whole.copy_with(userinfo=b"")), login


def _trusting(place: str) -> tuple[str, ssl.SSLContext]:
    """Return the base of all paths, and whom to trust as its server."""
    whole = httpx.URL(place)
    context = ssl.create_default_context(cafile=whole.params.get("cafile"))
    return str(whole.copy_with(query=None)).rstrip("/") + "/api/", context


def granted(response: httpx.Response) -> httpx.Response:
    """Return the response to a request that was granted. Raises httpx.HTTPStatusError.

    Its text names method, path, status and the broker's reason. httpx's own would name the whole
    URL and no reason.
    """
    if response.is_success:
        return response
    asked = response.request
    text = f"RabbitMQ refused {asked.method} {asked.url.raw_path.decode()}: {response.status_code}"
    raise httpx.HTTPStatusError(f"{text} {_reason(response)}", request=asked, response=response)


def _reason(response: httpx.Response) -> str:
    try:
        said = response.json()
    except ValueError:
        said = None
    reason = said.get("reason") if isinstance(said, dict) else None
    return str(reason or response.reason_phrase)


def _path(part: str) -> str:
    return quote(part, safe="")
