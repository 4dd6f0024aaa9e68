"""What the manual says of services is what the catalogues say."""

from dataclasses import replace
from typing import Final

import pytest

from deploy.manual.build import shipped_offers
from services.intake.app import TEXTS
from services.intake.domain.catalogue import DailyCap
from services.intake.pages.manual.blocks import Block, Heading, Items, Note, Paragraph, Table, plain
from services.intake.pages.manual.tables import catalogue_blocks, folded
from services.intake.pages.services import Offer
from shared.web.texts import Texts

WORDS: Final = Texts.load(TEXTS)
OFFERS: Final = {one.programme.id: one for one in shipped_offers()}


def words(blocks: list[Block]) -> str:
    """Return all that is read in these blocks, a line for each."""
    lines: list[str] = []
    for one in blocks:
        match one:
            case Heading(_, parts) | Paragraph(parts):
                lines.append(plain(parts))
            case Items():
                lines.extend(words(list(item)) for item in one.items)
            case Note(inner):
                lines.append(words(list(inner)))
            case Table():
                lines.extend((one.caption, *one.head))
                lines.extend(line for row in one.rows for cell in row for line in cell)
    return "\n".join(lines)


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())
def test_everything_that_a_resident_is_told_of_a_missing_paper_is_there(offer: Offer) -> None:
    said = words(catalogue_blocks([offer], WORDS))
    assert offer.catalogue.cost in said
    assert offer.catalogue.complaints in said
    assert offer.programme.owner in said
    for entry in offer.catalogue.entries:
        assert entry.name in said
        for channel in entry.channels:
            assert channel.text is None or channel.text in said
        for one in entry.requirements if entry.offered else ():
            assert one.missing in said
            assert all(paper.text in said for paper in one.any_of)


def test_what_is_the_same_for_several_programmes_is_said_once() -> None:
    blocks = catalogue_blocks(list(OFFERS.values()), WORDS)
    titles = [plain(one.parts) for one in blocks if isinstance(one, Heading) and one.level == 3]
    entry = OFFERS["botram"].catalogue.entry("KK_CHANGE")
    assert entry is not None
    assert titles.count(entry.name) == 1
    of_all = WORDS("manual.catalogue.of", programmes="BOTRAM, Dik Jamila me-WA, HALO PAMOR")
    assert of_all in words(blocks)
    alone = catalogue_blocks([OFFERS["botram"]], WORDS)
    assert "Berlaku untuk" not in words(alone)


def test_what_nobody_takes_is_told_in_the_standard_and_asks_for_no_paper() -> None:
    blocks = catalogue_blocks([OFFERS["dik_jamila"]], WORDS)
    entry = OFFERS["dik_jamila"].catalogue.entry("KTP_EL_FIRST")
    assert entry is not None
    standard = next(one for one in blocks if isinstance(one, Table))
    assert (entry.name,) in [row[0] for row in standard.rows]
    assert WORDS("manual.catalogue.papers_of", entry=entry.name) not in words(blocks)


def test_a_waiver_is_named_and_so_is_a_paper_that_nobody_may_do_without() -> None:
    tables = [one for one in catalogue_blocks([OFFERS["botram"]], WORDS) if isinstance(one, Table)]
    entry = OFFERS["botram"].catalogue.entry("KK_CHANGE")
    assert entry is not None
    caption = WORDS("manual.catalogue.papers_of", entry=entry.name)
    papers = next(one for one in tables if one.caption == caption)
    waived = [row[2] for row in papers.rows]
    assert waived[0] == ("Petugas mengisi formulir bersama pemohon",)
    assert waived[1] == (WORDS("manual.catalogue.not_waived"),)
    assert papers.rows[3][1][1].startswith("atau ")


def test_each_single_service_folds_with_its_heading_and_nothing_is_lost() -> None:
    blocks = catalogue_blocks([OFFERS["botram"]], WORDS)
    before, singles = folded(blocks)
    assert [*before, *(one for head, body in singles for one in (head, *body))] == blocks
    offered = [one.name for one in OFFERS["botram"].catalogue.entries if one.offered]
    assert [plain(head.parts) for head, _ in singles] == offered
    assert WORDS("manual.catalogue.required") in words(before)


def test_a_cap_has_its_column_where_there_is_one() -> None:
    offer = OFFERS["botram"]
    capped = Offer(offer.programme, replace(offer.catalogue, daily_caps=(DailyCap("KK", 20),)))
    for given, columns in ((offer, 3), (capped, 4)):
        table = next(one for one in catalogue_blocks([given], WORDS) if isinstance(one, Table))
        assert {len(row) for row in table.rows} == {len(table.head)} == {columns}
        assert len(table.widths) == columns
    assert WORDS("catalogue.cap_body", many=20) in words(catalogue_blocks([capped], WORDS))
