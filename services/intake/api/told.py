"""What whoever records a request is told at once, for the resident, from the catalogue."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel

from services.intake.domain import ChannelCannot, Entry, catalogue_id
from services.intake.usecases import Catalogues
from shared.web.formats import tanggal
from shared.web.problems import Conflict
from shared.web.texts import Texts


class NeededAnswer(BaseModel):
    """A paper to bring; with `condition`, only in that case."""

    requirement_id: str
    text: str
    condition: str | None


class ToldAnswer(BaseModel):
    """What is needed, complete, in Bahasa Indonesia. Null and empty where no catalogue says it."""

    variant: str | None = None
    variant_name: str | None = None
    needed: list[NeededAnswer] = []
    """Every paper: none can be bound to a request before it is recorded."""
    bring: str | None = None
    """How papers are given in this channel."""
    channel_note: str | None = None
    """What this channel leaves to the resident."""
    presence: str | None = None
    """Why somebody has to come, where somebody has."""
    taken_up_on: date | None = None
    """The day it was carried over to, where its own was full."""
    taken_up_text: str | None = None


class LifeEventAnswer(BaseModel):
    """What is told after a life event beside what was opened. `index`: what was asked for."""

    index: int
    code: str
    name: str
    referrals: list[str]
    """What is to be done elsewhere, in Bahasa Indonesia."""


async def told(
    answer: Mapping[str, Any],
    programme_id: str,
    channel: str,
    catalogues: Catalogues,
    texts: Texts,
) -> ToldAnswer:
    """Return what the answer to a recorded request says beside its codes."""
    version, code = answer.get("catalogue_version"), answer.get("entry")
    catalogue = await catalogues.get(catalogue_id(programme_id, version)) if version else None
    entry = catalogue.entry(code) if catalogue and code else None
    if catalogue is None or entry is None:
        return ToldAnswer()
    promised = entry.promised(channel)
    carried_to = answer.get("taken_up_on")
    day = date.fromisoformat(carried_to) if carried_to else None
    return ToldAnswer(
        variant=entry.code,
        variant_name=entry.name,
        needed=_needed(entry),
        bring=catalogue.bring(channel) if entry.requirements else None,
        channel_note=promised.text if promised else None,
        presence=entry.presence,
        taken_up_on=day,
        taken_up_text=texts("catalogue.carried_over", day=tanggal(day, "")) if day else None,
    )


async def told_of_event(
    one: Mapping[str, Any], programme_id: str, catalogues: Catalogues
) -> LifeEventAnswer | None:
    """Return the words of a life event, in the version of the catalogue that it opened."""
    catalogue = await catalogues.get(catalogue_id(programme_id, one["catalogue_version"]))
    if catalogue is None:
        return None
    event = catalogue.life_event(one["life_event"])
    return LifeEventAnswer(
        index=one["index"], code=event.code, name=event.name, referrals=list(event.referrals)
    )


def cannot(refused: ChannelCannot) -> Conflict:
    """Return the problem of a channel that cannot do it, with what can be done instead."""
    problem = Conflict("channel: it cannot do this service", reason="channel_cannot")
    problem.members["instead"] = refused.instead
    return problem


def _needed(entry: Entry) -> list[NeededAnswer]:
    return [
        NeededAnswer(requirement_id=one.id, text=one.missing, condition=one.condition)
        for one in entry.requirements
    ]
