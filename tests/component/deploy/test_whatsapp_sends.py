"""Sends: what is accepted, what follows, and every way in which Meta refuses."""

from time import monotonic
from typing import Any

import pytest

from tests.component.deploy.whatsapp_kit import (
    ACCOUNT,
    FIRST,
    PHONE,
    SECOND,
    VERSION,
    WARGA,
    Stand,
    error_of,
    stand,
)

BUTTONS: dict[str, Any] = {
    "type": "interactive",
    "interactive": {
        "type": "button",
        "body": {"text": "Sudah semua?"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "selesai", "title": "Selesai"}},
                {"type": "reply", "reply": {"id": "belum", "title": "Belum"}},
            ]
        },
    },
}
LIST: dict[str, Any] = {
    "type": "interactive",
    "interactive": {
        "type": "list",
        "body": {"text": "Layanan apa?"},
        "action": {
            "button": "Pilih",
            "sections": [{"title": "Layanan", "rows": [{"id": "kia", "title": "KIA"}]}],
        },
    },
}


async def test_a_text_is_accepted_and_its_statuses_follow(chat: Stand) -> None:
    answer = (await chat.text("Baik, Bu")).json()
    assert answer["contacts"] == [{"input": PHONE, "wa_id": PHONE}]
    message_id = answer["messages"][0]["id"]
    assert message_id.startswith("wamid.")
    await chat.flush()
    assert [(s["id"], s["status"]) for s in chat.office.statuses] == [
        (message_id, "sent"),
        (message_id, "delivered"),
    ]
    assert {s["recipient_id"] for s in chat.office.statuses} == {PHONE}


async def test_what_was_sent_is_listed_by_number_and_resident(chat: Stand) -> None:
    await chat.text("Baik, Bu")
    await chat.write(to=SECOND)
    await chat.text("Dari nomor lain", SECOND)
    (sent,) = await chat.control("GET", f"/sent?number={FIRST}&to={WARGA}")
    assert sent["payload"] == {"body": "Baik, Bu"}
    assert sent["statuses"] == ["sent", "delivered"]
    assert len(await chat.control("GET", f"/sent?to={WARGA}")) == 2


async def test_a_number_may_be_written_with_signs(chat: Stand) -> None:
    answer = await chat.send({"to": "+62 812-3450-0001", "type": "text", "text": {"body": "Halo"}})
    assert answer.json()["contacts"] == [{"input": "+62 812-3450-0001", "wa_id": PHONE}]


async def test_whoever_reads_is_said_to_have_read(chat: Stand) -> None:
    await chat.control("PUT", f"/residents/{WARGA}", {"wa_id": PHONE, "reads": True})
    await chat.text()
    await chat.flush()
    assert [s["status"] for s in chat.office.statuses] == ["sent", "delivered", "read"]


@pytest.mark.parametrize("message", [BUTTONS, LIST], ids=["buttons", "list"])
async def test_an_interactive_message_is_accepted(chat: Stand, message: dict[str, Any]) -> None:
    assert (await chat.send(message)).status_code == 200


async def test_a_document_that_was_uploaded_is_sent(chat: Stand) -> None:
    media_id = (await chat.upload(b"%PDF-1.7 surat")).json()["id"]
    document = {"id": media_id, "filename": "kia.pdf", "caption": "Sudah terbit"}
    assert (await chat.send({"type": "document", "document": document})).status_code == 200


async def test_an_unknown_file_is_no_document(chat: Stand) -> None:
    document = {"id": "123", "filename": "kia.pdf"}
    assert error_of(await chat.send({"type": "document", "document": document})) == (400, 100)


async def test_a_file_of_another_kind_is_no_document(chat: Stand) -> None:
    media_id = (await chat.upload(b"\xff\xd8", "image/jpeg")).json()["id"]
    answer = await chat.send({"type": "document", "document": {"id": media_id}})
    assert error_of(answer) == (400, 131053)


