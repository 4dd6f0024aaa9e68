"""Of another case's papers only those are shown whose owner is in this case too."""

from datetime import UTC, datetime

from services.intake.domain import CasePapers, Paper, PaperKind

AT = datetime(2023, 3, 11, 2, tzinfo=UTC)


def paper(id_: str, of: str | None) -> Paper:
    return Paper(id_, PaperKind.FAMILY_CARD, "image/png", 3, "0" * 64, AT, "agus", of)


def test_a_strangers_paper_and_one_of_its_case_alone_are_not_shown() -> None:
    papers = CasePapers("case-2", (paper("a", "mother"), paper("b", "stranger"), paper("c", None)))
    assert papers.of_people({"mother", "child"}) == (paper("a", "mother"),)
    assert papers.of_people(set()) == ()
