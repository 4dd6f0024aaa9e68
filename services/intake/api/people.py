"""A case's people for a page: each look is kept before anybody is shown."""

from collections.abc import Mapping

from fastapi import Request

from services.intake.api.cases import people_of
from services.intake.api.person_reads import log_read
from services.intake.api.sealed import openable
from services.intake.domain import Case, Party
from services.intake.usecases import Reader, Told, Vault
from services.intake.usecases.surveys import comment_on
from shared.auth.roles import Caller
from shared.runtime import Commands


class CasePeople:
    """Opens what was said of a case's people, the look at them logged."""

    def __init__(self, reader: Reader, vault: Vault, commands: Commands) -> None:
        self._reader = reader
        self._vault = vault
        self._commands = commands

    async def shown_to(
        self, caller: Caller, request: Request, case: Case, reason: str | None
    ) -> Mapping[Party, Told | None]:
        """Return what was said of each, None of an erased one; `reason` goes into the log.

        Raises as `log_read` and `people_of` do.
        """
        await log_read(request, caller, case.id, reason, self._commands)
        return await people_of(case, self._reader, self._vault)

    async def comment_on(self, case: Case) -> str:
        """Return what the applicant said of the service in his own words; or nothing.

        Raises what `openable` does.
        """
        with openable():
            return await comment_on(case, self._reader, self._vault)
