"""How the refusal of a visit is answered, of which one request is refused."""

from services.intake.api.requests import already_open
from services.intake.api.told import cannot
from services.intake.domain import AlreadyOpen, ChannelCannot, Refused
from services.intake.usecases import InVisit
from shared.auth.roles import Forbidden
from shared.web.problems import Conflict


def refused_visit(found: InVisit) -> Exception:
    """Return the answer to a visit of which one request is refused."""
    at = f"requests.{found.index}."
    match found.cause:
        case Forbidden(reason=reason):
            return Forbidden(f"{at}{reason}")
        case ChannelCannot() as cause:
            problem = cannot(cause)
        case AlreadyOpen() as cause:
            problem = already_open(cause)
        case Refused() as cause:
            problem = Conflict(cause.detail, reason=cause.reason)
        case cause:
            return cause
    problem.detail = at + problem.detail
    problem.members["index"] = found.index
    if found.same_as is not None:
        del problem.members["case_id"]  # of the other one nothing was recorded
        problem.members["same_as"] = found.same_as
    return problem
