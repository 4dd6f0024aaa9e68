"""What belongs together when somebody is born or dies: asked once, opened in one visit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """Entries of a catalogue that are asked for together, in the order in which they are opened.

    `referrals` are told: what is to be done elsewhere, or by nobody of this programme. `sources`
    say where both stand.
    """

    code: str
    name: str
    entries: tuple[str, ...]
    referrals: tuple[str, ...]
    sources: tuple[str, ...]