def _with(message: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {**message, "interactive": {**message["interactive"], **parts}}


def _buttons(*titles: str) -> dict[str, Any]:
    replies = [
        {"type": "reply", "reply": {"id": str(place), "title": title}}
        for place, title in enumerate(titles)
    ]
    return _with(BUTTONS, action={"buttons": replies})


def _rows(count: int) -> dict[str, Any]:
    rows = [{"id": str(place), "title": "KIA"} for place in range(count)]
    sections = [{"title": "A", "rows": rows[:6]}, {"title": "B", "rows": rows[6:]}]
    return _with(LIST, action={"button": "Pilih", "sections": sections})


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "text", "text": {"body": "a" * 4097}}, 131009),
        ({"type": "text", "text": {"body": ""}}, 131009),
        ({"type": "text"}, 131008),
        ({"type": "poll", "poll": {}}, 131051),
        ({"to": "12", "type": "text", "text": {"body": "a"}}, 131009),
        ({"messaging_product": "sms", "type": "text", "text": {"body": "a"}}, 100),
        (_with(BUTTONS, body={"text": "a" * 1025}), 131009),
        (_with(BUTTONS, footer={"text": "a" * 61}), 131009),
        (_with(BUTTONS, header={"type": "text", "text": "a" * 61}), 131009),
        (_with(BUTTONS, header={"type": "document", "document": {"id": "1"}}), 100),
        (_buttons("1", "2", "3", "4"), 131009),
        (_buttons("a" * 21), 131009),
        (_buttons("sama", "sama"), 131009),
        (_rows(11), 131009),
        ({"type": "document", "document": {"link": "ftp://arsip.test/kia.pdf"}}, 131009),
    ],
)
async def test_above_its_limits_a_message_is_refused(
    chat: Stand, message: dict[str, Any], code: int
) -> None:
    assert error_of(await chat.send(message)) == (400, code)
    await chat.flush()
    assert chat.office.statuses == []


@pytest.mark.parametrize(
    "message",
    [
        {"type": "text", "text": {"body": "a" * 4096}},
        _buttons("a" * 20, "2", "3"),
        _rows(10),
    ],
)
async def test_at_its_limits_a_message_is_taken(chat: Stand, message: dict[str, Any]) -> None:
    assert (await chat.send(message)).status_code == 200


async def test_a_body_that_is_too_large_or_no_json_is_refused(chat: Stand) -> None:
    path = f"/{VERSION}/{FIRST}/messages"
    assert error_of(await chat.meta.post(path, content=b"a" * (1024 * 1024 + 1))) == (413, 100)
    assert error_of(await chat.meta.post(path, content=b"{")) == (400, 100)
    assert error_of(await chat.meta.post(path, json=[])) == (400, 131009)


async def test_without_the_token_nothing_is_sent(chat: Stand) -> None:
    chat.meta.headers["Authorization"] = "Bearer token-of-somebody-else"
    assert error_of(await chat.text()) == (401, 190)


async def test_a_number_that_is_not_published_sends_nothing(chat: Stand) -> None:
    answer = await chat.text(number="999")
    assert error_of(answer) == (400, 100)
    assert answer.json()["error"]["error_subcode"] == 33


async def test_the_published_numbers_are_listed(there: Stand) -> None:
    numbers = (await there.meta.get(f"/{VERSION}/{ACCOUNT}/phone_numbers")).json()["data"]
    assert [one["id"] for one in numbers] == [FIRST, SECOND]
    one = (await there.meta.get(f"/{VERSION}/{SECOND}")).json()
    assert one["display_phone_number"] == "+62 526 200 0002"
    assert error_of(await there.meta.get(f"/latest/{SECOND}")) == (404, 100)


async def test_a_message_is_marked_as_read(chat: Stand) -> None:
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x"}
    answer = await chat.meta.post(f"/{VERSION}/{FIRST}/messages", json=read)
    assert answer.json() == {"success": True}
    assert await chat.control("GET", "/sent") == []


