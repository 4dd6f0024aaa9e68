"""Every route: what it answers, and what it refuses."""

from typing import Any

import httpx
import pytest

from services.scheduler.api import PAGE
from shared.contracts.scheduler import (
    EventScheduled,
    TicketCalled,
    TicketIssued,
    TicketServed,
    VisitRecorded,
)
from tests.component.scheduler.floor import KOTA, Floor, booth_body, counted, event_body, floor
from tests.unit.scheduler.sample import SETU, published

TAMBUN = "botram-2024-07-20-tambun"


def errors(answer: httpx.Response) -> dict[str, str]:
    """The fields a problem names, with the reasons."""
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["field"]: error["reason"] for error in answer.json()["errors"]}


def told(at: Floor, kind: type[Any]) -> list[Any]:
    return [event for event in at.messaging.published if isinstance(event, kind)]


async def test_an_event_is_planned_published_and_read() -> None:
    async with floor(planned=False) as at:
        answer = await at.put(event_body())

        assert answer.status_code == 200
        assert answer.json() == {
            "event_id": SETU,
            "version": 1,
            "weekday": "saturday",
            "warnings": [],
            "passed_by": 0,
        }
        [scheduled] = told(at, EventScheduled)
        assert scheduled.opens_at.isoformat() == "2023-03-11T02:00:00+00:00"
        assert (await at.get(f"/api/events/{SETU}")).json() == {
            "event_id": SETU,
            "version": 1,
            **event_body(),
            "weekday": "saturday",
            "time_zone": "Asia/Jakarta",
            "opens_at": "2023-03-11T02:00:00Z",
            "closes_at": "2023-03-11T04:30:00Z",
            "cancelled": False,
            "passed_by": 0,
            "lines": [{"service": s, **counted()} for s in ("KIA", "KK")],
            "visits": [],
        }


async def test_the_same_event_again_is_the_same_event() -> None:
    async with floor() as at:
        again = await at.put(event_body())
        changed = await at.put(event_body(closes="12:00"))

        assert (again.json()["version"], changed.json()["version"]) == (1, 2)
        versions = [
            p.envelope.version for p in at.messaging.messages if p.envelope.aggregate_id == SETU
        ]
        assert versions == [1, 2]


