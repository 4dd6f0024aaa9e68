"""A resident's form as a command: sent again it is the same, changed it is another."""

from collections.abc import Iterable

from services.intake.usecases import RESIDENT
from shared.contracts.envelope import new_id
from shared.messaging.task import fingerprint_of
from shared.runtime import FingerprintKey, Sent
from shared.web.idempotency import usable_key


def resident_sent(
    purpose: str, action: str, own_key: str, typed: Iterable[str], key: FingerprintKey
) -> Sent:
    """Return a form of somebody without an account as a command.

    `own_key` is the hidden field that the form was shown with, `typed` all that was typed into it.
    """
    content = fingerprint_of(key.secret, usable_key(own_key) or new_id(), *typed)
    return Sent(fingerprint_of(purpose, content), content, actor=RESIDENT, action=action)
