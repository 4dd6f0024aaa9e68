"""The bodies of webhooks, as bytes, and their signature.

Envelope and rules: entries hold changes, changes hold messages or statuses of one number; Meta
escapes what is not ASCII, so the signature fits these bytes alone and no body written anew.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Any, Final, Literal

from deploy.local.whatsapp.behaviour import StatusWord
from deploy.local.whatsapp.faults import FAULTS
from deploy.local.whatsapp.world import Sent, Update

SIGNATURE: Final = "X-Hub-Signature-256"
Shape = Literal["messages", "changes", "entries"]
_AFTER: Final[Mapping[StatusWord, int]] = {"sent": 0, "failed": 1, "delivered": 1, "read": 2}
"""Seconds by which a status says that it came after the send, in whatever order it arrives."""


def sign(raw: bytes, secret: str) -> str:
    """Return the signature header of a body."""
    return f"sha256={hmac.new(secret.encode(), raw, sha256).hexdigest()}"


def body_of(updates: Sequence[Update], account: str, shape: Shape) -> bytes:
    """Return one webhook with these updates in their order.

    In `messages` neighbours of one number and kind share a change; in `changes` each has its own;
    in `entries` each has an entry of its own.
    """
    changes = [_change(group) for group in _groups(updates, shape)]
    groups = [[change] for change in changes] if shape == "entries" else [changes]
    entries = [{"id": account, "changes": group} for group in groups]
    document = {"object": "whatsapp_business_account", "entry": entries}
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def status(sent: Sent, word: StatusWord, error: int | None, now: datetime) -> Update:
    """Return the update that says what became of a message."""
    phone = {"recipient_id": sent.resident.wa_id} if sent.resident.wa_id else {}
    tracker = {"biz_opaque_callback_data": sent.tracker} if sent.tracker else {}
    body = {
        "id": sent.id,
        "status": word,
        "timestamp": str(int((now + timedelta(seconds=_AFTER[word])).timestamp())),
        **phone,
        "recipient_user_id": sent.resident.user_id,
        **tracker,
        **_outcome(sent, word, error),
    }
    return Update("statuses", sent.number, sent.resident.contact(), body)


def _outcome(sent: Sent, word: StatusWord, error: int | None) -> dict[str, Any]:
    if word == "failed":
        return {"errors": [FAULTS[error or 131000].in_status()]}
    template = sent.type == "template"
    pricing = {
        "billable": not sent.in_window,
        "pricing_model": "PMP",
        "type": "free_customer_service" if sent.in_window else "regular",
        "category": "utility" if template else "service",
    }
    return {"pricing": pricing}


def _groups(updates: Sequence[Update], shape: Shape) -> list[list[Update]]:
    if shape != "messages":
        return [[update] for update in updates]
    return [list(g) for _, g in groupby(updates, key=lambda one: (one.number.id, one.kind))]


def _change(updates: Sequence[Update]) -> dict[str, Any]:
    number = updates[0].number
    metadata = {"display_phone_number": number.digits, "phone_number_id": number.id}
    contacts: list[dict[str, Any]] = []
    for update in updates:
        if update.contact and update.contact not in contacts:
            contacts.append(update.contact)
    value = {
        "messaging_product": "whatsapp",
        "metadata": metadata,
        **({"contacts": contacts} if contacts else {}),
        updates[0].kind: [update.body for update in updates],
    }
    return {"value": value, "field": "messages"}
