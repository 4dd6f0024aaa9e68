"""Files: up, down, and what can be wrong with them."""

from base64 import b64decode, b64encode
from hashlib import sha256
from time import monotonic
from typing import Any

import pytest

from deploy.local.whatsapp.media import MIB
from tests.component.deploy.whatsapp_kit import (
    FIRST,
    KEYS,
    VERSION,
    Stand,
    error_of,
)

PHOTO = b"\xff\xd8 foto KK"
DAY = 86_400


async def received(there: Stand, **more: object) -> dict[str, Any]:
    """What the webhook tells of a photo that Siti sends."""
    await there.photo(PHOTO, **more)
    await there.flush()
    image: dict[str, Any] = there.office.messages[-1]["image"]
    return image


async def fetched(there: Stand, media_id: str) -> bytes:
    answer = await there.meta.get((await there.asked(media_id)).json()["url"])
    assert answer.status_code == 200
    return answer.content


async def test_what_is_uploaded_comes_down_again(there: Stand) -> None:
    media_id = (await there.upload(b"%PDF-1.7 surat")).json()["id"]
    told = (await there.asked(media_id)).json()
    assert told["sha256"] == sha256(b"%PDF-1.7 surat").hexdigest()
    assert (told["file_size"], told["mime_type"]) == (14, "application/pdf")
    assert await fetched(there, media_id) == b"%PDF-1.7 surat"


async def test_a_photo_is_told_with_its_digest_in_base64(there: Stand) -> None:
    image = await received(there, caption="KK saya")
    assert b64decode(image["sha256"]) == sha256(PHOTO).digest()
    assert (image["caption"], image["mime_type"]) == ("KK saya", "image/jpeg")
    told = (await there.asked(image["id"])).json()
    assert told["sha256"] == sha256(PHOTO).hexdigest()
    assert await fetched(there, image["id"]) == PHOTO


async def test_a_file_is_given_to_nobody_without_the_token(there: Stand) -> None:
    image = await received(there)
    url = (await there.asked(image["id"])).json()["url"]
    del there.meta.headers["Authorization"]
    assert error_of(await there.meta.get(url)) == (401, 190)
    assert error_of(await there.asked(image["id"])) == (401, 190)
    assert error_of(await there.upload(b"%PDF")) == (401, 190)


async def test_an_address_lasts_for_five_minutes(there: Stand) -> None:
    image = await received(there)
    url = (await there.asked(image["id"])).json()["url"]
    await there.control("POST", "/clock", {"advance_seconds": 299})
    assert (await there.meta.get(url)).status_code == 200
    await there.control("POST", "/clock", {"advance_seconds": 1})
    assert error_of(await there.meta.get(url)) == (404, 100)
    assert await fetched(there, image["id"]) == PHOTO


async def test_an_address_is_not_made_up(there: Stand) -> None:
    image = await received(there)
    url = (await there.asked(image["id"])).json()["url"]
    later = url.replace("&hash=", "0&hash=")
    assert error_of(await there.meta.get(later)) == (404, 100)


@pytest.mark.parametrize(("uploaded", "days"), [(False, 7), (True, 30)])
async def test_a_file_is_kept_for_days(there: Stand, days: int, *, uploaded: bool) -> None:
    media_id = (await there.upload(PHOTO, "image/jpeg")).json()["id"]
    if not uploaded:
        media_id = (await received(there))["id"]
    await there.control("POST", "/clock", {"advance_seconds": days * DAY - 1})
    assert (await there.asked(media_id)).status_code == 200
    await there.control("POST", "/clock", {"advance_seconds": 1})
    answer = await there.asked(media_id)
    assert error_of(answer) == (400, 100)
    assert answer.json()["error"]["error_subcode"] == 33


async def test_a_file_is_not_sent_after_its_days(there: Stand) -> None:
    media_id = (await there.upload(b"%PDF-1.7 surat")).json()["id"]
    message = {"type": "document", "document": {"id": media_id, "filename": "kia.pdf"}}
    assert (await there.send(message)).status_code == 200
    await there.control("POST", "/clock", {"advance_seconds": 30 * DAY})
    assert error_of(await there.send(message)) == (400, 100)


async def test_a_photo_may_come_with_an_id_that_has_expired(there: Stand) -> None:
    image = await received(there, expired=True)
    assert error_of(await there.asked(image["id"])) == (400, 100)


async def test_a_photo_may_come_with_another_digest_than_its_own(there: Stand) -> None:
    image = await received(there, wrong_digest=True)
    content = await fetched(there, image["id"])
    assert content == PHOTO
    assert b64decode(image["sha256"]) != sha256(content).digest()
    told = (await there.asked(image["id"])).json()
    assert bytes.fromhex(told["sha256"]) == b64decode(image["sha256"])


