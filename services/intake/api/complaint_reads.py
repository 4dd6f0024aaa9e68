"""A complaint for a route or a page: who may know of it, and its words once the look is kept."""

from fastapi import Request

from services.intake.api.person_reads import log_read
from services.intake.api.sealed import openable
from services.intake.domain.complaint import Complaint
from services.intake.domain.complaint_sight import Onlooker, knows_of, reads
from services.intake.usecases import Reader, Vault
from services.intake.usecases.complaint_words import Words, words_of
from services.intake.usecases.reach import onlooker
from shared.auth.roles import Caller
from shared.runtime import Commands
from shared.web.problems import NotFound


class ComplaintReads:
    """Shows complaints to staff."""

    def __init__(self, reader: Reader, vault: Vault, commands: Commands) -> None:
        self._reader = reader
        self._vault = vault
        self._commands = commands

    async def known(self, complaint_id: str, caller: Caller) -> Complaint:
        """Return a complaint that the caller may know of.

        Raises Forbidden elsewhere, and NotFound, also for whom it is about: as if there were none.
        """
        complaint = await self._reader.get(Complaint, complaint_id)
        if complaint is None or not knows_of(complaint, _as(caller, complaint)):
            raise NotFound("complaint")
        return complaint

    async def shown_to(
        self, caller: Caller, request: Request, complaint: Complaint
    ) -> Words | None:
        """Return the words, as far as they are the caller's to read; None where none is.

        Raises Unavailable, and TooManyRequests for an account that has looked at too many persons.
        """
        who = _as(caller, complaint)
        if not reads(complaint, who):
            return None
        await log_read(request, caller, complaint.id, None, self._commands)
        with openable():
            words = await words_of(complaint, self._reader, self._vault)
        return words.seen_by(complaint, who) if words else None


def _as(caller: Caller, complaint: Complaint) -> Onlooker:
    return onlooker(caller)(complaint.programme_id, complaint.region)
