"""What reporting publishes: the heads of its trail. It reads all events and decides nothing."""

from typing import ClassVar

from shared.contracts.audit import AuditHead
from shared.contracts.event import Event


class AuditHeadPublished(AuditHead):
    """The hash of an audit trail's newest block: kept elsewhere, it shows if one was altered."""

    type: ClassVar[str] = "reporting.audit_head_published.v1"


EVENTS: tuple[type[Event], ...] = (AuditHeadPublished,)
