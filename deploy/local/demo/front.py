"""The front door in the demo: how many origins it used, and how many sign-ins a walk needs."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx

from deploy.local.demo.day import EVENT, Target
from deploy.local.processes import FailedError
from shared.web.session import SIGN_IN

WALK: Final = (
    ("intake", "/meja"),
    ("scheduler", f"/loket/{EVENT}/disdukcapil-kia-1"),
    ("courier", "/tugas"),
    ("reporting", f"/acara/{EVENT}"),
)
"""The pages of desk, floor, agent and dashboard: one of each service."""
GRANTS: Final = ("operator:*:*", "agent:*:*", "head:*:*")


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def front(origins: Iterable[str], sign_ins: int) -> Mapping[str, int]:
    """Return what the result says of the front door."""
    return {"origins": len(set(origins)), "sign_ins": sign_ins}


async def walk(target: Target, http: httpx.AsyncClient) -> int:
    """Read a page of each service that who has signed in works on; return the sign-ins it took.

    Where an answer asks for a sign-in, one is made and counted. Raises FailedError where a page is
    not shown even then.
    """
    token = target.token("demo-visitor", *GRANTS)
    count = 0
    for service, path in WALK:
        url = f"{target.url(service)}{path}"
        answer = await _read(http, url)
        if answer.is_redirect or answer.status_code == httpx.codes.UNAUTHORIZED:
            await _sign_in(http, origin_of(url), token)
            count += 1
            answer = await _read(http, url)
        if answer.status_code != httpx.codes.OK:
            raise FailedError(f"{service} answered {answer.status_code} to who has signed in")
    return count


async def _read(http: httpx.AsyncClient, url: str) -> httpx.Response:
    return await http.get(url, headers={"Accept": "text/html"})


async def _sign_in(http: httpx.AsyncClient, origin: str, token: str) -> None:
    await http.post(f"{origin}{SIGN_IN}", data={"token": token}, headers={"Origin": origin})
