"""What must have come of a history: nobody twice, nobody lost, nobody passed too often."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from services.scheduler.domain import HELD_CHOICES, LateCall, LateEnd, LateIssue
from tests.torture.line.history import History, Note
from tests.torture.line.world import Document, World

COUNTS = ("doubled_numbers", "starved", "over_bound", "lost_offline", "not_conserved")


@dataclass
class Found:
    """What was found in all histories."""

    histories: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    most_passed: int = 0
    most_passed_while_held: int = 0

    def report(self, world: World) -> dict[str, Any]:
        """Return what is written down."""
        return {
            "histories": self.histories,
            **{name: self.wrong[name] for name in COUNTS},
            **dict(sorted(self.seen.items())),
            "crashes": world.crashes,
            "commands_sent_again": world.replays,
            "stories_told": world.stories,
            "most_passed": self.most_passed,
            "most_passed_while_held": self.most_passed_while_held,
        }


@dataclass(frozen=True)
class Kept:
    """What is kept of an event."""

    tickets: list[Document]
    lines: list[Document]
    stretches: list[Document]
    entries: dict[str, Document]


def check(history: History, kept: Kept, found: Found) -> None:
    """Count what is wrong with what came of a history."""
    found.histories += 1
    by_number = {one["number"]: one for one in kept.tickets}
    found.wrong["doubled_numbers"] += _doubled(history, kept)
    found.wrong["starved"] += sum(one["state"] == "waiting" for one in kept.tickets)
    found.wrong["lost_offline"] += _lost(history, kept, by_number, found)
    found.wrong["not_conserved"] += not _conserved(kept)
    found.wrong["over_bound"] += _over_bound(history, found)
    found.seen["tickets"] += len(kept.tickets)
    found.seen["unserved"] += sum(one["state"] == "unserved" for one in kept.tickets)
    found.seen["served"] += sum(one["state"] == "served" for one in kept.tickets)


def _doubled(history: History, kept: Kept) -> int:
    """Return how many numbers two people have on paper."""
    papers = Counter(
        number
        for device in history.devices
        for story in device.stories.values()
        if isinstance(story, LateIssue)
        for _, number in story.numbers
    )
    others = Counter(one["number"] for one in kept.tickets if one["number"] not in papers)
    return sum(count - 1 for count in (papers + others).values())


def _lost(history: History, kept: Kept, tickets: dict[int, Document], found: Found) -> int:
    """Return how many stories came to nothing: neither done nor kept as a conflict."""
    lost = 0
    for device in history.devices:
        for story in device.stories.values():
            entry = kept.entries.get(f"{history.event_id}/{device.name}/{story.entry_id}")
            if isinstance(story, LateIssue):
                found.seen["issued_offline"] += 1
                ticket = tickets.get(story.numbers[0][1])
                code = ticket and ticket["arrival_id"] == f"{history.event_id}/{story.code}"
                lost += entry is None or not code
            else:
                lost += entry is None or not _done(story, entry, history, found)
    return lost


def _done(story: LateCall, entry: Document, history: History, found: Found) -> bool:
    """Return whether a call was taken in as it ended, or is a conflict that somebody sees."""
    found.seen["called_offline"] += 1
    disagrees = bool(set(entry["conflicts"]) & {"called_twice", "newer"})
    # Who left while he waited has left, but nobody ends otherwise whom a booth has served.
    disagrees |= "ended" in entry["conflicts"] and story.end is not LateEnd.SERVED
    found.seen["conflicts"] += disagrees
    found.seen["served_offline"] += story.end is LateEnd.SERVED
    states = {note["state"] for (n, _), note in history.notes.items() if n == story.number}
    # Who does not come to a line that is closed is unserved.
    absent = {"unserved"} if story.end is LateEnd.NO_SHOW else set()
    reached = bool(({story.end} | absent) & states) if story.end else bool(states - {"waiting"})
    acts = [one.said for one in story.acts] == [one["said"] for one in entry["acts"]]
    found.seen["acts_offline"] += len(story.acts)
    return entry["end"] == story.end and acts and (reached or disagrees)


def _conserved(kept: Kept) -> bool:
    """Return whether the line counts its tickets, and its stretches name those who wait."""
    [line] = kept.lines
    states = Counter(one["state"] for one in kept.tickets)
    waiting = sorted(one["number"] for one in kept.tickets if one["state"] == "waiting")
    named = sorted(number for one in kept.stretches for _, number in one["waiting"])
    counted = {state: n for state, n in line["states"].items() if n}
    lanes = sum(lane["waiting"] for lane in line["lanes"].values())
    return (
        line["issued"] == len(kept.tickets)
        and counted == dict(states)
        and named == waiting
        and lanes == len(waiting)
    )


def _over_bound(history: History, found: Found) -> int:
    """Return how many were passed more often than the policy and the holds allow."""
    by_number: dict[int, list[Note]] = defaultdict(list)
    for (number, _), note in sorted(history.notes.items()):
        by_number[number].append(note)
    calls = [call for notes in by_number.values() for call in _calls(notes)]
    held = {number for device in history.held.values() for number in device}
    over = 0
    for number, notes in by_number.items():
        for waits in _waits(notes):
            passed, ahead = _passed(waits, calls, _choices(calls, history), by_number)
            more = HELD_CHOICES if number in held else 0
            over += passed > history.policy.passed_by(ahead) + more
            name = "most_passed_while_held" if more else "most_passed"
            setattr(found, name, max(getattr(found, name), passed))
    return over


@dataclass(frozen=True)
class Waits:
    """Somebody waits for his turn, in some spans of the line's choices, each without its ends."""

    number: int
    turn: tuple[str, int]
    spans: tuple[tuple[float, float], ...]


