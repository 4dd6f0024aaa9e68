"""Complaints over HTTP: recorded, listed, answered, opened again, and by when."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from services.intake.domain import Refused
from services.intake.domain.complaint import CLOSES_AFTER, REOPENINGS, TEXT_LIMIT
from services.intake.store import COLLECTIONS, IntakeReader
from services.intake.usecases import Eraser
from services.intake.usecases.complaints import forget_complaint, rate_answer
from shared.testing.callers import NOW
from shared.web.problems import Problem
from tests.component.intake.complaining import (
    ANSWER,
    TEXT,
    act,
    anonymous,
    answer,
    answered,
    closed,
    complaint,
    listed,
    look,
    made,
    reopen,
    step,
)
from tests.component.intake.kit import BOTRAM, Desk, desk


def told(office: Desk, name: str) -> list[Any]:
    """The events of complaints that were published, by the last word of their type."""
    type_ = f"intake.complaint_{name}.v1"
    return [m for m in office.messaging.messages if m.envelope.type == type_]


async def passes(office: Desk, **time: float) -> None:
    """Let time pass, and what is due happen."""
    office.messaging.clock.advance(**time)
    await office.messaging.settle()


async def test_one_is_recorded_taken_answered_and_closed() -> None:
    async with desk() as office:
        one = await made(office)
        id_ = one["complaint_id"]
        (row,) = await listed(office)
        assert (row["state"], row["kind"], row["channel"]) == ("received", "service", "office")
        assert "Siti" not in str(row)
        assert TEXT not in str(row)

        early = await answer(office, id_)
        taken = await step(office, id_, "take")
        twice = await step(office, id_, "take")
        said = await answer(office, id_)
        done = await step(office, id_, "close")

        assert (early.status_code, early.json()["reason"]) == (409, "not_in_work")
        assert taken.json() == {"state": "in_work"}
        assert (twice.status_code, twice.json()["reason"]) == (409, "not_waiting")
        assert said.json() == {"state": "answered"}
        assert done.json() == {"state": "closed"}
        shown = (await look(office, id_)).json()
        assert (shown["text"], shown["name"], shown["phone"]) == (
            TEXT,
            "Siti Contoh",
            "+6281200000001",
        )
        assert shown["exchanges"] == [{"answer": ANSWER, "more": None}]
        assert shown["within_deadline"] is True
        assert await listed(office) == []
        assert len(await listed(office, more="&state=closed")) == 1


@pytest.mark.parametrize(
    ("kind", "last"),
    [
        # From Saturday, 11 March 2023: Nyepi (22, with its leave on 23) and Idul Fitri follow.
        ("information", date(2023, 3, 17)),
        ("service", date(2023, 4, 3)),
        ("supervision", date(2023, 6, 20)),
        ("aspiration", date(2023, 4, 3)),
    ],
)
async def test_each_kind_has_its_working_days(kind: str, last: date) -> None:
    async with desk() as office:
        one = await made(office, kind=kind)
        assert one["due_on"] == last.isoformat()


async def test_a_programme_states_its_own_days_and_its_own_calendar() -> None:
    async with desk() as office:
        own = {**BOTRAM, "complaint_days": {"service": 1}, "calendar": {"closed": ["2023-03-13"]}}
        (await office.publish("botram", own)).raise_for_status()
        assert (await made(office))["due_on"] == "2023-03-14"
        assert (await made(office, kind="information"))["due_on"] == "2023-03-20"
        stands = (await office.ask("GET", "/programmes/botram", "admin")).json()
        assert stands["complaint_days"] == {"service": 1}
        wrong = await office.publish("botram", {**BOTRAM, "complaint_days": {"service": 0}})
        assert (wrong.status_code, "/complaint_days" in wrong.text) == (422, True)


async def test_the_timer_flags_what_is_not_answered_in_time() -> None:
    async with desk() as office:
        late = (await made(office, kind="information"))["complaint_id"]
        kept = (await answered(office, kind="information"))["complaint_id"]
        # To the last moment of Friday, 17 March in Jakarta.
        await passes(office, days=6, hours=14, minutes=44)
        assert await listed(office, "supervisor", more="&overdue=true") == []

        await passes(office, minutes=1, seconds=1)

        (row,) = await listed(office, "supervisor", more="&overdue=true")
        assert (row["complaint_id"], row["overdue"]) == (late, True)
        (await step(office, late, "take")).raise_for_status()
        (await answer(office, late)).raise_for_status()
        shown = (await look(office, late)).json()
        assert (shown["within_deadline"], shown["overdue"]) == (False, False)
        assert (await look(office, kept)).json()["overdue"] is False


async def test_what_nobody_says_anything_to_closes_by_itself() -> None:
    async with desk() as office:
        # A moment that the database does not keep whole, as most are.
        office.messaging.clock.advance(microseconds=678)
        id_ = (await answered(office))["complaint_id"]
        await passes(office, seconds=CLOSES_AFTER.total_seconds() - 1)
        assert (await look(office, id_)).json()["state"] == "answered"
        await passes(office, seconds=2)
        assert (await look(office, id_)).json()["state"] == "closed"
        assert len(told(office, "resolved")) == 1


async def test_it_is_opened_again_with_days_of_its_own_and_three_times_at_most() -> None:
    async with desk() as office:
        id_ = (await closed(office))["complaint_id"]
        await passes(office, days=20)
        (row,) = [json.loads((await reopen(office, id_)).text)]
        assert row == {"state": "reopened"}
        shown = (await look(office, id_)).json()
        assert shown["due_on"] == "2023-04-28"
        assert shown["exchanges"] == [{"answer": ANSWER, "more": "Belum berubah"}]
        assert (shown["within_deadline"], shown["reopened"]) == (None, 1)
        for _ in range(REOPENINGS - 1):
            (await step(office, id_, "take")).raise_for_status()
            (await answer(office, id_)).raise_for_status()
            (await reopen(office, id_)).raise_for_status()
        (await step(office, id_, "take")).raise_for_status()
        (await answer(office, id_)).raise_for_status()
        refused = await reopen(office, id_)
        assert (refused.status_code, refused.json()["reason"]) == (409, "reopened_too_often")
        # Opened again before it was closed it was not resolved: nothing is taken back twice.
        assert (len(told(office, "resolved")), len(told(office, "reopened"))) == (1, 1)


async def test_an_answer_is_rated_once_and_a_new_answer_anew() -> None:
    async with desk() as office:
        id_ = (await answered(office))["complaint_id"]
        commands = office.messaging.commands(Problem)

        async def rate(rating: int) -> None:
            await commands.run_own(lambda uow: rate_answer(id_, rating, uow), key=id_)

        await rate(3)
        with pytest.raises(Refused, match="rated_already"):
            await rate(4)
        assert (await look(office, id_)).json()["rating"] == 3
        (await reopen(office, id_)).raise_for_status()
        assert (await look(office, id_)).json()["rating"] is None
        with pytest.raises(Refused, match="not_answered"):
            await rate(4)


async def test_no_event_and_no_record_holds_who_or_what() -> None:
    async with desk() as office:
        id_ = (await closed(office))["complaint_id"]
        (await reopen(office, id_)).raise_for_status()
        (received,), (resolved,), (again,) = (
            told(office, name) for name in ("received", "resolved", "reopened")
        )
        facts = {"complaint_id": id_, "programme_id": "botram", "kind": "service"}
        facts["month"] = "2023-03"
        assert json.loads(received.body) == facts
        assert json.loads(resolved.body) == {**facts, "within_deadline": True}
        assert json.loads(again.body) == {**facts, "within_deadline": True}
        held = {
            name: json.dumps(list(documents.values()), default=str)
            for name, documents in office.messaging.memory.collections.items()
        }
        for name, text in held.items():
            for said in ("Siti", "81200000001", TEXT, ANSWER, "Belum berubah"):
                assert said not in text, (name, said)


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"secrecy": "anonymous"}, "/name", "anonymous"),
        ({"name": None}, "/name", "needed"),
        ({"about": "agent"}, "/kind", "supervision"),
        ({"text": " "}, "/text", str(TEXT_LIMIT)),
        ({"text": "x" * (TEXT_LIMIT + 1)}, "/text", str(TEXT_LIMIT)),
        ({"text": "a\x00b"}, "/text", "nobody sees"),
        ({"kind": "rumour"}, "/kind", ""),
        ({"phone": "123"}, "/phone", "mobile"),
    ],
)
async def test_what_cannot_be_is_refused_by_field(
    changed: dict[str, Any], field: str, reason: str
) -> None:
    async with desk() as office:
        body = complaint(**changed)
        refused = await act(office, "POST", "/complaints", "operator", json=body)
        assert refused.status_code == 422, refused.text
        (error,) = refused.json()["errors"]
        assert error["field"] == field
        assert reason.replace("anonymous", "anonym") in error["reason"]


async def test_the_longest_text_is_taken() -> None:
    async with desk() as office:
        body = anonymous(text="x" * TEXT_LIMIT)
        assert (await act(office, "POST", "/complaints", "operator", json=body)).is_success


async def test_a_replay_has_the_same_code_and_is_held_to_the_same_rights() -> None:
    async with desk() as office:
        how: dict[str, Any] = {"key": "the-same-key", "json": complaint()}
        first = await act(office, "POST", "/complaints", "operator", **how)
        again = await act(office, "POST", "/complaints", "operator", **how)
        assert (again.status_code, again.json()) == (201, first.json())
        headers = office.messaging.headers("operator", "botram", "32.16.06", key="the-same-key")
        elsewhere = await office.client.post("/api/complaints", json=complaint(), headers=headers)
        assert elsewhere.status_code == 403
        assert len(office.messaging.documents("complaints")) == 1


async def test_pages_follow_each_other_by_last_day() -> None:
    async with desk() as office:
        for kind in ("service", "information", "service", "information", "aspiration"):
            await made(office, kind=kind)
        days: list[str] = []
        cursor = ""
        for _ in range(3):
            path = f"/complaints?programme_id=botram&limit=2{cursor}"
            page = (await act(office, "GET", path, "operator")).json()
            days += [one["due_on"] for one in page["items"]]
            cursor = f"&cursor={page['next_cursor']}"
        assert (len(days), days) == (5, sorted(days))
        assert page["next_cursor"] is None


async def test_figures_of_a_year_and_none_is_no_figure() -> None:
    async with desk() as office:
        path = "/complaint-figures?programme_id=botram&year="
        nothing = (await act(office, "GET", f"{path}2023", "head")).json()
        assert (nothing["received"], nothing["ratio"]) == (0, None)
        await closed(office)
        await closed(office, kind="information")
        await made(office)
        found = (await act(office, "GET", f"{path}2023", "head")).json()
        assert (found["received"], found["resolved"], found["ratio"]) == (3, 2, 66.67)
        assert found["kinds"]["service"] == {
            "received": 2,
            "resolved": 1,
            "within_deadline": 1,
            "ratio": 50.0,
        }
        assert found["kinds"]["aspiration"]["ratio"] is None
        assert (await act(office, "GET", f"{path}2022", "head")).json()["ratio"] is None
        part = office.messaging.headers("head", "botram", "32.16.18")
        refused = await office.client.get(f"/api{path}2023", headers=part)
        assert refused.status_code == 403


async def test_its_month_is_that_of_the_programmes_zone() -> None:
    async with desk() as office:
        # 1 April in Jakarta, 31 March by UTC.
        office.messaging.clock.advance(days=20, hours=15)
        assert (NOW + timedelta(days=20, hours=15)).month == 3
        await made(office)
        (event,) = told(office, "received")
        assert json.loads(event.body)["month"] == "2023-04"


async def erased(office: Desk) -> None:
    """Carry out what was decided, as the service does by itself."""

    class Notes:
        def add(self, *said: object) -> None:
            """Keep nothing."""

    reader = IntakeReader(office.messaging.database, COLLECTIONS)
    commands = office.messaging.commands(Problem)
    eraser = Eraser(Notes(), reader.erasures_decided, commands, office.messaging.clock)
    assert await eraser.look() == 1


async def test_its_words_are_deleted_at_the_word_of_who_wrote_them() -> None:
    async with desk() as office:
        open_ = (await made(office))["complaint_id"]
        id_ = (await closed(office))["complaint_id"]
        commands = office.messaging.commands(Problem)
        with pytest.raises(Refused, match="open_complaint"):
            await commands.run_own(lambda uow: forget_complaint(open_, uow), key=open_)
        await commands.run_own(lambda uow: forget_complaint(id_, uow), key=id_)
        refused = await reopen(office, id_)
        assert (refused.status_code, refused.json()["reason"]) == (409, "erased")
        await erased(office)

        shown = (await look(office, id_)).json()
        assert (shown["state"], shown["text"], shown["name"]) == ("closed", None, None)
        assert [one["_id"] for one in office.messaging.documents("complaint_texts")] == [open_]
        keys = {one["_id"]: one for one in office.messaging.documents("resident_keys")}
        assert keys[id_]["sealed"] is None
        figures = await act(
            office, "GET", "/complaint-figures?programme_id=botram&year=2023", "head"
        )
        assert figures.json()["received"] == 2


async def test_its_words_are_deleted_when_their_time_is_over() -> None:
    async with desk() as office:
        (await office.publish("botram", {**BOTRAM, "retention_days": 30})).raise_for_status()
        office.messaging.clock.advance(microseconds=678)
        id_ = (await closed(office))["complaint_id"]
        await passes(office, days=29)
        assert office.messaging.documents("erasures") == []
        await passes(office, days=1, seconds=1)
        (decided,) = office.messaging.documents("erasures")
        assert (decided["_id"], decided["asked_by"]) == (id_, "programme:botram")
        await erased(office)
        assert (await look(office, id_)).json()["text"] is None


async def test_what_is_opened_again_is_not_deleted_meanwhile() -> None:
    async with desk() as office:
        (await office.publish("botram", {**BOTRAM, "retention_days": 30})).raise_for_status()
        id_ = (await closed(office))["complaint_id"]
        (await reopen(office, id_)).raise_for_status()
        timers = [one["_id"] for one in office.messaging.documents("timers")]
        assert timers == [f"complaint_due/{id_}"]
        await passes(office, days=40)
        assert office.messaging.documents("erasures") == []