async def test_a_misprinted_or_working_or_holy_day_is_a_warning() -> None:
    async with floor() as at:
        thursday = await at.put(event_body(on="2024-11-07", weekday="saturday"), TAMBUN)
        holiday = await at.put(event_body(on="2023-08-17"), TAMBUN)

        assert [w["reason"] for w in thursday.json()["warnings"]] == [
            "weekday_differs",
            "working_day",
        ]
        assert holiday.json()["warnings"] == [
            {"reason": "holiday", "detail": "Hari Kemerdekaan Republik Indonesia"}
        ]


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"organiser": "x"}, "/organiser", "unknown field"),
        ({"name": ""}, "/name", "1 to 200 Latin letters"),
        ({"name": "x" * 201}, "/name", "1 to 200 Latin letters"),
        ({"name": "two\nlines"}, "/name", "holds a character that cannot be seen"),
        ({"name": " BOTRAM"}, "/name", "no space at the beginning"),
        ({"name": 7}, "/name", "1 to 200 Latin letters"),
        ({"place": "\x00"}, "/place", "holds a character that cannot be seen"),
        ({"place": "Setu\u202e"}, "/place", "holds a character that cannot be seen"),
        ({"programme_id": "BOTRAM!"}, "/programme_id", "1 to 40 of a-z 0-9 _"),
        ({"region_code": "Setu"}, "/region_code", "region code such as 32"),
        ({"on": "2023-02-29"}, "/on", "must be a day, written 2023-03-11"),
        ({"on": "11 Maret 2023"}, "/on", "a day is written 2023-03-11"),
        ({"on": 1678492800}, "/on", "a day is a text such as 2023-03-11"),
        ({"on": "1999-12-31"}, "/on", "between 2000-01-01 and 2100-12-31"),
        ({"on": "2101-01-01"}, "/on", "between 2000-01-01 and 2100-12-31"),
        ({"opens": "9:00"}, "/opens", "is written 09:00"),
        ({"opens": "24:00"}, "/opens", "is written 09:00"),
        ({"closes": "09:00"}, "/closes", "must be later than opens, on the same day"),
        ({"closes": "08:59"}, "/closes", "must be later than opens, on the same day"),
        ({"weekday": "Sabtu"}, "/weekday", "monday"),
        ({"booths": []}, "/booths", "at least 1 in the list"),
        ({"booths": [booth_body(f"b{n}", "KIA") for n in range(61)]}, "/booths", "at most 60"),
        ({"booths": [booth_body("b", "KIA"), booth_body("b", "KK")]}, "/booths", "booth_id twice"),
        ({"booths": [booth_body("B 1", "KIA")]}, "/booths/0/booth_id", "a booth id has 1 to 40"),
        ({"booths": [booth_body("b")]}, "/booths/0/services", "at least 1 in the list"),
        (
            {"booths": [booth_body("b", *(f"S{n}" for n in range(11)))]},
            "/booths/0/services",
            "at most 10",
        ),
        ({"booths": [booth_body("b", "KIA", "KIA")]}, "/booths/0/services", "a service twice"),
        ({"booths": [booth_body("b", "kia")]}, "/booths/0/services/0", "2 to 40 of A-Z 0-9 _"),
        (
            {"booths": [{**booth_body("b", "KIA"), "ticketed": "yes"}]},
            "/booths/0/ticketed",
            "true or false",
        ),
        ({"booths": [{**booth_body("b", "KIA"), "counters": 2}]}, "/booths/0/counters", "unknown"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
async def test_an_event_that_is_not_well_formed_is_refused_by_field(
    change: dict[str, Any], field: str, reason: str
) -> None:
    async with floor(planned=False) as at:
        answer = await at.put(event_body(**change))

        assert answer.status_code == 422
        assert reason in errors(answer)[field]
        assert at.messaging.documents("events") == []


async def test_an_event_may_have_sixty_booths() -> None:
    async with floor(planned=False) as at:
        booths = [booth_body(f"b{n}", "KIA") for n in range(60)]

        assert (await at.put(event_body(booths=booths))).status_code == 200


@pytest.mark.parametrize("event_id", ["Botram", "a b", "-setu", "7-setu", "x" * 65, "a.b"])
async def test_an_event_id_is_a_short_plain_word(event_id: str) -> None:
    async with floor(planned=False) as at:
        answer = await at.put(event_body(), event_id)

        assert answer.status_code == 422
        assert "path/event_id" in errors(answer)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"region_code": "32.75.01"}, "region_outside_programme"),
        ({"booths": [booth_body("b", "KIA", ticketed=False)]}, "no_ticketed_booth"),
    ],
)
async def test_an_event_that_cannot_be_carried_out_is_refused(
    change: dict[str, Any], reason: str
) -> None:
    async with floor(planned=False) as at:
        answer = await at.put(event_body(**change))

        assert (answer.status_code, answer.json()["reason"]) == (409, reason)
        assert told(at, EventScheduled) == []


async def test_an_event_needs_a_programme_and_stays_in_it() -> None:
    async with floor() as at:
        unknown = await at.put({**event_body(), "programme_id": "sregep"}, TAMBUN)
        taken = await at.put(event_body("halo_pamor"), SETU)

        assert (unknown.status_code, unknown.json()["detail"]) == (404, "programme")
        assert (taken.status_code, taken.json()["reason"]) == (409, "other_programme")


async def test_a_planner_of_another_programme_cannot_take_an_event_over() -> None:
    async with floor() as at:
        headers = at.messaging.headers("planner", "halo_pamor", "32.75")
        body = event_body("halo_pamor")

        answer = await at.client.put(f"/api/events/{SETU}", json=body, headers=headers)

        assert answer.status_code == 403


async def test_a_line_with_tickets_stays() -> None:
    async with floor() as at:
        await at.request("case-1", "KK")

        answer = await at.put(event_body(booths=[booth_body("loket-1", "KIA")]))

        assert (answer.status_code, answer.json()["reason"]) == (409, "tickets_issued")
        assert (await at.get(f"/api/events/{SETU}")).json()["version"] == 1


