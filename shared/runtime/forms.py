"""A page's form as a command: sent twice, as by a double tap, it is done once."""

from dataclasses import replace
from typing import Final

from fastapi import Request

from shared.auth.roles import Caller
from shared.contracts.envelope import new_id
from shared.messaging.task import fingerprint_of
from shared.runtime.commands import Sent, sent_with
from shared.web.idempotency import usable_key

KEY: Final = "kunci"
"""The hidden field with the key, made anew whenever the form is shown: `new_key()` in templates."""


async def form_sent(request: Request, caller: Caller, content: str) -> Sent:
    """Return a form as a command; `content` is what it asks for, without any secret.

    The same form with other content, as after the browser's way back, is another command. One
    without a usable key is a new command each time.
    """
    key = str((await request.form()).get(KEY, ""))
    one = sent_with(request, caller, usable_key(key) or new_id(), content)
    return replace(one, inbox_id=fingerprint_of(one.inbox_id, one.fingerprint))
