"""What a booth can do with a ticket, by one name each, for the API and the pages."""

from datetime import datetime
from enum import StrEnum

from services.scheduler.domain import AT_BOOTH, Act, Ticket
from services.scheduler.usecases.acts import TicketAt, act_on, rejoin, undo
from services.scheduler.usecases.ports import Allow
from services.scheduler.usecases.transfers import send_on, transfer
from shared.messaging.unit_of_work import UseCase


class BoothAct(StrEnum):
    """What a booth can do with a ticket."""

    START = "start"
    RECALL = "recall"
    HOLD = "hold"
    RESUME = "resume"
    SERVE = "serve"
    LEAVE = "leave"
    NO_SHOW = "no_show"
    REJOIN = "rejoin"
    SEND = "send"
    """To another booth, which is its goal."""
    TRANSFER = "transfer"
    """To another service, which is its goal."""
    UNDO = "undo"


def use_case(act: BoothAct, at: TicketAt, goal: str, allow: Allow) -> UseCase:
    """Return what is to be run. `goal`: where the holder goes on."""
    match act:
        case BoothAct.REJOIN:
            return lambda uow: rejoin(at, uow, allow=allow)
        case BoothAct.UNDO:
            return lambda uow: undo(at, uow, allow=allow)
        case BoothAct.SEND:
            return lambda uow: send_on(at, goal, uow, allow=allow)
        case BoothAct.TRANSFER:
            return lambda uow: transfer(at, goal, uow, allow=allow)
    return lambda uow: act_on(at, Act(act.value), uow, allow=allow)


def possible(act: BoothAct, ticket: Ticket, now: datetime) -> bool:
    """Return whether the booth whose business a ticket is can do this with it now."""
    match act:
        case BoothAct.REJOIN:
            return ticket.can_rejoin
        case BoothAct.UNDO:
            return ticket.can_undo(now)
        case BoothAct.SEND | BoothAct.TRANSFER:
            return ticket.state in AT_BOOTH
    return ticket.can(Act(act.value))


def acts_of(ticket: Ticket, booth_id: str, now: datetime) -> list[BoothAct]:
    """Return what a booth can do with a ticket now; nothing where it is elsewhere's business."""
    if ticket.booth_id != booth_id:
        return []
    return [act for act in BoothAct if possible(act, ticket, now)]
