"""What was written in a complaint, sealed with a key of its own; its end is the end of the key."""

from dataclasses import dataclass, field, replace
from typing import Final

from services.intake.domain import Erasure, ErasureState, Refused, ResidentKey
from services.intake.domain.complaint import Complaint, ComplaintText, NewComplaint, checked_text
from services.intake.domain.complaint_sight import Onlooker, sees_name
from services.intake.usecases.ports import Reader, Vault
from services.intake.usecases.residents import KeyMissing
from shared.messaging.unit_of_work import UnitOfWork

TEXT: Final = "text"
NAME: Final = "name"
PHONE: Final = "phone"
_ANSWER: Final = "answer_{}"
_MORE: Final = "more_{}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """An answer, and what whoever complained said to it when he opened it again."""

    answer: str = field(repr=False)
    more: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Words:
    """What was written in a complaint, opened."""

    text: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    exchanges: tuple[Exchange, ...] = ()

    def seen_by(self, complaint: Complaint, who: Onlooker) -> "Words":
        """Return them without the name where it is not this person's to read."""
        return self if sees_name(complaint, who) else replace(self, name=None, phone=None)


def keep_words(new: NewComplaint, uow: UnitOfWork, vault: Vault) -> None:
    """Keep what a new complaint says, sealed."""
    key = vault.new_key(new.id)
    uow.add(key, ComplaintText(new.id, vault.seal(key, new.id, new.said)))


async def keep_answer(complaint: Complaint, text: str, uow: UnitOfWork, vault: Vault) -> None:
    """Keep the newest answer, sealed. Raises Refused: text_malformed, erased."""
    said = {_ANSWER.format(complaint.answers): checked_text(text, "answer")}
    await _add(complaint, said, uow, vault)


async def keep_more(complaint: Complaint, text: str, uow: UnitOfWork, vault: Vault) -> None:
    """Keep why it is opened again, sealed. Raises Refused: text_malformed, erased."""
    await _add(complaint, {_MORE.format(complaint.answers): checked_text(text)}, uow, vault)


async def _add(complaint: Complaint, said: dict[str, str], uow: UnitOfWork, vault: Vault) -> None:
    key = await uow.get(ResidentKey, complaint.id)
    kept = await uow.get(ComplaintText, complaint.id)
    if key is None or key.destroyed or kept is None or await _going(complaint.id, uow):
        raise Refused("erased", "complaint: its words are deleted; a new one can be written")
    uow.add(kept.answered(vault.seal(key, complaint.id, said)))


async def _going(complaint_id: str, uow: UnitOfWork) -> bool:
    erasure = await uow.get(Erasure, complaint_id)
    return erasure is not None and erasure.decided


async def forget_words(complaint_id: str, by: str, uow: UnitOfWork) -> None:
    """Decide that the words of a complaint are deleted; `Eraser` carries it out, as for residents.

    Nothing where that was decided before.
    """
    if not await _going(complaint_id, uow):
        uow.add(Erasure(complaint_id, by, uow.now(), ErasureState.APPROVED, uow.actor))


async def words_of(complaint: Complaint, reader: Reader, vault: Vault) -> Words | None:
    """Return what was written; None where it is deleted. Raises KeyMissing, and as the vault."""
    key = await reader.get(ResidentKey, complaint.id)
    if key is not None and key.destroyed:
        return None
    kept = await reader.get(ComplaintText, complaint.id)
    if key is None or kept is None:
        raise KeyMissing
    said = vault.open(key, complaint.id, kept.sealed)
    exchanges = (
        Exchange(said[_ANSWER.format(number)], said.get(_MORE.format(number)))
        for number in range(1, complaint.answers + 1)
    )
    return Words(said[TEXT], said.get(NAME), said.get(PHONE), tuple(exchanges))
