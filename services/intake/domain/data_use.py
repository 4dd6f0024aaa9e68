"""What a programme uses residents' data for, and on what basis (UU 27/2022, articles 20 and 21)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataUse:
    """Public texts in Bahasa Indonesia. Where one is None, the words that hold for all stand.

    The basis is a duty by law and a public task: consent that is withdrawn would not end the duty.
    """

    purpose: str | None = None
    """What the data are used for; it goes on behind "untuk"."""
    basis: str | None = None
    """Which laws; it goes on behind "berdasarkan"."""
    recipients: tuple[str, ...] = ()
    """Offices beside the programme's own that receive data of residents."""
    contact: str | None = None
    """Where residents ask for what they have a right to; None: the staff of the owner."""