def _waits(notes: list[Note]) -> Iterator[Waits]:
    """Yield how long somebody waited at each place that he had: who rejoins has another one."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for note, after in zip(notes, [*notes[1:], None], strict=True):
        if note["state"] != "waiting":
            continue
        end = math.inf if after is None else after["chosen"]
        if after is not None and not after["called"]:
            end += 1  # no choice of its own: what was chosen by then passed him
        spans.setdefault(note["joined_at"], []).append((note["chosen"], end))
    for joined_at, found in spans.items():
        yield Waits(notes[0]["number"], (joined_at, notes[0]["number"]), tuple(found))


def _calls(notes: list[Note]) -> list[Note]:
    """Return each call of somebody who waited; `chosen` is then the choice that it was."""
    return [
        after
        for before, after in pairwise(notes)
        if before["state"] == "waiting" and after["state"] != "waiting" and after["called"]
    ]


def _choices(calls: list[Note], history: History) -> list[tuple[int, float]]:
    """Return who was chosen and when: held, or called but for those whom that device had held."""
    held: list[tuple[int, float]] = [
        (n, at) for device in history.held.values() for n, at in device.items()
    ]
    told = [
        (call["number"], call["chosen"])
        for call in calls
        if call["number"] not in history.held.get(call["device"] or "", {})
    ]
    return held + told


def _passed(
    waits: Waits,
    calls: list[Note],
    choices: list[tuple[int, float]],
    by_number: dict[int, list[Note]],
) -> tuple[int, int]:
    """Return how many who joined later were chosen before somebody, and how many in their turn."""
    passed = {
        number
        for number, at in choices
        if any(first < at < last for first, last in waits.spans)
        and _turn(by_number[number], at) > waits.turn
    }
    begin, end = waits.spans[0][0], waits.spans[-1][1]
    in_turn = {c["number"] for c in calls if c["in_order"] and begin < c["chosen"] <= end}
    return len(passed), len(in_turn - passed - {waits.number})


def _turn(notes: list[Note], at: float) -> tuple[str, int]:
    """Return the place in the order that somebody had when he was chosen."""
    before = [note for note in notes if note["chosen"] <= at] or notes[:1]
    return before[-1]["joined_at"], before[-1]["number"]
