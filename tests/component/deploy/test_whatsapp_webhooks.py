"""Webhooks: handshake, signature, batches, order, copies, and what is not taken."""

import json
from collections import Counter

import pytest

from deploy.local.whatsapp.webhook import sign
from tests.component.deploy.whatsapp_kit import (
    ACCOUNT,
    FIRST,
    HOOK,
    KEYS,
    PHONE,
    SECOND,
    Stand,
)

HELD = {"mode": "held"}


async def held(there: Stand, **plan: object) -> None:
    """Webhooks wait for a flush."""
    await there.control("PUT", "/delivery", {**HELD, **plan})


async def test_a_message_comes_as_meta_writes_it(there: Stand) -> None:
    message_id = await there.write("Selamat pagi")
    await there.flush()
    (raw,) = there.office.bodies
    (entry,) = json.loads(raw)["entry"]
    (change,) = entry["changes"]
    value = change["value"]
    assert (entry["id"], change["field"]) == (ACCOUNT, "messages")
    assert value["metadata"] == {"display_phone_number": "625262000001", "phone_number_id": FIRST}
    (contact,) = value["contacts"]
    assert (contact["profile"]["name"], contact["wa_id"]) == ("Siti", PHONE)
    assert value["messages"] == [
        {
            "from": PHONE,
            "from_user_id": contact["user_id"],
            "id": message_id,
            "timestamp": str(int(there.clock().timestamp())),
            "type": "text",
            "text": {"body": "Selamat pagi"},
        }
    ]


async def test_the_signature_fits_these_bytes_alone(there: Stand) -> None:
    await there.write("Terima kasih \N{PERSON WITH FOLDED HANDS} 1/2")
    await there.flush()
    (raw,) = there.office.bodies
    assert there.office.refused == []
    assert raw.isascii()
    assert b"1\\/2" in raw
    again = json.dumps(json.loads(raw), ensure_ascii=False).encode()
    assert json.loads(again) == json.loads(raw)
    assert sign(again, KEYS.app_secret) != sign(raw, KEYS.app_secret)


async def test_a_signature_may_be_wrong_or_missing_or_the_body_cut(there: Stand) -> None:
    await held(there, retries=0)
    await there.behave("webhook", signature="wrong")
    await there.behave("webhook", signature="missing")
    await there.behave("webhook", truncated=True)
    for body in ("satu", "dua", "tiga", "empat"):
        await there.write(body)
    posted = (await there.flush())["posted"]
    assert [one["answers"] for one in posted] == [[401], [401], [401], [200]]
    assert len(there.office.refused) == 3
    assert [m["text"]["body"] for m in there.office.messages] == ["empat"]


async def test_an_address_that_does_not_echo_is_not_used(there: Stand) -> None:
    body = {"url": HOOK, "verify_token": "token-of-somebody-else"}
    answer = await there.tests.put("/_sandbox/webhook", json=body)
    assert (answer.status_code, answer.json()["reason"]) == (409, "not_verified")
    answer = await there.tests.put("/_sandbox/webhook", json={"url": f"{HOOK}/lain"})
    assert (answer.status_code, answer.json()["reason"]) == (409, "not_verified")


async def test_without_an_address_webhooks_wait(there: Stand) -> None:
    there.box.postman.url = None
    await there.write()
    assert (await there.flush())["waiting"] == 1
    await there.control("PUT", "/webhook", {"url": HOOK})
    await there.flush()
    assert len(there.office.messages) == 1


async def test_what_is_not_taken_comes_again_later_each_time(there: Stand) -> None:
    there.office.answers = [500, 503, 404]
    message_id = await there.write()
    await there.flush()
    assert [m["id"] for m in there.office.messages] == [message_id]
    assert there.pauses == [0.25, 0.5, 1.0]
    (delivery,) = await there.control("GET", "/deliveries")
    assert (delivery["answers"], delivery["taken"]) == ([500, 503, 404, 200], True)
    assert delivery["raw"].encode() == there.office.bodies[0]


async def test_after_its_tries_it_is_given_up_and_can_be_replayed(there: Stand) -> None:
    await held(there, retries=1)
    there.office.answers = [500, 500]
    await there.write()
    (posted,) = (await there.flush())["posted"]
    assert (posted["answers"], posted["taken"]) == ([500, 500], False)
    await there.control("POST", "/replay", {"times": 1})
    assert len(there.office.messages) == 1


