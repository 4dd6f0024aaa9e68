"""The window of 24 hours, and the templates that go outside it."""

from typing import Any

import pytest

from tests.component.deploy.whatsapp_kit import PHONE, SECOND, WARGA, Stand, error_of

TEMPLATE = {"name": "dokumen_terbit", "language": "id", "header": "document", "parameters": 1}


def template(media_id: str, *words: str) -> dict[str, Any]:
    """A template with a document on top."""
    document = {"type": "document", "document": {"id": media_id, "filename": "kia.pdf"}}
    components = [
        {"type": "header", "parameters": [document]},
        {"type": "body", "parameters": [{"type": "text", "text": word} for word in words]},
    ]
    content = {"name": "dokumen_terbit", "language": {"code": "id"}, "components": components}
    return {"type": "template", "template": content}


async def test_the_window_closes_a_day_after_the_last_message(chat: Stand) -> None:
    await chat.control("POST", "/clock", {"advance_seconds": 86_399})
    await chat.text("masih terbuka")
    await chat.control("POST", "/clock", {"advance_seconds": 1})
    assert (await chat.text("terlambat")).status_code == 200
    await chat.flush()
    failed = [s for s in chat.office.statuses if s["status"] == "failed"]
    assert [s["errors"][0]["code"] for s in failed] == [131047]
    in_time, late = await chat.control("GET", "/sent")
    assert (in_time["error"], late["error"]) == (None, 131047)


async def test_whoever_never_wrote_has_no_window(there: Stand) -> None:
    await there.text()
    await there.flush()
    assert [s["errors"][0]["code"] for s in there.office.statuses] == [131047]


async def test_a_window_is_open_to_the_number_that_was_written_to(chat: Stand) -> None:
    await chat.text(number=SECOND)
    (sent,) = await chat.control("GET", "/sent")
    assert sent["error"] == 131047


async def test_the_window_opens_at_the_senders_time(there: Stand) -> None:
    await there.write(at="2023-03-10T02:14:59Z")
    await there.text()
    assert (await there.control("GET", "/sent"))[0]["error"] == 131047
    await there.write(at="2023-03-10T02:15:01Z")
    await there.text()
    assert (await there.control("GET", "/sent"))[1]["error"] is None
    await there.write("datang terlambat", at="2023-03-09T02:00:00Z")
    await there.text()
    assert (await there.control("GET", "/sent"))[2]["error"] is None


async def test_a_closed_window_may_be_refused_at_once(there: Stand) -> None:
    await there.control("PUT", "/rules", {"refuses_closed_window_at_once": True})
    assert error_of(await there.text()) == (400, 131047)
    assert await there.control("GET", "/sent") == []


async def test_a_template_goes_outside_the_window(there: Stand) -> None:
    await there.control("PUT", "/templates", [TEMPLATE])
    media_id = (await there.upload(b"%PDF-1.7 surat")).json()["id"]
    answer = await there.send(template(media_id, "KIA"))
    assert answer.json()["messages"][0]["message_status"] == "accepted"
    await there.flush()
    assert [s["status"] for s in there.office.statuses] == ["sent", "delivered"]
    assert there.office.statuses[0]["pricing"]["category"] == "utility"


@pytest.mark.parametrize(
    ("state", "expected"),
    [("rejected", (404, 132001)), ("paused", (400, 132015)), ("disabled", (400, 132016))],
)
async def test_a_template_that_meta_does_not_take_is_refused(
    there: Stand, state: str, expected: tuple[int, int]
) -> None:
    await there.control("PUT", "/templates", [{**TEMPLATE, "state": state}])
    assert error_of(await there.send(template("1", "KIA"))) == expected


async def test_a_template_is_held_to_what_was_approved(there: Stand) -> None:
    assert error_of(await there.send(template("1", "KIA"))) == (404, 132001)
    await there.control("PUT", "/templates", [TEMPLATE])
    media_id = (await there.upload(b"%PDF-1.7 surat")).json()["id"]
    assert error_of(await there.send(template(media_id))) == (400, 132000)
    assert error_of(await there.send(template("1", "KIA"))) == (400, 100)
    bare = template(media_id, "KIA")
    del bare["template"]["components"][0]
    assert error_of(await there.send(bare)) == (400, 132012)


async def test_somebody_without_whatsapp_is_not_reached(chat: Stand) -> None:
    await chat.control("PUT", f"/residents/{WARGA}", {"wa_id": PHONE, "reachable": False})
    assert (await chat.text()).status_code == 200
    await chat.flush()
    assert [s["errors"][0]["code"] for s in chat.office.statuses] == [131026]
