"""What `make up` ends with: lines that somebody who comes first can paste into a shell.

They record a request at an event of today and show it counted. Their token is made at each start,
lasts twelve hours and lies in a file that its owner alone may read, so no line holds a secret.
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.local.demo.day import EVENT as DEMO_EVENT
from deploy.local.folder import ROOT, private
from deploy.local.processes import await_ready
from deploy.local.stack import Stack
from shared.runtime.start import utc_now
from shared.web.formats import ZONES
from shared.web.session import SIGN_IN

PROGRAMME: Final = "botram"
TOKEN_FILE: Final = "token"  # noqa: S105 - a file's name
GRANTS: Final = (
    f"planner:{PROGRAMME}:32.16",
    f"operator:{PROGRAMME}:32.16",
    "head:*:*",
)
_KNOWN_WITHIN: Final = 60.0
_CURL: Final = "curl -sS --fail-with-body --retry 5 --retry-all-errors"
"""Tried again, because the second line may be quicker than the event of the first."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The lines, each complete in itself."""

    plan: str
    record: str
    token: str
    page: str
    sign_in: str

    def lines(self) -> Iterator[str]:
        """Return what is printed."""
        yield "What to do next, from this folder:"
        yield "  plan an event of today"
        yield f"    {self.plan}"
        yield "  record a request at it, by somebody made up"
        yield f"    {self.record}"
        yield f"  sign in at {self.sign_in} with what this prints (a token for twelve hours)"
        yield f"    {self.token}"
        yield "  see it counted, in a browser"
        yield f"    {self.page}"


def first_steps(stack: Stack) -> Steps:
    """Make the token, and return lines that are true from now on for the rest of the day."""
    token = stack.folder / TOKEN_FILE
    private(token, stack.token("contoh", *GRANTS) + "\n")
    await_ready(lambda: _known(stack), what="the news of the programmes", timeout=_KNOWN_WITHIN)
    today = utc_now().astimezone(ZONES["Asia/Jakarta"])
    event_id = f"contoh-{today:%Y-%m-%d}"
    shown = _shown(token)
    plan = f"{stack.url('scheduler')}/api/events/{event_id}"
    record = f"{stack.url('intake')}/api/requests"
    return Steps(
        plan=_line("PUT", plan, shown, _event(today)),
        record=_line("POST", record, shown, _request(event_id)),
        token=f"cat {shown}",
        page=page(stack, event_id),
        sign_in=f"{stack.origin('intake')}{SIGN_IN}",
    )


def page(stack: Stack, event_id: str = DEMO_EVENT) -> str:
    """Return where an event's figures are shown; the demo's unless another is named."""
    return f"{stack.url('reporting')}/acara/{event_id}"


def _known(stack: Stack) -> bool:
    """Whether scheduler and reporting have copied the programme: the lines work from then on."""
    return all(_lists(stack, service) for service in ("scheduler", "reporting"))


def _lists(stack: Stack, service: str) -> bool:
    headers = {"Authorization": f"Bearer {stack.token('contoh', *GRANTS)}"}
    try:
        answer = httpx.get(f"{stack.url(service)}/api/programmes", headers=headers, timeout=5)
    except httpx.HTTPError:
        return False
    return answer.is_success and PROGRAMME in {one["programme_id"] for one in answer.json()}


def _shown(path: Path) -> str:
    inside = path.resolve().is_relative_to(ROOT)
    return shlex.quote(str(path.resolve().relative_to(ROOT) if inside else path.resolve()))


def _line(method: str, url: str, token: str, body: dict[str, Any]) -> str:
    headers = (
        f'-H "Authorization: Bearer $(cat {token})"',
        '-H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)"',
        '-H "Content-Type: application/json"',
    )
    said = shlex.quote(json.dumps(body, separators=(",", ":")))
    return " ".join((_CURL, "-X", method, *headers, "-d", said, url))


def _event(today: datetime) -> dict[str, Any]:
    booth = {
        "booth_id": "gerai-1",
        "agency": "Disdukcapil Kabupaten Bekasi",
        "services": ["KIA", "KK"],
        "ticketed": True,
    }
    return {
        "programme_id": PROGRAMME,
        "name": "Acara contoh",
        "place": "Stadion Mini Desa Cijengkol",
        "region_code": "32.16.18",
        "on": today.date().isoformat(),
        "opens": "00:00",
        "closes": "23:59",
        "booths": [booth],
    }


def _request(event_id: str) -> dict[str, Any]:
    return {
        "programme_id": PROGRAMME,
        "service": "KIA",
        "channel": "event",
        "event_id": event_id,
        "region_code": "32.16.18",
        "applicant": {"name": "Siti Contoh", "address": "Kampung Contoh RT 001"},
    }