async def test_events_are_listed_by_day_within_the_callers_region() -> None:
    async with floor() as at:
        await at.put(event_body(on="2024-07-20", region_code="32.16.06"), TAMBUN)
        await at.put(event_body(on="2022-01-01", region_code="32.16"), "botram-2022")

        async def listed(query: str, *grant: str) -> list[str]:
            answer = await at.get(f"/api/events?programme_id=botram{query}", *grant)
            return [event["event_id"] for event in answer.raise_for_status().json()]

        assert await listed("") == ["botram-2022", SETU, TAMBUN]
        assert await listed("&limit=2") == ["botram-2022", SETU]
        assert await listed("&from=2023-03-11") == [SETU, TAMBUN]
        assert await listed("&to=2023-03-11") == ["botram-2022", SETU]
        assert await listed("&from=2023-03-12&to=2024-07-19") == []
        assert await listed("", "operator", "botram", "32.16.06") == [TAMBUN]
        assert await listed("", "operator", "*", "32") == ["botram-2022", SETU, TAMBUN]


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ("", "query/programme_id", "is missing"),
        ("?programme_id=BOTRAM", "query/programme_id", "1 to 40 of a-z 0-9 _"),
        ("?programme_id=botram&year=2023", "query/year", "unknown field"),
        ("?programme_id=botram&from=1678492800", "query/from", "a day is written 2023-03-11"),
        ("?programme_id=botram&from=2023-03-12&to=2023-03-11", "query/to", "before from"),
        (f"?programme_id=botram&limit={PAGE + 1}", "query/limit", "must be 200 or less"),
        ("?programme_id=botram&limit=0", "query/limit", "must be 1 or more"),
    ],
)
async def test_a_list_that_cannot_be_given_is_refused_by_field(
    query: str, field: str, reason: str
) -> None:
    async with floor() as at:
        answer = await at.get(f"/api/events{query}")

        assert answer.status_code == 422
        assert reason in errors(answer)[field]


async def test_what_is_not_there_is_not_found() -> None:
    async with floor() as at:
        for path in (
            "/api/events/no-such-event",
            "/api/events/no-such-event/booths/loket-1/current",
            f"/api/events/{SETU}/booths/no-such-booth/current",
        ):
            assert (await at.get(path)).status_code == 404
        for path, body in (
            ("/api/events/no-such-event/booths/loket-1/calls", None),
            (f"/api/events/{SETU}/booths/no-such-booth/calls", None),
            (f"/api/events/{SETU}/services/KIA/tickets/1/serve", {"booth_id": "loket-1"}),
            (
                f"/api/events/{SETU}/booths/no-such-booth/visits",
                {"service": "HEALTH_CHECK", "visitors": 1},
            ),
        ):
            assert (await at.post(path, json=body)).status_code == 404


async def test_a_day_at_the_booth() -> None:
    async with floor() as at:
        for number in range(1, 4):
            await at.request(f"case-{number}")
        none = await at.get(f"/api/events/{SETU}/booths/loket-1/current")
        first = await at.call()
        second = await at.call("loket-2")
        served = await at.serve(1)

        assert none.json() == {"ticket": None}
        assert first.json() == {
            "ticket": {
                "ticket_id": f"{SETU}/KIA/1",
                "service": "KIA",
                "number": 1,
                "label": "A1",
                "state": "called",
                "case_id": "case-1",
                "arrival_id": None,
                "booth_id": "loket-1",
            }
        }
        assert second.json()["ticket"]["number"] == 2
        assert served.json() == {**first.json()["ticket"], "state": "served"}
        current = await at.get(f"/api/events/{SETU}/booths/loket-1/current")
        assert current.json()["ticket"]["state"] == "served"
        numbers = counted(issued=3, called=2, served=1, waiting=1, at_booths=1)
        assert (await at.lines())["KIA"] == numbers
        assert [t.number for t in told(at, TicketIssued)] == [1, 2, 3]
        assert [(t.number, t.booth_id) for t in told(at, TicketCalled)] == [
            (1, "loket-1"),
            (2, "loket-2"),
        ]
        assert [t.number for t in told(at, TicketServed)] == [1]


async def test_nobody_waiting_is_an_answer() -> None:
    async with floor() as at:
        answer = await at.call()

        assert (answer.status_code, answer.json()) == (200, {"ticket": None})


