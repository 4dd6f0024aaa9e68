"""Complaints for the tests: made, answered, opened by two."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from tests.component.intake.kit import Desk

TEXT: Final = "Antrean di loket dua terlalu lama"
ANSWER: Final = "Loket dua kini dibuka dari pukul delapan"
WHOLE: Final = ("botram", "32.16")
STAFF: Final[Mapping[str, Any]] = {"kind": "supervision", "about": "agent"}


def complaint(**changed: Any) -> dict[str, Any]:
    """Return the body of a complaint about how BOTRAM serves."""
    return {
        "programme_id": "botram",
        "kind": "service",
        "secrecy": "named",
        "name": "Siti Contoh",
        "phone": "0812-0000-0001",
        "text": TEXT,
        **changed,
    }


def typed(**changed: str) -> dict[str, str]:
    """Return the form of the same complaint as a resident fills it in."""
    return {
        "kunci": "kunci-buatan-uji",
        "program": "botram",
        "jenis": "service",
        "uraian": TEXT,
        "identitas": "named",
        "nama": "Siti Contoh",
        "hp": "0812-0000-0001",
        **changed,
    }


def anonymous(**changed: Any) -> dict[str, Any]:
    """Return the body of one whose writer is not known."""
    nobody: dict[str, Any] = {"secrecy": "anonymous", "name": None, "phone": None}
    return complaint(**nobody, **changed)


async def act(
    office: Desk, method: str, path: str, role: str, who: str = "agus", **how: Any
) -> httpx.Response:
    """Act as somebody with one role, or several, in the whole of BOTRAM."""
    grants = [f"{one}:botram:32.16" for one in role.split("+")]
    headers = office.messaging.headers_of(*grants, subject=who, key=how.pop("key", None))
    return await office.client.request(method, f"/api{path}", headers=headers, **how)


async def made(office: Desk, role: str = "operator", **changed: Any) -> dict[str, Any]:
    """Record a complaint, which must be taken."""
    body = complaint(**changed)
    answer = await act(office, "POST", "/complaints", role, "tini", json=body)
    assert answer.status_code == 201, answer.text
    recorded: dict[str, Any] = answer.json()
    return recorded


async def step(
    office: Desk, id_: str, name: str, role: str = "operator", who: str = "agus"
) -> httpx.Response:
    """Take a step."""
    path = f"/complaints/{id_}/steps"
    return await act(office, "POST", path, role, who, json={"step": name})


async def answer(
    office: Desk, id_: str, role: str = "operator", who: str = "agus", text: str = ANSWER
) -> httpx.Response:
    """Answer a complaint."""
    path = f"/complaints/{id_}/answer"
    return await act(office, "POST", path, role, who, json={"text": text})


async def reopen(office: Desk, id_: str, role: str = "operator") -> httpx.Response:
    """Open a complaint again."""
    path = f"/complaints/{id_}/reopening"
    return await act(office, "POST", path, role, json={"text": "Belum berubah"})


async def look(office: Desk, id_: str, role: str = "operator", who: str = "agus") -> httpx.Response:
    """Look at a complaint."""
    return await act(office, "GET", f"/complaints/{id_}", role, who)


async def listed(
    office: Desk, role: str = "operator", who: str = "agus", more: str = ""
) -> list[dict[str, Any]]:
    """Return what somebody's list shows."""
    found = await act(office, "GET", f"/complaints?programme_id=botram{more}", role, who)
    items: list[dict[str, Any]] = found.raise_for_status().json()["items"]
    return items


async def opened(office: Desk, id_: str, *who: str) -> None:
    """Have supervisors open what is about staff."""
    for one in who:
        (await step(office, id_, "open", "supervisor", one)).raise_for_status()


async def answered(office: Desk, **changed: Any) -> dict[str, Any]:
    """Return a complaint that is answered, by agus."""
    one = await made(office, **changed)
    role = "supervisor" if changed.get("kind") == "supervision" else "operator"
    if "about" in changed:
        await opened(office, one["complaint_id"], "sri", "agus")
    (await step(office, one["complaint_id"], "take", role)).raise_for_status()
    (await answer(office, one["complaint_id"], role)).raise_for_status()
    return one


async def closed(office: Desk, **changed: Any) -> dict[str, Any]:
    """Return a complaint that is closed."""
    one = await answered(office, **changed)
    role = "supervisor" if changed.get("kind") == "supervision" else "operator"
    (await step(office, one["complaint_id"], "close", role, "sri")).raise_for_status()
    return one
