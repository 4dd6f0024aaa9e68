"""Take a withdrawn request out of its line."""

from services.scheduler.domain import TicketState
from services.scheduler.usecases.ports import Work
from shared.contracts.intake import CloseOutcome, RequestClosed

_WITHDRAWN = frozenset({CloseOutcome.REJECTED, CloseOutcome.CANCELLED})


async def void_ticket(event: RequestClosed, work: Work) -> None:
    """Void the ticket of a cancelled or rejected request, unless a booth has called it already.

    Where the request itself has not come yet, its ticket will be void from the start.
    """
    if event.event_id is None or event.outcome not in _WITHDRAWN:
        return
    case = await work.case(event.case_id)
    if case.withdrawn:
        return
    work.keep(case.withdraw())
    ticket = await work.ticket(case.ticket_id) if case.ticket_id else None
    if ticket is not None and ticket.state is TicketState.WAITING:
        [line] = await work.lines(ticket.event_id, [ticket.service])
        work.keep(ticket.void(), line.skip(ticket.number))
