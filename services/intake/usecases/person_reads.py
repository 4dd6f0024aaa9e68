"""The access log: every look at a person is kept before the person is shown."""

from services.intake.domain import Deed, PersonRead
from shared.audit.trail import note
from shared.contracts.envelope import new_id
from shared.messaging.unit_of_work import UnitOfWork


async def note_person_read(
    subject: str, case_id: str, route: str, uow: UnitOfWork, reason: str | None = None
) -> None:
    """Keep who looks at which case's person, when, by which route and why."""
    uow.add(PersonRead(new_id(), subject, case_id, uow.now(), route, reason))
    note(Deed.READ, case_id, uow, route, actor=subject)