async def test_the_next_answers_about_a_file_may_be_wrong(there: Stand) -> None:
    image = await received(there)
    await there.behave("media", wrong_digest=True)
    await there.behave("media", expired=True)
    await there.behave("media", error=131052)
    told = (await there.asked(image["id"])).json()
    assert told["sha256"] != sha256(PHOTO).hexdigest()
    assert error_of(await there.asked(image["id"])) == (400, 100)
    assert error_of(await there.asked(image["id"])) == (400, 131052)
    assert (await there.asked(image["id"])).json()["sha256"] == sha256(PHOTO).hexdigest()


async def test_a_download_fails_twice_and_then_not(there: Stand) -> None:
    image = await received(there)
    await there.behave("download", status=503, times=2)
    url = (await there.asked(image["id"])).json()["url"]
    answers = [(await there.meta.get(url)).status_code for _ in range(3)]
    assert answers == [503, 503, 200]


async def test_a_download_may_be_short_too_late_or_slow(there: Stand) -> None:
    image = await received(there)
    url = (await there.asked(image["id"])).json()["url"]
    await there.behave("download", truncated=True)
    await there.behave("download", expired=True)
    await there.behave("download", delay_seconds=0.2)
    assert (await there.meta.get(url)).content == PHOTO[: len(PHOTO) // 2]
    assert error_of(await there.meta.get(url)) == (404, 100)
    began = monotonic()
    assert (await there.meta.get(url)).content == PHOTO
    assert monotonic() - began >= 0.2


async def test_the_next_uploads_are_refused(there: Stand) -> None:
    await there.behave("upload", error=131053, times=2)
    await there.behave("upload", status=500, lost_answer=True)
    answers = [await there.upload(b"%PDF") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [400, 400, 500, 200]


@pytest.mark.parametrize(
    ("size", "mime_type"),
    [(5 * MIB, "image/png"), (16 * MIB, "audio/ogg; codecs=opus"), (MIB // 2, "image/webp")],
)
async def test_a_file_above_its_limit_is_refused(there: Stand, size: int, mime_type: str) -> None:
    assert (await there.upload(bytes(size), mime_type)).status_code == 200
    assert error_of(await there.upload(bytes(size + 1), mime_type)) == (400, 100)


async def test_an_upload_above_everything_is_refused_unread(there: Stand) -> None:
    headers = {"Content-Length": str(102 * MIB), "Content-Type": "multipart/form-data; boundary=x"}
    answer = await there.meta.post(f"/{VERSION}/{FIRST}/media", content=b"-", headers=headers)
    assert error_of(answer) == (413, 100)


@pytest.mark.parametrize("mime_type", ["application/zip", "image/gif", "text/html"])
async def test_a_file_of_a_strange_type_is_refused(there: Stand, mime_type: str) -> None:
    assert error_of(await there.upload(b"PK", mime_type)) == (400, 100)


async def test_an_empty_file_and_a_form_without_file_are_refused(there: Stand) -> None:
    assert error_of(await there.upload(b"")) == (400, 100)
    data = {"messaging_product": "whatsapp"}
    answer = await there.meta.post(f"/{VERSION}/{FIRST}/media", data=data, files={"x": b"y"})
    assert error_of(answer) == (400, 131008)


async def test_a_file_is_removed(there: Stand) -> None:
    media_id = (await there.upload(b"%PDF")).json()["id"]
    path = f"/{VERSION}/{media_id}"
    assert (await there.meta.delete(path)).json() == {"success": True}
    assert error_of(await there.meta.delete(path)) == (400, 100)


@pytest.mark.parametrize(
    ("kind", "mime_type", "more"),
    [
        ("audio", "audio/ogg; codecs=opus", {"voice": True}),
        ("document", "application/pdf", {"filename": "kk.pdf"}),
        ("sticker", "image/webp", {"animated": False}),
        ("video", "video/mp4", {"caption": "rumah kami"}),
    ],
)
async def test_residents_send_files_of_every_kind(
    there: Stand, kind: str, mime_type: str, more: dict[str, object]
) -> None:
    content = b64encode(b"isi").decode()
    await there.say({"type": kind, "content": content, "mime_type": mime_type, **more})
    await there.flush()
    (message,) = there.office.messages
    assert message["type"] == kind
    assert more.items() <= message[kind].items()
    assert await fetched(there, message[kind]["id"]) == b"isi"


async def test_a_photo_is_no_document(there: Stand) -> None:
    said = {"type": "image", "to": FIRST, "content": "aXNp", "mime_type": "application/pdf"}
    answer = await there.tests.post("/_sandbox/residents/siti/messages", json=said)
    assert answer.status_code == 409
    assert KEYS.access_token not in answer.text
