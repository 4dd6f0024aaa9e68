"""Papers as residents send them: a pass from the page, then the file."""

import re
from typing import Any

import httpx

from tests.component.intake.catalogues import publish
from tests.component.intake.kit import Desk, at_event
from tests.unit.files.samples import image

HTML = {"Accept": "text/html"}


async def recorded(office: Desk) -> dict[str, Any]:
    """Return a request whose catalogue asks for a family card."""
    (await publish(office)).raise_for_status()
    return await office.record(at_event())


async def pass_of(office: Desk, code: str) -> str:
    """Return the pass that the page gives for a tracking code."""
    page = await office.client.post("/lacak/berkas", data={"kode": code}, headers=HTML)
    page.raise_for_status()
    (found,) = re.findall(r'data-pass="([^"]+)"', page.text)
    return str(found)


async def send(
    office: Desk, shown: str, data: bytes | None = None, kind: str = "family_card", **headers: str
) -> httpx.Response:
    """Send a file with a pass."""
    path = f"/api/track/papers/{kind}"
    given = {"Send-Pass": shown, **headers}
    content = image() if data is None else data
    return await office.client.post(path, content=content, headers=given)


async def send_own(office: Desk) -> httpx.Response:
    """Send the family card of a new request, as its resident."""
    one = await recorded(office)
    return await send(office, await pass_of(office, one["tracking_code"]))
