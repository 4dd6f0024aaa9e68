"""How far somebody's rights reach over jobs."""

from collections.abc import Callable

from services.courier.domain import Job
from shared.auth.roles import Caller


def allowed(caller: Caller) -> Callable[[Job], None]:
    """Return the check that the caller may act on a job. It raises Forbidden."""

    def check(job: Job) -> None:
        caller.require(programme=job.programme_id, region=job.place.village)

    return check