async def test_a_repeated_tap_returns_the_same_ticket() -> None:
    async with floor() as at:
        await at.request("case-1")
        await at.request("case-2")

        taps = [await at.call(key="tap-0001") for _ in range(3)]

        assert {tap.text for tap in taps} == {taps[0].text}
        assert len(told(at, TicketCalled)) == 1
        assert (await at.lines())["KIA"]["called"] == 1
        elsewhere = await at.call("loket-2", key="tap-0001")
        assert elsewhere.status_code == 422
        assert elsewhere.json()["type"] == "/problems/idempotency-key-reused"


async def test_a_repeated_plan_service_and_visit_are_done_once() -> None:
    async with floor() as at:
        await at.request("case-1")
        await at.call()
        count = {"service": "HEALTH_CHECK", "visitors": 4}
        for pair in (
            [await at.put(event_body(name="BOTRAM II"), key="plan-0001") for _ in range(2)],
            [await at.serve(1, key="serve-0001") for _ in range(2)],
            [await at.visit(count, key="visit-0001") for _ in range(2)],
        ):
            first, second = pair
            assert first.status_code == second.status_code == 200
            assert first.json() == second.json()

        other = await at.visit({**count, "visitors": 5}, key="visit-0001")
        assert other.status_code == 422
        assert len(told(at, TicketServed)) == len(told(at, VisitRecorded)) == 1
        assert len(told(at, EventScheduled)) == 3


@pytest.mark.parametrize("key", [None, "short", "x" * 65, "a b c d e"])
async def test_a_command_needs_a_key_of_its_own(key: str | None) -> None:
    async with floor() as at:
        headers = at.messaging.headers("operator")
        headers.pop("Idempotency-Key")
        path = f"/api/events/{SETU}/booths/loket-1/calls"

        sent = headers if key is None else {**headers, "Idempotency-Key": key}
        answer = await at.client.post(path, headers=sent)

        assert answer.status_code == 400
        assert "header/Idempotency-Key" in errors(answer)


async def test_nobody_is_called_to_a_booth_without_tickets() -> None:
    async with floor() as at:
        answer = await at.call("puskesmas")

        assert (answer.status_code, answer.json()["reason"]) == (409, "no_tickets")


async def test_a_booth_serves_what_it_called_and_once() -> None:
    async with floor() as at:
        await at.request("case-1")
        waiting = await at.serve(1)
        await at.call()
        elsewhere = await at.serve(1, "loket-2")
        await at.serve(1)
        again = await at.serve(1)

        assert [(a.status_code, a.json()["reason"]) for a in (waiting, elsewhere, again)] == [
            (409, "not_called"),
            (409, "other_booth"),
            (409, "already_served"),
        ]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("services/KIA/tickets/0/serve", {"booth_id": "loket-1"}, "path/number"),
        ("services/KIA/tickets/100001/serve", {"booth_id": "loket-1"}, "path/number"),
        ("services/KIA/tickets/x/serve", {"booth_id": "loket-1"}, "path/number"),
        ("services/kia/tickets/1/serve", {"booth_id": "loket-1"}, "path/service"),
        ("services/KIA/tickets/1/serve", {}, "/booth_id"),
        ("services/KIA/tickets/1/serve", {"booth_id": 1}, "/booth_id"),
        ("services/KIA/tickets/1/serve", {"booth_id": "loket-1", "by": "x"}, "/by"),
        ("booths/LOKET/calls", None, "path/booth_id"),
        ("booths/puskesmas/visits", {"service": "HEALTH_CHECK"}, "/visitors"),
        ("booths/puskesmas/visits", {"service": "HEALTH_CHECK", "visitors": 0}, "/visitors"),
        ("booths/puskesmas/visits", {"service": "HEALTH_CHECK", "visitors": 1001}, "/visitors"),
        ("booths/puskesmas/visits", {"service": "HEALTH_CHECK", "visitors": "4"}, "/visitors"),
        ("booths/puskesmas/visits", {"service": "HEALTH_CHECK", "visitors": True}, "/visitors"),
        ("booths/puskesmas/visits", {"service": "check", "visitors": 1}, "/service"),
        ("booths/puskesmas/visits", {"service": "X1", "visitors": 1, "names": []}, "/names"),
    ],
)
async def test_a_command_that_is_not_well_formed_is_refused_by_field(
    path: str, body: Any, field: str
) -> None:
    async with floor() as at:
        answer = await at.post(f"/api/events/{SETU}/{path}", json=body)

        assert answer.status_code == 422
        assert field in errors(answer)


