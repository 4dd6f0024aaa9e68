"""A client that others wrote talks to the sandbox and reads its webhooks."""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx
import pytest
from pywa_async import WhatsApp
from pywa_async.errors import MediaUploadError, RateLimitHit, ReEngagementMessage
from pywa_async.types import (
    Button,
    CallbackButton,
    CallbackSelection,
    Message,
    MessageStatus,
    PhoneNumberChange,
    Section,
    SectionList,
    SectionRow,
)
from pywa_async.types.templates import TemplateLanguage

from deploy.local.whatsapp.app import sandbox_app
from tests.component.deploy.whatsapp_kit import ACCOUNT, FIRST, KEYS, PHONE, Stand, stand

PDF = b"%PDF-1.7 surat"


@dataclass
class Pywa:
    """The sandbox with pywa as its office."""

    there: Stand
    client: WhatsApp
    seen: list[Any]

    async def read(self) -> list[Any]:
        """Have pywa check and read every webhook, and return what it made of them."""
        await self.there.flush()
        bodies, self.there.office.bodies = self.there.office.bodies, []
        for raw in bodies:
            signed = next(d.signature for d in self.there.box.postman.deliveries if d.raw == raw)
            assert await self.client.webhook_update_validator(raw, signed) is None
            assert await self.client.webhook_update_validator(raw + b" ", signed)
            assert await self.client.webhook_update_handler(raw) == ("ok", 200)
        seen, self.seen[:] = list(self.seen), []
        return seen


@pytest.fixture
async def pywa() -> AsyncIterator[Pywa]:
    async with stand() as there:
        transport = httpx.ASGITransport(sandbox_app(there.box))
        session = httpx.AsyncClient(transport=transport)
        client = WhatsApp(
            phone_id=FIRST,
            token=KEYS.access_token,
            session=session,
            waba_id=ACCOUNT,
            app_secret=KEYS.app_secret,
            verify_token=KEYS.verify_token,
        )
        session.base_url = httpx.URL("http://meta.test/v25.0")
        seen: list[Any] = []

        async def keep(_: WhatsApp, update: Any) -> None:
            seen.append(update)

        for listen in (
            client.on_message,
            client.on_message_status,
            client.on_callback_button,
            client.on_callback_selection,
            client.on_phone_number_change,
        ):
            listen(keep)
        yield Pywa(there, client, seen)
        await session.aclose()


async def test_pywa_reads_what_residents_write(pywa: Pywa) -> None:
    message_id = await pywa.there.write("Selamat pagi \N{PERSON WITH FOLDED HANDS}")
    (message,) = await pywa.read()
    assert isinstance(message, Message)
    assert (message.id, message.text) == (message_id, "Selamat pagi \N{PERSON WITH FOLDED HANDS}")
    assert (message.from_user.wa_id, message.from_user.name) == (PHONE, "Siti")
    assert message.metadata.phone_number_id == FIRST


async def test_pywa_fetches_a_photo(pywa: Pywa) -> None:
    await pywa.there.photo(b"\xff\xd8 foto", caption="KK")
    (message,) = await pywa.read()
    assert message.image.caption == "KK"
    assert await message.get_media_bytes() == b"\xff\xd8 foto"


async def test_pywa_reads_every_kind(pywa: Pywa) -> None:
    voice = {"content": b64encode(b"isi").decode(), "mime_type": "audio/ogg; codecs=opus"}
    await pywa.there.say({"type": "audio", "voice": True, **voice})
    sticker = {"content": b64encode(b"isi").decode(), "mime_type": "image/webp"}
    await pywa.there.say({"type": "sticker", **sticker})
    await pywa.there.say({"type": "location", "latitude": -2.33, "longitude": 115.61})
    cards = [{"name": "Pak RT", "phone": "+62 812 3450 0002"}]
    await pywa.there.say({"type": "contacts", "cards": cards})
    await pywa.there.say({"type": "unsupported"})
    audio, picture, place, card, unknown = await pywa.read()
    assert audio.voice.mime_type == "audio/ogg; codecs=opus"
    assert picture.sticker.animated is False
    assert (place.location.latitude, place.location.longitude) == (-2.33, 115.61)
    assert card.contacts[0].phones[0].phone == "+62 812 3450 0002"
    assert unknown.error.code == 131051


async def test_pywa_reads_that_a_number_has_changed(pywa: Pywa) -> None:
    new = {"to": FIRST, "wa_id": "6281234500008"}
    after = await pywa.there.control("POST", "/residents/siti/number", new)
    (change,) = await pywa.read()
    assert isinstance(change, PhoneNumberChange)
    assert (change.old_wa_id, change.new_wa_id) == (PHONE, "6281234500008")
    assert change.new_user_id == after["user_id"]


