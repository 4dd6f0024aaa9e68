"""A gate's or a booth's device: what it keeps, and what it does without uplink."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.scheduler.domain import (
    Claim,
    LateAct,
    LateCall,
    LateEnd,
    LateIssue,
    LateStep,
    TicketState,
)
from services.scheduler.domain.arrival import CODE_LETTERS

SERVICE: Final = "KIA"
STEPS: Final = {
    TicketState.CALLED: (LateStep.START, LateStep.RECALL, LateStep.HOLD),
    TicketState.RECALLED: (LateStep.START, LateStep.RECALL, LateStep.HOLD),
    TicketState.SERVING: (LateStep.HOLD,),
    TicketState.ON_HOLD: (LateStep.RESUME,),
}
"""What a booth can do with somebody, but for letting him go."""
Story = LateIssue | LateCall


@dataclass
class Device:
    """It keeps what it did until the office knows it; whoever has the papers knows it too."""

    name: str
    booth_id: str | None
    seed: random.Random
    online: bool = True
    lost: bool = False
    """Its lease was taken back."""
    ahead: int = 0
    numbers: list[int] = field(default_factory=list)
    held: dict[int, datetime] = field(default_factory=dict)
    """Whom it may call until when."""
    until: datetime | None = None
    stories: dict[str, Story] = field(default_factory=dict)
    """All that it did, as far as it is known how it ended."""
    unknown: set[str] = field(default_factory=set)
    """What the office has not confirmed."""

    def __post_init__(self) -> None:
        """Some clocks are a day off."""
        self.ahead = self.seed.choice((0, 0, 0, 40, -86_400, 86_400))

    @property
    def account(self) -> str:
        """Return who works with it."""
        return f"of-{self.name}"

    @property
    def people(self) -> int:
        """Return how many it wants to hold."""
        return self.seed.choice((0, 3, 4, 6, 12)) if self.booth_id else 0

    def leased(self, answer: Mapping[str, Any] | None) -> None:
        """Have what the office said; what was given out meanwhile stays given out."""
        if answer is None:
            return
        given = {number for one in self.stories.values() for number in _numbers(one)}
        blocks = [range(one["first"], one["last"] + 1) for one in answer["blocks"]]
        self.numbers = [n for block in blocks for n in block if n not in given]
        self.held = {
            one["number"]: datetime.fromisoformat(one["held_until"])
            for one in answer["held"]
            if one["number"] not in given
        }
        self.until = datetime.fromisoformat(answer["until"])

    def act(self, now: datetime) -> None:
        """Do what it can without uplink."""
        if self.lost or self.until is None or now >= self.until:
            return
        if self.booth_id is None:
            self._give(now)
        elif any(now < until for until in self.held.values()) and self.seed.random() < 0.5:
            self._call(now)
        elif self.seed.random() < 0.4:
            self._step(now)
        else:
            self._end(now)

    def _claim(self, now: datetime) -> Claim:
        return Claim(now + timedelta(seconds=self.ahead), self.ahead)

    def _give(self, now: datetime) -> None:
        for _ in range(self.seed.choice((1, 2, 3))):
            if self.numbers:
                code = self.seed.choice(CODE_LETTERS) + f"{self.seed.randrange(10**7):07d}"
                numbers = ((SERVICE, self.numbers.pop(0)),)
                priority = self.seed.random() < 0.3
                self._keep(LateIssue(self._id(), code, numbers, self._claim(now), priority))

    def _call(self, now: datetime) -> None:
        number = next(one for one, until in self.held.items() if now < until)
        del self.held[number]
        self._keep(LateCall(self._id(), self.booth_id or "", SERVICE, number, self._claim(now)))

    @property
    def _begun(self) -> list[LateCall]:
        """Calls of its own; where it was killed in the middle of one it finds it again."""
        calls = [one for one in self.stories.values() if isinstance(one, LateCall)]
        return [one for one in calls if one.end is None]

    def _step(self, now: datetime) -> None:
        """Call somebody again, serve him, hold him or go on with him."""
        if begun := self._begun:
            call = self.seed.choice(begun)
            step = self.seed.choice(STEPS[_state(call)])
            self._keep(replace(call, acts=(*call.acts, LateAct(step, self._claim(now)))))

    def _end(self, now: datetime) -> None:
        """End a call."""
        if begun := self._begun:
            call = self.seed.choice(begun)
            ends = [LateEnd.SERVED, LateEnd.SERVED, LateEnd.LEFT]
            ends += [LateEnd.NO_SHOW] if _state(call) is not TicketState.SERVING else []
            self._keep(replace(call, end=self.seed.choice(ends), ended=self._claim(now)))

    def _keep(self, story: Story) -> None:
        self.stories[story.entry_id] = story
        self.unknown.add(story.entry_id)

    def _id(self) -> str:
        return str(UUID(int=self.seed.getrandbits(128), version=4))

    def some(self) -> list[Story]:
        """Return some of what the office has not confirmed, and of the rest, in any order."""
        wanted = [id_ for id_ in self.stories if id_ in self.unknown or self.seed.random() < 0.2]
        self.seed.shuffle(wanted)
        return [self.stories[id_] for id_ in wanted[: self.seed.choice((2, 5, 50))]]

    def confirmed(self, story: Story) -> None:
        """Know that the office has it as it stands."""
        if self.stories.get(story.entry_id) == story:
            self.unknown.discard(story.entry_id)


def _state(call: LateCall) -> TicketState:
    return call.acts[-1].step.state if call.acts else TicketState.CALLED


def _numbers(story: Story) -> list[int]:
    return [story.number] if isinstance(story, LateCall) else [n for _, n in story.numbers]