async def test_above_its_rate_a_number_is_refused_and_the_other_is_not() -> None:
    async with stand(per_second=2) as there:
        answers = [await there.text() for _ in range(3)]
        assert [a.status_code for a in answers] == [200, 200, 400]
        assert error_of(answers[2]) == (400, 130429)
        assert (await there.text(number=SECOND)).status_code == 200
        await there.control("POST", "/clock", {"advance_seconds": 1})
        assert (await there.text()).status_code == 200


@pytest.mark.parametrize("code", [130429, 131026, 131047, 131000])
async def test_the_next_sends_are_refused_with_an_error(chat: Stand, code: int) -> None:
    await chat.behave("messages", error=code, times=2)
    refused = [await chat.text(), await chat.text()]
    assert [error_of(answer)[1] for answer in refused] == [code, code]
    assert (await chat.text()).status_code == 200
    assert len(await chat.control("GET", "/sent")) == 1


async def test_a_send_fails_by_a_status(chat: Stand) -> None:
    await chat.behave("messages", error=131026, by="status")
    assert (await chat.text()).status_code == 200
    await chat.flush()
    (failed,) = chat.office.statuses
    assert failed["errors"][0]["code"] == 131026
    assert "pricing" not in failed


async def test_behind_a_broken_server_there_is_no_json(chat: Stand) -> None:
    await chat.behave("messages", status=502)
    answer = await chat.text()
    assert (answer.status_code, answer.headers["content-type"]) == (
        502,
        "text/plain; charset=utf-8",
    )
    assert await chat.control("GET", "/sent") == []


async def test_an_answer_is_lost_though_the_message_was_sent(chat: Stand) -> None:
    await chat.behave("messages", status=500, lost_answer=True)
    assert (await chat.text()).status_code == 500
    assert len(await chat.control("GET", "/sent")) == 1
    await chat.flush()
    assert [s["status"] for s in chat.office.statuses] == ["sent", "delivered"]


async def test_an_answer_is_slow(chat: Stand) -> None:
    await chat.behave("messages", delay_seconds=0.2)
    await chat.behave("messages", delay_seconds=0.2, error=131016)
    began = monotonic()
    assert (await chat.text()).status_code == 200
    assert error_of(await chat.text()) == (503, 131016)
    assert monotonic() - began >= 0.4


async def test_a_status_comes_before_a_slow_answer(chat: Stand) -> None:
    await chat.behave("messages", delay_seconds=0.2)
    await chat.text()
    assert [s["status"] for s in chat.office.statuses] == ["sent", "delivered"]


async def test_statuses_come_in_another_order_and_twice(chat: Stand) -> None:
    await chat.behave("messages", statuses=["read", "delivered", "sent"], copies=2)
    await chat.text()
    await chat.flush()
    words = [s["status"] for s in chat.office.statuses]
    assert words == ["read", "delivered", "sent"] * 2
    times = {s["status"]: int(s["timestamp"]) for s in chat.office.statuses}
    assert times["sent"] < times["delivered"] < times["read"]


async def test_a_status_follows_when_a_test_says_so(chat: Stand) -> None:
    message_id = (await chat.text()).json()["messages"][0]["id"]
    said = {"message_id": message_id, "statuses": ["failed"], "error": 131053}
    await chat.control("POST", "/statuses", said)
    await chat.flush()
    assert chat.office.statuses[-1]["errors"][0]["code"] == 131053
    unknown = await chat.tests.post("/_sandbox/statuses", json={**said, "message_id": "wamid.x"})
    assert unknown.status_code == 404


async def test_a_behaviour_is_for_one_number_where_that_is_said(chat: Stand) -> None:
    await chat.behave("messages", error=130429, number=SECOND)
    assert (await chat.text()).status_code == 200
    assert error_of(await chat.text(number=SECOND)) == (400, 130429)


async def test_every_call_is_remembered_with_its_end(chat: Stand) -> None:
    await chat.behave("messages", error=130429)
    await chat.text()
    await chat.text()
    calls = await chat.control("GET", "/calls")
    assert [(call["status"], call["code"]) for call in calls] == [(400, 130429), (200, None)]
