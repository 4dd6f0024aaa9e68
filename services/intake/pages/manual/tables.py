"""What the manual says of services: made of catalogues, never written a second time.

Pages show the catalogue that counts now, the book those that are shipped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.intake.domain import Catalogue, Entry, Programme, Requirement
from services.intake.pages.manual.blocks import (
    Block,
    Heading,
    Items,
    Note,
    Paragraph,
    Strong,
    Table,
    Text,
    text,
)
from services.intake.pages.services import Offer
from shared.web.texts import Texts

_STANDARD: Final = (4, 3, 6)
_STANDARD_CAPPED: Final = (4, 3, 3, 5)
_REQUIRED: Final = (5, 5, 3)
_SINGLE: Final = 3
"""Level of the heading of one service."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One entry as one or more programmes have it."""

    entry: Entry
    offers: tuple[Offer, ...]


def catalogue_blocks(offers: Sequence[Offer], texts: Texts) -> list[Block]:
    """Return what these programmes promise, and what each of their services needs."""
    blocks: list[Block] = []
    for offer in offers:
        blocks.extend(_programme(offer, texts))
    blocks.append(Heading(2, (Text(texts("manual.catalogue.required")),)))
    blocks.append(text(texts("manual.catalogue.required_intro")))
    for asked in _asked(offers):
        blocks.extend(_entry(asked, texts, named=len(offers) > 1))
    return blocks


def folded(blocks: Sequence[Block]) -> tuple[list[Block], list[tuple[Heading, list[Block]]]]:
    """Return what comes before the single services, and each of these with its heading."""
    above = [
        at for at, one in enumerate(blocks) if isinstance(one, Heading) and one.level < _SINGLE
    ]
    before = list(blocks[: above[-1] + 1])
    singles: list[tuple[Heading, list[Block]]] = []
    for one in blocks[above[-1] + 1 :]:
        if isinstance(one, Heading):
            singles.append((one, []))
        else:
            (singles[-1][1] if singles else before).append(one)
    return before, singles


def _asked(offers: Sequence[Offer]) -> list[Asked]:
    """Return the entries that somebody takes, what is the same for several programmes once."""
    found: dict[Entry, list[Offer]] = {}
    for offer in offers:
        for entry in offer.catalogue.entries:
            if entry.offered:
                found.setdefault(replace(entry, channels=()), []).append(offer)
    return [Asked(entry, tuple(by)) for entry, by in found.items()]


def _programme(offer: Offer, texts: Texts) -> Iterator[Block]:
    programme, catalogue = offer.programme, offer.catalogue
    title = texts("manual.catalogue.standard", programme=programme.name)
    yield Heading(2, (Text(title),))
    yield text(f"{programme.owner}. {_time(programme, texts)}.")
    yield Note((Paragraph((Strong((Text(f"{texts('catalogue.cost')}: {catalogue.cost}"),)),)),))
    yield _standards(offer, texts)
    for one in catalogue.bringing:
        yield text(f"{_channel(one.channel, texts)}: {one.text}")
    yield text(f"{texts('catalogue.complaints')}: {catalogue.complaints}")
    for event in catalogue.life_events:
        yield Heading(3, (Text(event.name),))
        told = [_name(code, catalogue) for code in event.entries]
        yield Items(ordered=False, items=tuple((text(one),) for one in (*told, *event.referrals)))


def _standards(offer: Offer, texts: Texts) -> Table:
    """Return what is promised of each entry; days are capped where the catalogue caps any."""
    capped = bool(offer.catalogue.daily_caps)
    heads = ("service", "result", *(("cap",) if capped else ()), "channels")
    return Table(
        texts("manual.catalogue.promised", programme=offer.programme.name),
        tuple(texts(f"manual.catalogue.{one}") for one in heads),
        tuple(_row(entry, offer, texts, capped=capped) for entry in offer.catalogue.entries),
        _STANDARD_CAPPED if capped else _STANDARD,
    )


def _row(entry: Entry, offer: Offer, texts: Texts, *, capped: bool) -> tuple[tuple[str, ...], ...]:
    service, cap = offer.service(entry), offer.catalogue.cap(entry.service)
    most = texts("catalogue.cap_body", many=cap) if cap else texts("manual.catalogue.no_cap")
    ways = (
        f"{_channel(one.channel, texts)}: {texts(f'catalogue.promise.{one.promise}')}."
        f"{' ' + one.text if one.text else ''}"
        for one in entry.channels
    )
    return (
        (entry.name,),
        (texts(f"catalogue.{f'deliverable.{service.deliverable}' if service else 'elsewhere'}"),),
        *(((most,),) if capped else ()),
        tuple(ways),
    )


def _entry(asked: Asked, texts: Texts, *, named: bool) -> Iterator[Block]:
    entry, catalogue = asked.entry, asked.offers[0].catalogue
    yield Heading(3, (Text(entry.name),))
    if named:
        names = ", ".join(one.programme.name for one in asked.offers)
        yield text(texts("manual.catalogue.of", programmes=names))
    if entry.presence:
        yield Note((text(entry.presence),))
    if entry.requirements:
        heads = ("told", "papers", "waived")
        yield Table(
            texts("manual.catalogue.papers_of", entry=entry.name),
            tuple(texts(f"manual.catalogue.{one}") for one in heads),
            tuple(_required(one, catalogue, texts) for one in entry.requirements),
            _REQUIRED,
        )
    else:
        yield text(texts("catalogue.nothing_needed"))
    yield Items(ordered=True, items=tuple((text(step),) for step in entry.procedure))
    yield text(f"{texts('catalogue.sources')}: {'; '.join(entry.sources)}.")
    if entry.disagreement:
        yield text(entry.disagreement)


def _required(one: Requirement, catalogue: Catalogue, texts: Texts) -> tuple[tuple[str, ...], ...]:
    reasons = {reason.code: reason.text for reason in catalogue.waiver_reasons}
    told = f"{one.condition}: {one.missing}" if one.condition else one.missing
    first, *others = (paper.text for paper in one.any_of)
    waived = tuple(reasons.get(code, code) for code in one.waivers)
    papers = (first, *(f"{texts('papers.or')} {other}" for other in others))
    return (told,), papers, waived or (texts("manual.catalogue.not_waived"),)


def _time(programme: Programme, texts: Texts) -> str:
    days = programme.standard_working_days
    return texts("catalogue.no_time") if days is None else texts("catalogue.days", days=days)


def _channel(channel: str, texts: Texts) -> str:
    key = f"catalogue.channel.{channel}"
    return texts(key) if key in texts else channel


def _name(code: str, catalogue: Catalogue) -> str:
    entry = catalogue.entry(code)
    return entry.name if entry else code
