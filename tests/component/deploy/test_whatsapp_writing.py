"""What residents write: every kind, choices, and who they are."""

from typing import Any

import pytest

from tests.component.deploy.whatsapp_kit import FIRST, PHONE, WARGA, Stand


async def test_the_senders_time_may_lie_before_the_sandboxs(there: Stand) -> None:
    await there.write(at="2023-03-11T01:00:00Z")
    await there.flush()
    assert there.office.messages[0]["timestamp"] == "1678496400"


async def test_a_place_a_card_a_sign_and_the_unknown_are_written(there: Stand) -> None:
    place = {"latitude": -2.33, "longitude": 115.61, "name": "Paringin"}
    await there.say({"type": "location", **place})
    cards = [{"name": "Pak RT", "phone": "+62 812 3450 0002"}]
    await there.say({"type": "contacts", "cards": cards})
    await there.say({"type": "reaction", "message_id": "wamid.x", "emoji": "\N{THUMBS UP SIGN}"})
    await there.say({"type": "unsupported"})
    await there.flush()
    location, contacts, reaction, unknown = there.office.messages
    assert location["location"] == place
    assert contacts["contacts"][0]["name"]["formatted_name"] == "Pak RT"
    assert contacts["contacts"][0]["phones"][0]["phone"] == "+62 812 3450 0002"
    assert reaction["reaction"] == {"message_id": "wamid.x", "emoji": "\N{THUMBS UP SIGN}"}
    assert unknown["errors"][0]["code"] == 131051


async def test_an_answer_names_what_it_answers(there: Stand) -> None:
    await there.write(reply_to="wamid.x", forwarded=True)
    await there.flush()
    (message,) = there.office.messages
    assert message["context"] == {"from": "625262000001", "id": "wamid.x", "forwarded": True}


def _offer(kind: str) -> dict[str, Any]:
    if kind == "button":
        reply = {"id": "selesai", "title": "Selesai"}
        action: dict[str, Any] = {"buttons": [{"type": "reply", "reply": reply}]}
    else:
        rows = [{"id": "selesai", "title": "Selesai"}]
        action = {"button": "Pilih", "sections": [{"rows": rows}]}
    content = {"type": kind, "body": {"text": "Sudah semua?"}, "action": action}
    return {"type": "interactive", "interactive": content}


@pytest.mark.parametrize("kind", ["button", "list"])
async def test_a_button_or_a_row_is_chosen(there: Stand, kind: str) -> None:
    offered = (await there.send(_offer(kind))).json()["messages"][0]["id"]
    await there.say({"type": "choice", "reply_to": offered, "id": "selesai"})
    await there.flush()
    (message,) = there.office.messages
    assert message["interactive"] == {
        "type": f"{kind}_reply",
        f"{kind}_reply": {"id": "selesai", "title": "Selesai"},
    }
    assert message["context"]["id"] == offered


async def test_what_was_not_offered_is_not_chosen(there: Stand) -> None:
    offered = (await there.send(_offer("button"))).json()["messages"][0]["id"]
    for reply_to, chosen in ((offered, "lain"), ("wamid.x", "selesai"), (None, "selesai")):
        said = {"type": "choice", "to": FIRST, "reply_to": reply_to, "id": chosen}
        answer = await there.tests.post(f"/_sandbox/residents/{WARGA}/messages", json=said)
        assert answer.status_code == 409


async def test_somebody_without_a_phone_is_known_by_his_user_id(there: Stand) -> None:
    told = await there.control("PUT", "/residents/udin", {"name": "Udin", "username": "udin.b"})
    await there.say({"type": "text", "body": "Halo"}, "udin")
    await there.flush()
    (value,) = there.office.values
    user_id = told["user_id"]
    assert value["contacts"] == [
        {"profile": {"name": "Udin", "username": "udin.b"}, "user_id": user_id}
    ]
    assert "from" not in value["messages"][0]
    answer = await there.send(
        {"to": None, "recipient": user_id, "type": "text", "text": {"body": "Ya"}}
    )
    assert answer.json()["contacts"] == [{"input": user_id, "user_id": user_id}]
    await there.flush()
    assert {s["recipient_user_id"] for s in there.office.statuses} == {user_id}
    assert all("recipient_id" not in s for s in there.office.statuses)


async def test_his_later_phone_comes_with_the_same_user_id(there: Stand) -> None:
    before = await there.control("PUT", "/residents/udin", {"name": "Udin"})
    phone = {"name": "Udin", "wa_id": "6281234500009"}
    after = await there.control("PUT", "/residents/udin", phone)
    assert after["user_id"] == before["user_id"]
    await there.say({"type": "text", "body": "Halo"}, "udin")
    await there.flush()
    assert there.office.messages[0]["from"] == "6281234500009"
    assert there.office.messages[0]["from_user_id"] == before["user_id"]


async def test_a_number_that_changed_hands_has_another_user_id(there: Stand) -> None:
    await there.write()
    await there.control("PUT", f"/residents/{WARGA}", {"name": "Siti"})
    await there.control("PUT", "/residents/baru", {"name": "Rudi", "wa_id": PHONE})
    await there.say({"type": "text", "body": "Ini siapa?"}, "baru")
    await there.flush()
    first, second = there.office.messages
    assert first["from"] == second["from"] == PHONE
    assert first["from_user_id"] != second["from_user_id"]


async def test_a_new_number_is_told_with_both_user_ids(there: Stand) -> None:
    before = await there.control("PUT", f"/residents/{WARGA}", {"name": "Siti", "wa_id": PHONE})
    new = {"to": FIRST, "wa_id": "6281234500008"}
    after = await there.control("POST", f"/residents/{WARGA}/number", new)
    await there.say({"type": "text", "body": "Ini nomor baru"})
    await there.flush()
    told, written = there.office.messages
    assert "contacts" not in there.office.values[0]
    assert (told["from"], told["type"]) == (PHONE, "system")
    assert told["system"] == {
        "type": "user_changed_number",
        "body": f"User Siti changed from {PHONE} to 6281234500008",
        "wa_id": "6281234500008",
        "user_id": after["user_id"],
        "previous_user_id": before["user_id"],
    }
    assert (written["from"], written["from_user_id"]) == ("6281234500008", after["user_id"])
    assert after["user_id"] != before["user_id"]


async def test_a_new_user_id_is_told_without_a_number(there: Stand) -> None:
    await there.control("POST", f"/residents/{WARGA}/number", {"to": FIRST})
    await there.flush()
    (told,) = there.office.messages
    assert "from" not in told
    assert told["system"]["type"] == "user_changed_user_id"
    assert "wa_id" not in told["system"]


async def test_a_new_number_is_nobodys_yet(there: Stand) -> None:
    path = f"/_sandbox/residents/{WARGA}/number"
    answer = await there.tests.post(path, json={"to": FIRST, "wa_id": PHONE})
    assert (answer.status_code, answer.json()["reason"]) == (409, "phone_taken")
    answer = await there.tests.post(path, json={"to": "999"})
    assert answer.status_code == 422
