"""Who may see a complaint, and who may work on it.

What is to be examined is for supervisors. What is about a member of staff is never shown to him:
before it is known who he is, to nobody of his role in the programme. Nor to his supervisor alone:
two people who may read it have asked to, before one of them does, and the auditor may be one.
"""

from dataclasses import dataclass
from typing import Final

from services.intake.domain.complaint import Complaint, Secrecy

OPERATOR: Final = "operator"
SUPERVISOR: Final = "supervisor"
HEAD: Final = "head"
AUDITOR: Final = "auditor"

TOGETHER: Final = 2
"""So many open what is about staff."""
_WORK: Final = frozenset({OPERATOR, SUPERVISOR})
_EXAMINE: Final = frozenset({SUPERVISOR})
_OVER_STAFF: Final = frozenset({SUPERVISOR, HEAD})
_NAMES: Final = frozenset({SUPERVISOR, HEAD})
"""Who leads: to them a confidential name is shown."""


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Whoever wants to see a complaint.

    `acts` are the roles that he acts in where the complaint is, `holds` all that he has in its
    programme, wherever: there he may be the one it is about.
    """

    subject: str
    acts: frozenset[str]
    holds: frozenset[str]


def may_be_accused(complaint: Complaint, who: Onlooker) -> bool:
    """Return whether somebody is the one whom it is about, or could be."""
    if complaint.about is None:
        return False
    if complaint.accused is not None:
        return complaint.accused == who.subject
    return complaint.about.value in who.holds


def handles(complaint: Complaint, who: Onlooker) -> bool:
    """Return whether somebody may work on it."""
    if may_be_accused(complaint, who):
        return False
    if complaint.about is not None:
        return bool(who.acts & _OVER_STAFF)
    return bool(who.acts & (_EXAMINE if complaint.supervised else _WORK))


def knows_of(complaint: Complaint, who: Onlooker) -> bool:
    """Return whether somebody may know that there is one."""
    if handles(complaint, who):
        return True
    reads = complaint.about is not None and AUDITOR in who.acts
    return reads and not may_be_accused(complaint, who)


def is_open(complaint: Complaint) -> bool:
    """Return whether its words may be read: about staff, once two have asked to read them."""
    if complaint.about is None:
        return True
    openers = [one for one in complaint.opened_by if one != complaint.accused]
    return len(openers) >= TOGETHER


def reads(complaint: Complaint, who: Onlooker) -> bool:
    """Return whether somebody may read its words."""
    return knows_of(complaint, who) and is_open(complaint)


def sees_name(complaint: Complaint, who: Onlooker) -> bool:
    """Return whether somebody may read who complained."""
    if not reads(complaint, who):
        return False
    return complaint.secrecy is not Secrecy.CONFIDENTIAL or bool(who.acts & _NAMES)
