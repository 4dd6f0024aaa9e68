"""What surveys came to, over HTTP and on the page: by question, service and month."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.component.reporting.kit import Desk, desk
from tests.unit.reporting.histories import programme, surveyed

PATH = "/api/programmes/botram/satisfaction"
YEAR = {"from": "2023-01-01", "to": "2023-12-31"}
OWN = {"code": "tahu_selesai", "wording": "Tahukah Anda kapan selesai?"}


@pytest.fixture
async def full() -> AsyncIterator[Desk]:
    """March: a perfect survey about KIA, and one of KK with an own question and three elements.

    April: one about KIA that leaves U9 out.
    """
    async with desk() as empty:
        await empty.tell(
            programme(survey_questions=[OWN]),
            surveyed("KIA", "2023-03-15"),
            surveyed("KK", "2023-03-31", U1=1, U2=2, U3=3, tahu_selesai=2),
            surveyed("KIA", "2023-04-01", **{f"U{n}": 3 for n in range(1, 9)}),
        )
        yield empty


def question(row: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = [one for one in row["questions"] if one["question"] == code]
    return dict(found)


async def test_the_whole_by_question_with_its_index_and_mark(full: Desk) -> None:
    said = (await full.get(PATH, **YEAR)).raise_for_status().json()
    total = said["total"]
    assert total["surveys"] == 3
    # U1: 4, 1 and 3; U9: 4 alone.
    one = question(total, "U1")
    assert (one["answers"], one["points"], one["mean"]) == (3, 8, 2.67)
    assert (question(total, "U9")["answers"], question(total, "U9")["mean"]) == (1, 4.0)
    # (8/3 + 9/3 + 10/3 + 5 * 7/2 + 4) / 9 * 25
    assert (total["skm"], total["ikm"], total["category"]) == (3.39, 84.72, "B")
    own = question(total, "tahu_selesai")
    assert (own["text"], own["answers"], own["mean"]) == (OWN["wording"], 1, 2.0)
    assert len(total["questions"]) == 10


async def test_by_service_and_by_month(full: Desk) -> None:
    said = (await full.get(PATH, **YEAR)).json()
    services = {row["value"]: row for row in said["services"]}
    months = {row["value"]: row for row in said["months"]}
    assert {code: row["surveys"] for code, row in services.items()} == {"KIA": 2, "KK": 1}
    assert services["KIA"]["name"] == "Kartu Identitas Anak"
    assert (services["KK"]["ikm"], services["KK"]["category"]) == (None, None)
    assert {month: row["surveys"] for month, row in months.items()} == {"2023-03": 2, "2023-04": 1}
    assert months["2023-04"]["ikm"] is None, "nobody answered U9"
    assert question(months["2023-03"], "U1")["points"] == 5


async def test_only_the_days_that_are_asked_for(full: Desk) -> None:
    said = (await full.get(PATH, **{"from": "2023-03-01", "to": "2023-03-30"})).json()
    assert (said["total"]["surveys"], said["total"]["ikm"]) == (1, 100.0)
    assert said["total"]["category"] == "A"


async def test_the_same_survey_again_counts_once(full: Desk) -> None:
    for _ in range(2):
        await full.messaging.deliver(surveyed("KIA", "2023-05-02"), id="the-same")
    full.count()
    assert (await full.get(PATH, **YEAR)).json()["total"]["surveys"] == 4


async def test_what_is_asked_wrongly_is_refused_by_field(full: Desk) -> None:
    unknown = await full.get("/api/programmes/unheard/satisfaction", **YEAR)
    back = await full.get(PATH, **{"from": "2023-03-02", "to": "2023-03-01"})
    assert (unknown.status_code, back.status_code) == (404, 422)
    assert back.json()["errors"][0]["field"] == "query/to"


async def test_other_totals_show_how_many_were_answered_and_no_scores(full: Desk) -> None:
    said = (await full.get("/api/programmes/botram/totals", **YEAR, by="service")).json()
    assert said["measures"]["surveys_answered"] == 3
    assert not {"survey_scores", "survey_points"} & said["measures"].keys()


async def test_the_page_shows_a_year(full: Desk) -> None:
    answer = await full.see("/kepuasan?program=botram&tahun=2023")
    assert answer.status_code == 200, answer.text
    for part in ("84,72", "B", "Maret 2023", "April 2023", "Kartu Identitas Anak", "2,67"):
        assert f">{part}<" in answer.text or part in answer.text, part
    assert OWN["wording"] in answer.text
    assert "belum ada" in answer.text


async def test_a_year_without_surveys_says_so_and_where_they_come_from(full: Desk) -> None:
    answer = await full.see("/kepuasan?program=botram&tahun=2022")
    assert "Belum ada survei pada tahun ini" in answer.text
    before = await full.see("/kepuasan?program=botram&tahun=2016")
    assert before.status_code == 422, "other elements and bands before 2017"


async def test_whoever_has_a_part_of_a_programme_alone_is_told_why_there_is_nothing(
    full: Desk,
) -> None:
    answer = await full.see("/kepuasan", "head", "botram", "32.16.18")
    assert answer.status_code == 200
    assert "Survei tidak menyebut wilayah" in answer.text
    assert "84,72" not in answer.text
