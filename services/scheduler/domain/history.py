"""What an importer brings in of gate and booths of a day gone by has an order too."""

from datetime import datetime

from services.scheduler.domain.refusal import Refused
from services.scheduler.domain.ticket import Ticket


def require_after_last_step(ticket: Ticket, at: datetime) -> None:
    """Refuse what a history puts before the last step of a ticket: before_last_step."""
    last = ticket.before.at if ticket.before else ticket.issued_at
    if at < last:
        said = f"occurred_at: ticket {ticket.label} was {ticket.state} at {last.isoformat()}"
        raise Refused("before_last_step", said)