async def test_a_slow_office_is_posted_to_again(there: Stand) -> None:
    await held(there, retries=1, answer_seconds=0.05)
    there.office.seconds = 0.3
    await there.write()
    (posted,) = (await there.flush())["posted"]
    assert posted["answers"] == [0, 0]


async def test_a_batch_holds_many_of_one_number(there: Stand) -> None:
    await held(there, batch=10)
    for place in range(3):
        await there.write(str(place))
    await there.flush()
    (value,) = there.office.values
    assert [m["text"]["body"] for m in value["messages"]] == ["0", "1", "2"]
    assert len(value["contacts"]) == 1


async def test_a_batch_mixes_numbers_and_kinds(there: Stand) -> None:
    await held(there, batch=100)
    await there.write()
    await there.write(to=SECOND)
    await there.text()
    await there.write("lagi")
    await there.flush()
    (raw,) = there.office.bodies
    (entry,) = json.loads(raw)["entry"]
    kinds = [
        (c["value"]["metadata"]["phone_number_id"], "statuses" in c["value"])
        for c in entry["changes"]
    ]
    assert kinds == [(FIRST, False), (SECOND, False), (FIRST, True), (FIRST, False)]


@pytest.mark.parametrize(("shape", "entries"), [("changes", 1), ("entries", 3)])
async def test_a_batch_may_lie_in_changes_or_entries(
    there: Stand, shape: str, entries: int
) -> None:
    await held(there, batch=3, shape=shape)
    for place in range(3):
        await there.write(str(place))
    await there.flush()
    (raw,) = there.office.bodies
    assert len(json.loads(raw)["entry"]) == entries
    assert [len(value["messages"]) for value in there.office.values] == [1, 1, 1]


async def test_a_batch_ends_where_the_plan_says(there: Stand) -> None:
    await held(there, batch=2)
    for place in range(5):
        await there.write(str(place))
    posted = (await there.flush())["posted"]
    assert [one["updates"] for one in posted] == [2, 2, 1]


async def test_six_photos_come_side_by_side(there: Stand) -> None:
    await held(there, parallel=6)
    there.office.seconds = 0.05
    for place in range(6):
        await there.photo(bytes([place + 1]))
    await there.flush()
    assert there.office.most_at_work == 6
    assert len({m["image"]["id"] for m in there.office.messages}) == 6


async def test_a_webhook_comes_twice(there: Stand) -> None:
    await held(there)
    message_id = await there.write(copies=2)
    await there.flush()
    assert [m["id"] for m in there.office.messages] == [message_id] * 2


async def test_the_next_webhook_comes_three_times(there: Stand) -> None:
    await there.behave("webhook", copies=3)
    message_id = await there.write()
    await there.flush()
    assert [m["id"] for m in there.office.messages] == [message_id] * 3


async def test_the_history_comes_three_times_and_shuffled(there: Stand) -> None:
    await held(there)
    written = [await there.write(str(place)) for place in range(8)]
    await there.text()
    await there.flush()
    before = [m["id"] for m in there.office.messages]
    assert before == written
    there.office.bodies.clear()
    await held(there, order="shuffled", seed=7, batch=4)
    told = await there.control("POST", "/replay", {"times": 3})
    assert (told["updates"], len(told["posted"])) == (10, 8)
    after = [m["id"] for m in there.office.messages]
    assert Counter(after) == Counter(written * 3)
    assert after[:8] != written
    assert Counter(s["status"] for s in there.office.statuses) == {"sent": 3, "delivered": 3}


async def test_a_shuffle_can_be_repeated(there: Stand) -> None:
    await held(there)
    for place in range(8):
        await there.write(str(place))
    await there.flush()
    orders: list[list[str]] = []
    for seed in (7, 7, 8):
        there.office.bodies.clear()
        await held(there, order="shuffled", seed=seed)
        await there.control("POST", "/replay", {})
        orders.append([m["text"]["body"] for m in there.office.messages])
    assert orders[0] == orders[1] != orders[2]


async def test_a_flush_may_come_in_reverse(there: Stand) -> None:
    await held(there, order="reversed")
    for place in range(3):
        await there.write(str(place))
    await there.flush()
    assert [m["text"]["body"] for m in there.office.messages] == ["2", "1", "0"]