async def test_who_walks_up_is_counted() -> None:
    async with floor() as at:
        first = await at.visit({"service": "HEALTH_CHECK", "visitors": 4})
        await at.visit({"service": "HEALTH_CHECK", "visitors": 1000})

        assert first.status_code == 200
        [visit, _] = told(at, VisitRecorded)
        assert first.json() == {"visit_id": visit.visit_id}
        assert (visit.booth_id, visit.visitors, visit.region_code) == ("puskesmas", 4, "32.16.18")
        assert (await at.get(f"/api/events/{SETU}")).json()["visits"] == [
            {"booth_id": "puskesmas", "service": "HEALTH_CHECK", "visitors": 1004}
        ]


@pytest.mark.parametrize(
    ("booth_id", "service", "reason"),
    [("loket-1", "KIA", "ticketed"), ("puskesmas", "VACCINE", "not_offered")],
)
async def test_visits_that_do_not_fit_the_booth_are_refused(
    booth_id: str, service: str, reason: str
) -> None:
    async with floor() as at:
        answer = await at.visit({"service": service, "visitors": 1}, booth_id)

        assert (answer.status_code, answer.json()["reason"]) == (409, reason)


async def test_programmes_are_shown_to_those_who_have_to_do_with_them() -> None:
    async with floor() as at:
        await at.messaging.deliver(published(name="BOTRAM II"), version=2)
        mine = await at.get("/api/programmes", "operator", "botram", "32.16")
        all_of_them = await at.get("/api/programmes", "head")

        assert mine.json() == [
            {
                "programme_id": "botram",
                "name": "BOTRAM II",
                "owner": "Disdukcapil Kabupaten Bekasi",
                "version": 2,
                "passed_by": 0,
            }
        ]
        assert [p["programme_id"] for p in all_of_them.json()] == ["botram", "halo_pamor"]


async def test_an_answer_that_is_kept_holds_nothing_of_a_person() -> None:
    async with floor() as at:
        await at.request("case-1")
        await at.call(key="tap-0001")

        [inbox_id] = [
            m for m in at.messaging.documents("inbox") if (m.get("answer") or {}).get("ticket_id")
        ]

        assert set(inbox_id["answer"]) == {
            "ticket_id", "service", "number", "label", "state", "case_id", "arrival_id", "booth_id"
        }  # fmt: skip


async def test_events_of_two_programmes_do_not_meet() -> None:
    async with floor() as at:
        await at.request("case-1")
        await at.request("case-2", programme_id="halo_pamor")

        answer = await at.get(f"/api/events/{KOTA}", "operator", "halo_pamor", "32.75")

        assert [line["issued"] for line in answer.json()["lines"]] == [1, 0]
        assert [t.number for t in told(at, TicketIssued)] == [1, 1]


async def test_an_agencys_operator_sees_and_works_its_booths_alone() -> None:
    async with floor() as at:
        await at.request("case-1")
        await at.visit({"service": "HEALTH_CHECK", "visitors": 3})
        mine = ("agency_operator", "botram", "32.16:dinkes")

        seen = (await at.get(f"/api/events/{SETU}", *mine)).json()
        listed = (await at.get("/api/events?programme_id=botram", *mine)).json()
        others = await at.get(
            "/api/events?programme_id=botram", "agency_operator", "botram", "32.16:bjb"
        )

        assert [booth["booth_id"] for booth in seen["booths"]] == ["puskesmas"]
        assert seen["lines"] == []
        assert [visit["visitors"] for visit in seen["visits"]] == [3]
        assert [[b["booth_id"] for b in event["booths"]] for event in listed] == [["puskesmas"]]
        assert others.json() == []


async def test_an_agencys_operator_does_not_serve_for_another_booth() -> None:
    async with floor() as at:
        await at.request("case-1")
        (await at.call()).raise_for_status()
        headers = at.messaging.headers("agency_operator", "botram", "32.16:dinkes")
        path = f"/api/events/{SETU}/services/KIA/tickets/1/serve"

        answer = await at.client.post(path, json={"booth_id": "loket-1"}, headers=headers)

        assert answer.status_code == 403
