"""The satisfaction survey on pages: a resident's own, and what an operator enters from paper."""

import re
from collections.abc import Mapping
from typing import Any, Final

import httpx

from services.intake.app import TEXTS
from services.intake.domain.survey import COMMENT_LIMIT, Element
from services.intake.pages.survey_form import FIRST
from shared.contracts.intake import SurveyAnswered
from shared.web.texts import Texts
from tests.component.intake.kit import BOTRAM, Desk, at_event, desk
from tests.component.intake.people import Browser
from tests.component.intake.test_account_pages import hidden, page
from tests.component.intake.test_sessions import at_work

WORDS: Final = Texts.load(TEXTS)
HTML: Final = {"Accept": "text/html"}
FORM: Final = 'action="/intake/lacak/survei"'
QUESTION: Final[Mapping[str, Any]] = {
    "code": "tahu_selesai",
    "text": "Tahukah Anda kapan dokumen selesai?",
    "answers": ["Tidak tahu", "Kurang tahu", "Tahu", "Tahu pasti"],
}
ASKING: Final = {**BOTRAM, "survey_questions": [QUESTION]}
SAID: Final = "Petugas Budi Contoh ramah sekali"
GIVEN: Final = {"n-U1": "3", "n-tahu_selesai": "1", "n-U2": "", "komentar": SAID}


async def closed(office: Desk, step: str = "cancel") -> dict[str, Any]:
    """A closed request of a programme with a question of its own."""
    (await office.publish("botram", ASKING)).raise_for_status()
    recorded = await office.record(at_event())
    if step == "hand_over":
        (await office.step(recorded["case_id"], "issue")).raise_for_status()
    (await office.step(recorded["case_id"], step)).raise_for_status()
    return recorded


async def post(office: Desk, path: str, **form: str) -> httpx.Response:
    return await office.client.post(path, data=form, headers=HTML)


async def passed(office: Desk, recorded: Mapping[str, Any]) -> str:
    """Open the tracking page; return the pass of its form for the survey."""
    text = (await post(office, "/lacak", kode=recorded["tracking_code"])).text
    (found,) = re.findall(rf'{FORM}>\s*<input type="hidden" name="tanda" value="([^"]+)"', text)
    return str(found)


async def send(office: Desk, shown: str, **form: str) -> httpx.Response:
    return await post(office, "/lacak/survei", tanda=shown, aksi="kirim", **form)


def told(office: Desk) -> list[SurveyAnswered]:
    return [one for one in office.messaging.published if isinstance(one, SurveyAnswered)]


def kept(office: Desk) -> list[dict[str, Any]]:
    return list(office.messaging.memory.collections["surveys"].values())


async def officer(office: Desk, grant: str = "operator:botram:32.16") -> Browser:
    return (await at_work(office, "siti", grant))[1]


async def test_from_the_tracking_page_to_thanks_once_however_often_it_is_sent() -> None:
    async with desk() as office:
        recorded = await closed(office, "hand_over")
        shown = await passed(office, recorded)
        asked = await post(office, "/lacak/survei", tanda=shown)
        assert asked.status_code == 200
        assert recorded["tracking_code"] not in asked.text
        assert asked.text.count("<fieldset") == len(Element) + 1
        assert QUESTION["text"] in asked.text
        for _ in range(2):
            thanked = await send(office, shown, **GIVEN)
            assert thanked.status_code == 200
            assert WORDS("survey.thanks") in thanked.text
            assert FORM not in thanked.text, "it is asked once"
        (event,) = told(office)
        (one,) = kept(office)
        assert {each.question: each.score for each in event.scores} == one["scores"]
        assert one["scores"] == {"U1": 3, "tahu_selesai": 1}
        assert "Budi" not in str(office.messaging.memory.collections)
        action = office.messaging.documents("actions")[-1]
        assert (action["actor"], action["action"]) == ("resident", "POST /lacak/survei")


async def test_other_answers_afterwards_are_told_that_the_first_stand() -> None:
    async with desk() as office:
        shown = await passed(office, await closed(office))
        await send(office, shown, **GIVEN)
        again = await send(office, shown, **{"n-U1": "4"})
        asked = await post(office, "/lacak/survei", tanda=shown)
        assert again.status_code == asked.status_code == 422
        assert WORDS("survey.refused.survey_answered") in again.text
        assert WORDS("survey.refused.other") in asked.text
        assert [one["scores"] for one in kept(office)] == [{"U1": 3, "tahu_selesai": 1}]


async def test_an_open_request_is_not_asked_about() -> None:
    async with desk() as office:
        recorded = await office.record(at_event())
        code = {"kode": recorded["tracking_code"]}
        assert FORM not in (await post(office, "/lacak", **code)).text
        for form in (code, {**code, "aksi": "kirim", "n-U1": "4"}):
            answer = await post(office, "/lacak/survei", **form)
            assert answer.status_code == 422
            assert WORDS("survey.refused.not_closed") in answer.text
        assert kept(office) == []