async def test_pywa_sends_text_and_reads_its_statuses(pywa: Pywa) -> None:
    await pywa.there.write()
    await pywa.read()
    sent = await pywa.client.send_message(to=PHONE, text="Baik, Bu")
    statuses = await pywa.read()
    assert all(isinstance(status, MessageStatus) for status in statuses)
    assert [(s.id, s.status.value) for s in statuses] == [(sent.id, "sent"), (sent.id, "delivered")]
    assert statuses[0].from_user.wa_id == PHONE


async def test_pywa_answers_somebody_without_a_phone(pywa: Pywa) -> None:
    await pywa.there.control("PUT", "/residents/udin", {"name": "Udin"})
    await pywa.there.say({"type": "text", "body": "Halo"}, "udin")
    (message,) = await pywa.read()
    assert message.from_user.wa_id is None
    await message.reply_text("Ya, Pak")
    (sent,) = await pywa.there.control("GET", "/sent?to=udin")
    assert (sent["payload"]["body"], sent["error"]) == ("Ya, Pak", None)


async def test_pywa_sends_buttons_and_reads_the_choice(pywa: Pywa) -> None:
    buttons = [Button("Selesai", "selesai"), Button("Belum", "belum")]
    sent = await pywa.client.send_message(to=PHONE, text="Sudah semua?", buttons=buttons)
    await pywa.there.say({"type": "choice", "reply_to": sent.id, "id": "selesai"})
    choice = (await pywa.read())[-1]
    assert isinstance(choice, CallbackButton)
    assert (choice.data, choice.title) == ("selesai", "Selesai")
    assert choice.reply_to_message
    assert choice.reply_to_message.id == sent.id


async def test_pywa_sends_a_list_and_reads_the_choice(pywa: Pywa) -> None:
    rows = [SectionRow("KIA", "kia", "Kartu Identitas Anak"), SectionRow("KK", "kk")]
    menu = SectionList("Pilih", [Section("Layanan", rows)])
    sent = await pywa.client.send_message(to=PHONE, text="Layanan apa?", buttons=menu)
    await pywa.there.say({"type": "choice", "reply_to": sent.id, "id": "kia"})
    choice = (await pywa.read())[-1]
    assert isinstance(choice, CallbackSelection)
    assert (choice.data, choice.title, choice.description) == ("kia", "KIA", "Kartu Identitas Anak")


async def test_pywa_uploads_sends_and_downloads_a_document(pywa: Pywa) -> None:
    media = await pywa.client.upload_media(PDF, mime_type="application/pdf", filename="kia.pdf")
    told = await pywa.client.get_media_url(media.id)
    assert (told.sha256, told.file_size) == (sha256(PDF).hexdigest(), len(PDF))
    assert await pywa.client.get_media_bytes(url=told.url) == PDF
    await pywa.client.send_document(to=PHONE, document=media, filename="kia.pdf", caption="Terbit")
    (sent,) = await pywa.there.control("GET", "/sent")
    assert sent["payload"] == {"id": media.id, "filename": "kia.pdf", "caption": "Terbit"}


async def test_pywa_sends_a_template_with_a_document(pywa: Pywa) -> None:
    template = {"name": "dokumen_terbit", "language": "id", "header": "document", "parameters": 1}
    await pywa.there.control("PUT", "/templates", [template])
    media = await pywa.client.upload_media(PDF, mime_type="application/pdf", filename="kia.pdf")
    header = {"type": "document", "document": {"id": media.id, "filename": "kia.pdf"}}
    params: list[Any] = [
        {"type": "header", "parameters": [header]},
        {"type": "body", "parameters": [{"type": "text", "text": "KIA"}]},
    ]
    await pywa.client.send_template(
        to=PHONE, name="dokumen_terbit", language=TemplateLanguage.INDONESIAN, params=params
    )
    statuses = await pywa.read()
    assert [status.status.value for status in statuses] == ["sent", "delivered"]


async def test_pywa_knows_the_refusals(pywa: Pywa) -> None:
    await pywa.there.behave("messages", error=130429)
    with pytest.raises(RateLimitHit):
        await pywa.client.send_message(to=PHONE, text="Baik, Bu")
    await pywa.there.behave("upload", error=131053)
    with pytest.raises(MediaUploadError):
        await pywa.client.upload_media(PDF, mime_type="application/pdf", filename="kia.pdf")
    await pywa.client.send_message(to=PHONE, text="terlambat")
    (failed,) = await pywa.read()
    assert isinstance(failed.error, ReEngagementMessage)


async def test_pywa_proves_itself_in_the_handshake(pywa: Pywa) -> None:
    challenge = await pywa.client.webhook_challenge_handler(KEYS.verify_token, "4711")
    assert challenge == ("4711", 200)
