"""The recipient's word that a document arrived, as a command of nobody's account."""

from dataclasses import dataclass
from typing import Final

from services.intake.domain import State
from services.intake.usecases import RESIDENT, confirm_receipt
from shared.messaging.task import fingerprint_of
from shared.runtime import Commands, Sent

RECEIPT: Final = "POST /api/track/receipt"
"""What the recipient's word is called as an action, by the page too."""


@dataclass(frozen=True, slots=True)
class Receipts:
    """Takes the recipient's word that a document arrived, for the API and for the page."""

    commands: Commands

    async def take(self, case_id: str) -> State:
        """Return where the case stands now. Raises Conflict where it is not ready for it."""
        # One for each case: whoever confirms twice is answered from the first time.
        own = fingerprint_of("receipt", case_id)
        sent = Sent(own, "receipt", actor=RESIDENT, action=RECEIPT)
        outcome = await self.commands.run(
            lambda uow: confirm_receipt(case_id, uow), sent=sent, key=case_id
        )
        return State(outcome.answer)
