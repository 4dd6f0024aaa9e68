"""Files on their way: kept for days under an id, fetched at an address that lasts for minutes."""

import hmac
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from deploy.local.whatsapp.clock import Clock
from deploy.local.whatsapp.faults import GraphError, no_such
from deploy.local.whatsapp.world import new_media_id

MIB: Final = 1024 * 1024
RECEIVED_LIFETIME: Final = timedelta(days=7)
"""Of what a resident has sent."""
UPLOADED_LIFETIME: Final = timedelta(days=30)
ADDRESS_LIFETIME: Final = timedelta(minutes=5)
PATH: Final = "/whatsapp_business/attachments/"

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
TYPES: Final[Mapping[str, frozenset[str]]] = {
    "image": frozenset({"image/jpeg", "image/png"}),
    "audio": frozenset({"audio/aac", "audio/amr", "audio/mp4", "audio/mpeg", "audio/ogg"}),
    "video": frozenset({"video/3gpp", "video/mp4"}),
    "sticker": frozenset({"image/webp"}),
    "document": frozenset(
        {
            "application/msword",
            "application/pdf",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            f"{_OFFICE}.presentationml.presentation",
            f"{_OFFICE}.spreadsheetml.sheet",
            f"{_OFFICE}.wordprocessingml.document",
            "text/plain",
        }
    ),
}
"""Content types that Meta takes of each kind."""
LIMITS: Final[Mapping[str, int]] = {
    "image": 5 * MIB,
    "audio": 16 * MIB,
    "video": 16 * MIB,
    "sticker": MIB // 2,
    "document": 100 * MIB,
}
"""Bytes of a file of each kind."""


@dataclass(frozen=True, slots=True)
class Medium:
    """A file, with what is told of it: a test may have another digest told than its own."""

    id: str
    content: bytes
    mime_type: str
    ends: datetime
    told: bytes

    @property
    def hexadecimal(self) -> str:
        """Return the digest as the answer about a media id tells it."""
        return self.told.hex()

    @property
    def base64(self) -> str:
        """Return the digest as webhooks tell it."""
        return b64encode(self.told).decode()


class Media:
    """The files, by id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._kept: dict[str, Medium] = {}

    def upload(self, content: bytes, mime_type: str) -> Medium:
        """Keep what an office uploads. Raises GraphError where type or size is not taken."""
        check(content, mime_type)
        return self._keep(content, mime_type, UPLOADED_LIFETIME, sha256(content).digest())

    def receive(
        self, content: bytes, mime_type: str, *, wrong_digest: bool, expired: bool
    ) -> Medium:
        """Keep what a resident sends."""
        told = sha256(content + b"other" if wrong_digest else content).digest()
        return self._keep(content, mime_type, timedelta() if expired else RECEIVED_LIFETIME, told)

    def find(self, media_id: str) -> Medium:
        """Return a file. Raises GraphError where there is none, or none any more."""
        medium = self._kept.get(media_id)
        if medium is None or medium.ends <= self._clock():
            raise no_such(media_id)
        return medium

    def remove(self, media_id: str) -> None:
        """Forget a file. Raises GraphError where there is none."""
        del self._kept[self.find(media_id).id]

    def address(self, medium: Medium, origin: str) -> str:
        """Return where the file can be fetched for five minutes, with the access token."""
        ends = int((self._clock() + ADDRESS_LIFETIME).timestamp())
        return f"{origin}{PATH}?mid={medium.id}&ext={ends}&hash={self._proof(medium.id, ends)}"

    def fetch(self, media_id: str, ends: int, proof: str) -> Medium:
        """Return the file behind an address. Raises GraphError (404) when that has run out."""
        right = hmac.compare_digest(self._proof(media_id, ends).encode(), proof.encode())
        if not right or ends <= self._clock().timestamp():
            raise GraphError(100, "The address has run out: ask for a new one.", status=404)
        return self.find(media_id)

    def _keep(self, content: bytes, mime_type: str, lifetime: timedelta, told: bytes) -> Medium:
        medium = Medium(new_media_id(), content, mime_type, self._clock() + lifetime, told)
        self._kept[medium.id] = medium
        return medium

    def _proof(self, media_id: str, ends: int) -> str:
        return hmac.new(self._key, f"{media_id}:{ends}".encode(), sha256).hexdigest()


def kind_of(mime_type: str) -> str | None:
    """Return the kind of file that a content type is, None where Meta takes no such."""
    bare = mime_type.partition(";")[0].strip().lower()
    return next((kind for kind, types in TYPES.items() if bare in types), None)


def check(content: bytes, mime_type: str) -> None:
    """Raise GraphError where Meta would not take such a file."""
    kind = kind_of(mime_type)
    if kind is None:
        raise GraphError(100, "The file is of a content type that is not taken.")
    if not content:
        raise GraphError(100, "The file is empty.")
    if len(content) > LIMITS[kind]:
        raise GraphError(100, f"The file is larger than {LIMITS[kind]} bytes.")
