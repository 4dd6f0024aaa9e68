"""The tests' side: who gets in, what is refused, and the clean slate."""

import httpx
import pytest

from deploy.local.whatsapp.behaviour import MAX_WAITING
from tests.component.deploy.whatsapp_kit import FIRST, KEYS, PHONE, WARGA, Stand


@pytest.mark.parametrize("key", ["", KEYS.access_token])
async def test_only_the_control_key_lets_in(there: Stand, key: str) -> None:
    there.tests.headers["Authorization"] = f"Bearer {key}"
    for method, path in (("GET", "/sent"), ("POST", "/reset"), ("PUT", "/delivery")):
        answer = await there.tests.request(method, f"/_sandbox{path}", json={})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_control_key_sends_nothing(there: Stand) -> None:
    there.meta.headers["Authorization"] = f"Bearer {KEYS.control_key}"
    assert (await there.text()).status_code == 401


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Return status and field of a refusal."""
    return answer.status_code, answer.json()["errors"][0]["field"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"on": "messages", "error": 7}, "body"),
        ({"on": "messages", "by": "status"}, "body"),
        ({"on": "download", "statuses": ["sent"]}, "body"),
        ({"on": "webhook", "error": 131047}, "body"),
        ({"on": "messages", "times": 0}, "/times"),
        ({"on": "messages", "status": 200}, "/status"),
        ({"on": "messages", "delay_seconds": 121}, "/delay_seconds"),
        ({"on": "messages", "statuses": ["seen"]}, "/statuses/0"),
        ({"on": "messages", "wrong": True}, "/wrong"),
        ({"on": "calls"}, "/on"),
    ],
)
async def test_a_behaviour_that_means_nothing_is_refused(
    there: Stand, body: dict[str, object], field: str
) -> None:
    assert refused(await there.tests.post("/_sandbox/behaviours", json=body)) == (422, field)
    assert await there.control("GET", "/behaviours") == []


async def test_behaviours_are_spent_in_their_order(there: Stand) -> None:
    await there.behave("messages", error=130429, times=2)
    await there.behave("messages", error=131000)
    await there.text()
    waiting = await there.control("GET", "/behaviours")
    assert [(one["error"], one["left"]) for one in waiting] == [(130429, 1), (131000, 1)]


async def test_so_many_behaviours_may_wait(there: Stand) -> None:
    for _ in range(MAX_WAITING):
        await there.behave("messages")
    answer = await there.tests.post("/_sandbox/behaviours", json={"on": "messages"})
    assert (answer.status_code, answer.json()["reason"]) == (409, "too_many")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"type": "text", "body": "a" * 4097}, "/text/body"),
        ({"type": "text", "body": "a", "to": "999"}, "/to"),
        ({"type": "image", "content": "*", "mime_type": "image/jpeg"}, "/image/content"),
        ({"type": "location", "latitude": 91, "longitude": 0}, "/location/latitude"),
        ({"type": "text", "body": "a", "at": "2023-03-11T09:00:00"}, "/text/at"),
    ],
)
async def test_what_nobody_can_write_is_refused(
    there: Stand, said: dict[str, object], field: str
) -> None:
    path = f"/_sandbox/residents/{WARGA}/messages"
    answer = await there.tests.post(path, json={"to": FIRST, **said})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].endswith(field.rpartition("/")[2])


async def test_whoever_is_not_known_cannot_write(there: Stand) -> None:
    said = {"type": "text", "body": "a", "to": FIRST}
    answer = await there.tests.post("/_sandbox/residents/udin/messages", json=said)
    assert answer.status_code == 404


async def test_a_user_id_is_somebodys_alone(there: Stand) -> None:
    told = await there.control("PUT", f"/residents/{WARGA}", {"wa_id": PHONE})
    body = {"user_id": told["user_id"]}
    answer = await there.tests.put("/_sandbox/residents/udin", json=body)
    assert (answer.status_code, answer.json()["reason"]) == (409, "user_id_taken")


async def test_a_number_is_somebodys_alone_until_it_is_taken_from_him(there: Stand) -> None:
    body = {"wa_id": PHONE}
    answer = await there.tests.put("/_sandbox/residents/udin", json=body)
    assert (answer.status_code, answer.json()["reason"]) == (409, "phone_taken")
    await there.control("PUT", f"/residents/{WARGA}", {})
    await there.control("PUT", "/residents/udin", body)


async def test_the_clock_stands_where_it_was_put(there: Stand) -> None:
    at = {"at": "2026-11-28T01:00:00Z", "advance_seconds": 60}
    assert await there.control("POST", "/clock", at) == {"now": "2026-11-28T01:01:00+00:00"}
    there.clock.advance(hours=1)
    assert await there.control("POST", "/clock", {}) == {"now": "2026-11-28T01:01:00+00:00"}


async def test_a_reset_forgets_everything_but_the_address(there: Stand) -> None:
    await there.control("POST", "/clock", {"advance_seconds": 60})
    await there.control("PUT", "/delivery", {"mode": "held"})
    await there.behave("messages", error=130429)
    await there.write()
    media_id = (await there.upload(b"%PDF")).json()["id"]
    await there.control("POST", "/reset")
    for path in ("/sent", "/calls", "/deliveries", "/behaviours"):
        assert await there.control("GET", path) == []
    assert (await there.asked(media_id)).status_code == 400
    assert await there.control("POST", "/clock", {}) == {"now": there.clock().isoformat()}
    await there.control("PUT", f"/residents/{WARGA}", {"wa_id": PHONE})
    await there.write("lagi")
    await there.flush()
    assert [m["text"]["body"] for m in there.office.messages] == ["lagi"]
