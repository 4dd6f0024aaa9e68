"""What residents write, as a test says it, and the message of the webhook that comes of it."""

from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from deploy.local.whatsapp.media import LIMITS, Media, kind_of
from deploy.local.whatsapp.world import Number, Resident, Sent, Update, new_message_id
from shared.web.body import Body, Unfit
from shared.web.problems import Conflict

_BASE64: Final = 4 * (LIMITS["audio"] // 3 + 1)
"""Characters of a file in a test's words: residents send 16 MiB at most in the sandbox."""


def _base64(text: str) -> str:
    try:
        b64decode(text, validate=True)
    except Error as error:
        raise Unfit("must be base64") from error
    return text


class Written(Body):
    """What every message has. `at` is the sender's time, which may lie before the sandbox's."""

    to: str = Field(description="Meta's id of the published number.")
    at: AwareDatetime | None = None
    reply_to: str | None = Field(default=None, description="Id of the message that it answers.")
    forwarded: bool = False
    copies: int = Field(default=1, ge=1, le=20, description="The webhook comes so many times.")


_ENVELOPE: Final = {"type", *Written.model_fields}


class Text(Written):
    """Free text."""

    type: Literal["text"]
    body: str = Field(min_length=1, max_length=4096)


class File(Written):
    """A photo, a voice note, a document, a sticker, with what may be wrong with it."""

    type: Literal["image", "audio", "video", "document", "sticker"]
    content: Annotated[str, Field(min_length=1, max_length=_BASE64), AfterValidator(_base64)]
    mime_type: str = Field(max_length=100)
    caption: str | None = Field(default=None, max_length=1024)
    filename: str | None = None
    voice: bool = False
    animated: bool = False
    wrong_digest: bool = False
    expired: bool = False


class Location(Written):
    """A place."""

    type: Literal["location"]
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    name: str | None = None
    address: str | None = None


class Card(Body):
    """Somebody's name and number."""

    name: str
    phone: str = Field(pattern=r"^\+?[0-9 -]{6,20}$")


class Contacts(Written):
    """Cards of other people."""

    type: Literal["contacts"]
    cards: tuple[Card, ...] = Field(min_length=1, max_length=20)


class Reaction(Written):
    """A sign put to a message; without one it is taken back."""

    type: Literal["reaction"]
    message_id: str
    emoji: str | None = Field(default=None, max_length=20)


class Choice(Written):
    """A button or a row of an interactive message, which `reply_to` names, is chosen."""

    type: Literal["choice"]
    id: str = Field(max_length=256)


class Unsupported(Written):
    """Something that Meta does not pass on."""

    type: Literal["unsupported"]


Message = Annotated[
    Text | File | Location | Contacts | Reaction | Choice | Unsupported,
    Field(discriminator="type"),
]


class Writer:
    """Makes the webhook's message of what somebody writes."""

    def __init__(self, media: Media, sent: Mapping[str, Sent]) -> None:
        self._media = media
        self._sent = sent

    def update(self, said: Message, number: Number, resident: Resident, now: datetime) -> Update:
        """Return the update. Raises Conflict where a choice fits no message that was sent."""
        body = {
            **({"from": resident.wa_id} if resident.wa_id else {}),
            "from_user_id": resident.user_id,
            "id": new_message_id(),
            "timestamp": str(int((said.at or now).timestamp())),
            **self._context(said, number),
            **self._content(said),
        }
        return Update("messages", number, resident.contact(), body)

    def _context(self, said: Message, number: Number) -> dict[str, Any]:
        replied = {"from": number.digits, "id": said.reply_to} if said.reply_to else {}
        context = replied | ({"forwarded": True} if said.forwarded else {})
        return {"context": context} if context else {}

    def _content(self, said: Message) -> dict[str, Any]:
        match said:
            case File():
                return {"type": said.type, said.type: self._file(said)}
            case Choice():
                return self._chosen(said)
            case Unsupported():
                return _unsupported()
            case _:
                return {"type": said.type, said.type: _plain(said)}

    def _file(self, said: File) -> dict[str, Any]:
        if kind_of(said.mime_type) != said.type:
            raise Conflict(f"{said.type}: residents cannot send such a content type")
        medium = self._media.receive(
            b64decode(said.content),
            said.mime_type,
            wrong_digest=said.wrong_digest,
            expired=said.expired,
        )
        told = {"mime_type": said.mime_type, "sha256": medium.base64, "id": medium.id}
        more = said.model_dump(include={"caption", "filename"}, exclude_none=True)
        kind = {"audio": {"voice": said.voice}, "sticker": {"animated": said.animated}}
        return {**more, **told, **kind.get(said.type, {})}

    def _chosen(self, said: Choice) -> dict[str, Any]:
        sent = self._sent.get(said.reply_to or "")
        if sent is None or sent.type != "interactive":
            raise Conflict("reply_to names no interactive message that was sent")
        kind = "button_reply" if sent.payload["type"] == "button" else "list_reply"
        chosen = next((one for one in _choices(sent.payload) if one["id"] == said.id), None)
        if chosen is None:
            raise Conflict("the message offers no such choice")
        return {"type": "interactive", "interactive": {"type": kind, kind: chosen}}


def moved(before: Resident, after: Resident, number: Number, now: datetime) -> Update:
    """Return what Meta says when somebody's number or user id has changed; it names no contact.

    With the number the user id changes too; where the number cannot be told, the id alone is.
    """
    told: dict[str, str] = {"user_id": after.user_id, "previous_user_id": before.user_id}
    if after.wa_id:
        told |= {"type": "user_changed_number", "wa_id": after.wa_id}
        told["body"] = f"User {after.name} changed from {before.wa_id} to {after.wa_id}"
    else:
        told |= {"type": "user_changed_user_id", "body": f"User {after.name} changed"}
    body = {
        **({"from": before.wa_id} if before.wa_id and after.wa_id else {}),
        "id": new_message_id(),
        "timestamp": str(int(now.timestamp())),
        "type": "system",
        "system": told,
    }
    return Update("messages", number, None, body)


def _plain(said: Text | Location | Contacts | Reaction) -> object:
    match said:
        case Text():
            return {"body": said.body}
        case Contacts():
            return [_card(card) for card in said.cards]
        case _:
            return said.model_dump(exclude=_ENVELOPE, exclude_none=True)


def _choices(interactive: Mapping[str, Any]) -> list[dict[str, Any]]:
    action = interactive["action"]
    if interactive["type"] == "button":
        return [button["reply"] for button in action["buttons"]]
    return [row for section in action["sections"] for row in section["rows"]]


def _card(card: Card) -> dict[str, Any]:
    name = {"formatted_name": card.name, "first_name": card.name}
    return {"name": name, "phones": [{"phone": card.phone, "type": "CELL"}]}


def _unsupported() -> dict[str, Any]:
    error = {
        "code": 131051,
        "title": "Message type unknown",
        "message": "Message type unknown",
        "error_data": {"details": "Message type is currently not supported."},
    }
    return {"type": "unsupported", "unsupported": {"type": "unknown"}, "errors": [error]}
