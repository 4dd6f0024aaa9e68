"""A message as the broker would hand it over, without one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pamqp.commands import Basic

from shared.messaging.message import EXCHANGE


class Delivery:
    """Stands in for `messaging.delivery.Delivery` and for the channel it came on."""

    def __init__(self, body: bytes, said: Basic.Properties) -> None:
        self.body = body
        self.content_type: str | None = said.content_type
        self.message_id: str | None = said.message_id
        self.type: str | None = said.message_type
        self.correlation_id: str | None = said.correlation_id
        self.timestamp: datetime | None = said.timestamp
        self.app_id: str | None = said.app_id
        self.user_id: str | None = said.user_id
        self.headers: Mapping[str, Any] = dict(said.headers or {})
        self.exchange = EXCHANGE
        self.routing_key = said.message_type or ""
        self.delivery_tag = 1
        self.acknowledged = False

    @property
    def is_closed(self) -> bool:
        """Return whether nothing is acknowledged on it any more."""
        return self.acknowledged

    @property
    def channel(self) -> "Delivery":
        """Return where the acknowledgement goes: here."""
        return self

    async def basic_ack(self, _tag: int, **_options: bool) -> None:
        """Note that it was acknowledged."""
        self.acknowledged = True