async def test_what_is_wrong_is_said_beside_its_field_and_the_rest_stays_chosen() -> None:
    async with desk() as office:
        shown = await passed(office, await closed(office))
        long = "x" * (COMMENT_LIMIT + 1)
        for form, field, words in (
            ({}, FIRST, WORDS("survey.wrong.nothing_answered")),
            ({"n-U1": "5"}, FIRST, WORDS("survey.wrong.score_malformed")),
            ({"n-U99": "4"}, FIRST, WORDS("survey.wrong.other")),
            (
                {"n-U1": "2", "komentar": long},
                "komentar",
                WORDS("survey.wrong.comment_malformed", limit="1.000"),
            ),
        ):
            answer = await send(office, shown, **form)
            assert answer.status_code == 422
            assert f'<a href="#{field}">{words}</a>' in answer.text
            assert f'id="{field}"' in answer.text
        assert re.search(r'name="n-U1" value="2" checked', answer.text)
        assert kept(office) == []


async def test_a_wrong_code_or_pass_counts_and_is_asked_for_anew() -> None:
    async with desk(per_client="2/hour") as office:
        recorded = await closed(office)
        for form in ({"kode": "7K2M-9QXT-04BC-ZV3H"}, {"tanda": "x"}):
            answer = await post(office, "/lacak/survei", **form)
            assert answer.status_code == 422
            assert WORDS("tracking.label") in answer.text
        late = await post(office, "/lacak/survei", kode=recorded["tracking_code"])
        assert late.status_code == 429
        assert kept(office) == []


async def test_the_address_of_the_survey_leads_to_where_the_code_is_asked_for() -> None:
    async with desk() as office:
        answer = await office.client.get("/lacak/survei", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, "/intake/lacak")


async def test_an_operator_enters_paper_and_reads_no_score() -> None:
    async with desk() as office:
        case_id = (await closed(office))["case_id"]
        browser = await officer(office)
        before = await page(browser, "GET", f"/meja/{case_id}")
        assert f'href="/intake/meja/{case_id}/survei"' in before.text
        form = await page(browser, "GET", f"/meja/{case_id}/survei")
        sent = {**dict(hidden(form.text.partition("/survei")[2])), "n-U7": "2", "komentar": SAID}
        for _ in range(2):
            done = await page(browser, "POST", f"/meja/{case_id}/survei", data=sent)
            assert done.headers["location"] == f"/intake/meja/{case_id}?selesai=survei"
        other = await page(browser, "POST", f"/meja/{case_id}/survei", data={"n-U7": "4"})
        again = await page(browser, "GET", f"/meja/{case_id}/survei")
        after = await page(browser, "GET", f"/meja/{case_id}")
        (one,) = kept(office)
        assert (one["way"], one["scores"]) == ("paper", {"U7": 2})
        assert other.status_code == 409
        assert WORDS("survey.refused.survey_answered") in other.text
        assert again.headers["location"] == f"/intake/meja/{case_id}"
        assert SAID in after.text
        assert "Sudah diisi di kertas" in after.text
        assert WORDS("survey.enter") not in after.text
        assert WORDS("survey.element.U7") not in after.text


async def test_what_is_wrong_on_paper_is_said_and_an_open_request_has_no_form() -> None:
    async with desk() as office:
        case_id = (await closed(office))["case_id"]
        browser = await officer(office)
        wrong = await page(browser, "POST", f"/meja/{case_id}/survei", data={"komentar": SAID})
        open_ = (await office.record(at_event(service="KK")))["case_id"]
        led = await page(browser, "GET", f"/meja/{open_}/survei")
        early = await page(browser, "POST", f"/meja/{open_}/survei", data={"n-U1": "4"})
        assert wrong.status_code == 422
        assert f'<a href="#{FIRST}">{WORDS("survey.wrong.nothing_answered")}</a>' in wrong.text
        assert SAID in wrong.text
        assert led.headers["location"] == f"/intake/meja/{open_}"
        assert (early.status_code, kept(office)) == (409, [])


async def test_a_supervisor_sees_that_it_was_answered_and_not_what_was_said() -> None:
    async with desk() as office:
        recorded = await closed(office)
        await send(office, await passed(office, recorded), **GIVEN)
        browser = await officer(office, "supervisor:botram:32.16")
        text = (await page(browser, "GET", f"/meja/{recorded['case_id']}")).text
        assert "Sudah diisi warga lewat halaman" in text
        assert SAID not in text


async def test_questions_of_a_programme_are_checked_published_and_keep_their_words() -> None:
    async with desk() as office:
        for questions in (
            [QUESTION] * 2,
            [{**QUESTION, "code": f"tanya_{n}"} for n in "abcd"],
            [{**QUESTION, "code": "U1"}],
            [{**QUESTION, "answers": ["Tidak", "Ya"]}],
        ):
            wrong = await office.publish("botram", {**BOTRAM, "survey_questions": questions})
            assert wrong.status_code == 422, wrong.text
        (await office.publish("botram", ASKING)).raise_for_status()
        reworded = {**ASKING, "survey_questions": [{**QUESTION, "text": "Lain?"}]}
        refused = await office.publish("botram", reworded)
        shown = await office.ask("GET", "/programmes/botram", "service")
        assert (refused.status_code, refused.json()["reason"]) == (409, "question_reworded")
        assert shown.json()["survey_questions"] == [QUESTION]
        event = office.messaging.published[-1].model_dump()
        assert event["survey_questions"] == ({"code": "tahu_selesai", "wording": QUESTION["text"]},)
