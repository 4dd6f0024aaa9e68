"""Courier over HTTP: every route, what it answers and what it refuses."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from shared.testing.callers import HOST
from tests.component.courier.counter import AREA, STEPS, Counter, counter
from tests.unit.courier.sample import (
    AGENT,
    VILLAGE,
    closed,
    confirmed,
    issued,
    programme,
    received,
)


@pytest.fixture
async def at() -> AsyncIterator[Counter]:
    async with counter() as one:
        yield one


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem that was answered, of this status and type."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"/problems/{kind}"
    return document


async def test_an_agent_is_put_in_charge_and_gets_what_waits(at: Counter) -> None:
    await at.messaging.deliver(received("case-1"))
    await at.messaging.deliver(received("case-2"))
    headers = at.messaging.headers("admin", "halo_pamor", "32.75")
    answer = await at.client.put(AREA, json={"agent_id": AGENT}, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"assigned": 2})
    assert [event.type for event in at.messaging.published] == [
        "courier.job_opened.v1",
        "courier.job_opened.v1",
        "courier.job_assigned.v1",
        "courier.job_assigned.v1",
    ]


async def test_the_same_key_again_is_the_same_request(at: Counter) -> None:
    await at.messaging.deliver(received())
    headers = at.messaging.headers("admin", key="area-005-once")
    for _ in range(3):
        answer = await at.client.put(AREA, json={"agent_id": AGENT}, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"assigned": 1})
    assert len(at.messaging.published) == 2
    assert [area["version"] for area in at.messaging.documents("areas")] == [1]


async def test_a_key_is_not_used_for_two_requests(at: Counter) -> None:
    headers = at.messaging.headers("admin", key="area-005-once")
    await at.client.put(AREA, json={"agent_id": AGENT}, headers=headers)
    answer = await at.client.put(AREA, json={"agent_id": "agent-2"}, headers=headers)
    problem(answer, 422, "idempotency-key-reused")
    assert [area["agent_id"] for area in at.messaging.documents("areas")] == [AGENT]


async def test_the_keys_of_two_callers_are_two_keys(at: Counter) -> None:
    for subject in ("agus", "budi"):
        headers = at.messaging.headers("admin", subject=subject, key="area-005-once")
        answer = await at.client.put(AREA, json={"agent_id": subject}, headers=headers)
        assert answer.status_code == 200
    assert [area["agent_id"] for area in at.messaging.documents("areas")] == ["budi"]


async def test_an_area_of_an_unknown_programme_is_not_found(at: Counter) -> None:
    path = AREA.replace("halo_pamor", "sregep")
    answer = await at.client.put(
        path, json={"agent_id": AGENT}, headers=at.messaging.headers("admin")
    )
    assert problem(answer, 404, "not-found")["detail"] == "programme"


@pytest.mark.parametrize(
    ("path", "body", "status", "kind", "field"),
    [
        (AREA, {"agent_id": AGENT, "name": "Budi"}, 422, "unknown-field", "/name"),
        (AREA, {}, 422, "invalid-field", "/agent_id"),
        (AREA, {"agent_id": 7}, 422, "invalid-field", "/agent_id"),
        (AREA, {"agent_id": ""}, 422, "invalid-field", "/agent_id"),
        (AREA, {"agent_id": "a" * 121}, 422, "invalid-field", "/agent_id"),
        (AREA, [], 422, "invalid-field", "body"),
        *[
            (AREA.replace("005", rw), {"agent_id": AGENT}, 422, "invalid-field", "path/rw")
            for rw in ("000", "0", "1000", "RW", "5a")
        ],
        (
            AREA.replace(VILLAGE, "32.75.01"),
            {"agent_id": AGENT},
            422,
            "invalid-field",
            "path/village",
        ),
        (
            AREA.replace("halo_pamor", "HALO"),
            {"agent_id": AGENT},
            422,
            "invalid-field",
            "path/programme_id",
        ),
    ],
)
async def test_an_area_that_is_not_well_told_is_refused(
    at: Counter, path: str, body: Any, status: int, kind: str, field: str
) -> None:
    answer = await at.client.put(path, json=body, headers=at.messaging.headers("admin"))
    assert [error["field"] for error in problem(answer, status, kind)["errors"]] == [field]
    assert at.messaging.documents("areas") == []


@pytest.mark.parametrize("rw", ["5", "05", "005", "RW 05", "rw5", "Rw. 005"])
async def test_an_rw_is_understood_as_people_write_it(at: Counter, rw: str) -> None:
    path = AREA.replace("005", quote(rw))
    answer = await at.client.put(
        path, json={"agent_id": AGENT}, headers=at.messaging.headers("admin")
    )
    assert answer.status_code == 200, answer.text
    assert [a["_id"] for a in at.messaging.documents("areas")] == [f"halo_pamor/{VILLAGE}/005"]


@pytest.mark.parametrize("path", [AREA.replace("005", "000"), AREA.replace(VILLAGE, "32.75")])
async def test_no_pattern_is_shown_to_a_person(at: Counter, path: str) -> None:
    answer = await at.client.put(
        path, json={"agent_id": AGENT}, headers=at.messaging.headers("admin")
    )
    [error] = problem(answer, 422, "invalid-field")["errors"]
    assert "001 to 999" in error["reason"] or "such as" in error["reason"]
    assert "pattern" not in answer.text


@pytest.mark.parametrize(
    ("step", "body", "kind", "field"),
    [
        ("fly", {}, "invalid-field", "/step"),
        (7, {}, "invalid-field", "/step"),
        ("deliver", {"place": "home"}, "unknown-field", "/place"),
        ("fail", {"reason": "rain"}, "invalid-field", "/reason"),
        ("deliver", {"occurred_at": "2023-03-11T09:00:00"}, "invalid-field", "/occurred_at"),
        ("deliver", {"occurred_at": "yesterday"}, "invalid-field", "/occurred_at"),
    ],
)
async def test_a_step_that_is_not_well_told_is_refused(
    at: Counter, step: Any, body: dict[str, Any], kind: str, field: str
) -> None:
    await at.assigned_job()
    answer = await at.step(step, **body)
    assert [error["field"] for error in problem(answer, 422, kind)["errors"]] == [field]


async def test_an_agent_carries_a_case_home(at: Counter) -> None:
    await at.assigned_job()
    states = {
        "collect_papers": "papers_collected",
        "hand_in_papers": "papers_handed_in",
        "collect_document": "document_collected",
        "deliver": "delivery_reported",
    }
    for step, state in states.items():
        answer = await at.step(step)
        assert (answer.status_code, answer.json()) == (200, {"state": state})
    assert [event.type.split(".")[1] for event in at.messaging.published] == [
        "job_opened",
        "job_assigned",
        "papers_collected",
        "papers_handed_in",
        "document_collected",
        "delivery_reported",
    ]


async def test_a_delivery_that_nobody_confirms_is_tried_again(at: Counter) -> None:
    await at.assigned_job()
    for step in ("collect_papers", "hand_in_papers", "collect_document", "deliver"):
        await at.step(step)
    answer = await at.step("fail", reason="nobody_home")
    assert answer.json() == {"state": "document_collected"}
    assert (await at.step("deliver")).json() == {"state": "delivery_reported"}
    await at.messaging.deliver(confirmed())
    assert problem(await at.step("fail"), 409, "conflict")["reason"] == "out_of_order"
    assert [event.type.split(".")[1] for event in at.messaging.published[-4:]] == [
        "delivery_reported",
        "delivery_failed",
        "delivery_reported",
        "delivery_confirmed",
    ]


async def test_a_job_goes_to_another_agent_with_what_is_in_hand(at: Counter) -> None:
    await at.assigned_job()
    await at.step("collect_papers")
    path, body = "/api/jobs/case-1/assign", {"agent_id": "agent-2"}
    for _ in range(2):
        headers = at.messaging.headers("operator", "halo_pamor", "32.75")
        answer = await at.client.post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"state": "papers_collected"})
    assert [event.type for event in at.messaging.published].count("courier.job_assigned.v1") == 2
    assert problem(await at.step("hand_in_papers"), 409, "conflict")["reason"] == "not_yours"
    assert (await at.step("hand_in_papers", "agent-2")).status_code == 200
    headers = at.messaging.headers("operator", "halo_pamor", "32.75")
    missing = await at.client.post("/api/jobs/case-9/assign", json=body, headers=headers)
    problem(missing, 404, "not-found")


async def test_a_step_sent_twice_is_done_once(at: Counter) -> None:
    await at.assigned_job()
    headers = at.agent(key="step-0001")
    for _ in range(2):
        answer = await at.client.post(STEPS, json={"step": "collect_papers"}, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"state": "papers_collected"})
    assert [event.type for event in at.messaging.published].count(
        "courier.papers_collected.v1"
    ) == 1


async def test_the_key_of_one_step_is_not_taken_for_another(at: Counter) -> None:
    await at.assigned_job()
    headers = at.agent(key="step-0001")
    await at.client.post(STEPS, json={"step": "collect_papers"}, headers=headers)
    answer = await at.client.post(STEPS, json={"step": "hand_in_papers"}, headers=headers)
    problem(answer, 422, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("step", "subject", "reason"),
    [
        ("hand_in_papers", AGENT, "out_of_order"),
        ("deliver", AGENT, "out_of_order"),
        ("collect_papers", "agent-2", "not_yours"),
    ],
)
async def test_a_step_against_the_rules_is_a_conflict_with_its_reason(
    at: Counter, step: str, subject: str, reason: str
) -> None:
    await at.assigned_job()
    answer = await at.step(step, subject)
    assert problem(answer, 409, "conflict")["reason"] == reason
    assert (await at.step("collect_papers")).status_code == 200


async def test_a_refused_step_may_be_sent_again_under_its_key(at: Counter) -> None:
    await at.assigned_job()
    headers = at.agent(key="step-0001")
    problem(
        await at.client.post(STEPS, json={"step": "hand_in_papers"}, headers=headers),
        409,
        "conflict",
    )
    await at.step("collect_papers")
    answer = await at.client.post(STEPS, json={"step": "hand_in_papers"}, headers=headers)
    assert answer.status_code == 200


async def test_work_done_offline_keeps_its_own_time(at: Counter) -> None:
    await at.assigned_job(datetime(2023, 3, 10, 8, 0, tzinfo=UTC))
    await at.step("collect_papers", occurred_at="2023-03-10T16:00:00+07:00")
    told = at.messaging.messages[-1].envelope
    assert told.occurred_at == datetime(2023, 3, 10, 9, 0, tzinfo=UTC)
    assert told.recorded_at == at.messaging.clock.now


@pytest.mark.parametrize("year", ["1999", "2201", "9999"])
async def test_a_time_that_no_calendar_here_knows_is_no_time(at: Counter, year: str) -> None:
    await at.assigned_job()
    answer = await at.step("collect_papers", occurred_at=f"{year}-12-31T23:59:59Z")
    errors = problem(answer, 422, "invalid-field")["errors"]
    assert [error["field"] for error in errors] == ["/occurred_at"]


@pytest.mark.parametrize(
    ("ahead", "reason"), [(31, "in_the_future"), (-1, "before_opened"), (30, None), (0, None)]
)
async def test_a_step_happens_between_the_request_and_now(
    at: Counter, ahead: int, reason: str | None
) -> None:
    await at.assigned_job()
    told = (at.messaging.clock.now + timedelta(seconds=ahead)).isoformat()
    answer = await at.step("collect_papers", occurred_at=told)
    if reason is None:
        assert answer.status_code == 200
    else:
        assert problem(answer, 409, "conflict")["reason"] == reason


async def test_a_job_stored_before_it_knew_its_opening_goes_on(at: Counter) -> None:
    await at.assigned_job()
    job = at.messaging.memory.collections["jobs"]["case-1"]
    old = {name: value for name, value in job.items() if not name.endswith("_at")}
    at.messaging.memory.collections["jobs"]["case-1"] = old
    answer = await at.step("collect_papers", occurred_at="2023-03-10T16:00:00+07:00")
    assert answer.json() == {"state": "papers_collected"}


async def test_a_step_of_no_job_is_not_found(at: Counter) -> None:
    problem(await at.step("deliver"), 404, "not-found")


@pytest.mark.parametrize("key", [None, "short", "with space in it", "x" * 65])
async def test_a_change_needs_a_key(at: Counter, key: str | None) -> None:
    headers = at.agent()
    del headers["Idempotency-Key"]
    if key is not None:
        headers["Idempotency-Key"] = key
    answer = await at.client.post(STEPS, json={"step": "deliver"}, headers=headers)
    document = problem(answer, 400, "idempotency-key")
    assert document["errors"][0]["field"] == "header/Idempotency-Key"


async def test_one_job_is_shown_without_anything_of_the_person(at: Counter) -> None:
    await at.assigned_job()
    answer = await at.client.get("/api/jobs/case-1", headers=at.agent())
    assert answer.json() == {
        "job_id": "case-1",
        "programme_id": "halo_pamor",
        "service": "KK",
        "village": VILLAGE,
        "rw": "005",
        "state": "assigned",
        "agent_id": AGENT,
        "pick_up": True,
        "deliver": True,
        "document_issued": True,
        "attempts": 0,
    }
    problem(await at.client.get("/api/jobs/case-9", headers=at.agent()), 404, "not-found")


async def test_an_agent_sees_his_own_jobs_and_an_operator_those_of_his_region(
    at: Counter,
) -> None:
    await at.assigned_job()
    await at.messaging.deliver(received("case-2", rw="006"))
    await at.messaging.deliver(received("case-3", region_code="32.75.02.1001"))

    async def seen(headers: dict[str, str], **query: Any) -> list[str]:
        params = {"programme_id": "halo_pamor", **query}
        answer = await at.client.get("/api/jobs", params=params, headers=headers)
        assert answer.status_code == 200, answer.text
        return [job["job_id"] for job in answer.json()]

    assert await seen(at.agent()) == ["case-1"]
    assert await seen(at.agent("agent-2")) == []
    operator = at.messaging.headers("operator", "halo_pamor", "32.75.01")
    assert await seen(operator) == ["case-1", "case-2"]
    everywhere = at.messaging.headers("operator", "halo_pamor", "32.75")
    assert await seen(everywhere) == ["case-1", "case-2", "case-3"]
    assert await seen(everywhere, state="open") == ["case-2", "case-3"]
    assert await seen(everywhere, limit=1) == ["case-1"]
    both = at.messaging.headers("operator", "*", "32.75.02")
    assert await seen(both) == ["case-3"]
    assert await seen(both, programme_id="botram") == []


async def test_a_list_is_full_however_much_lies_outside_of_the_callers_region(at: Counter) -> None:
    await at.messaging.deliver(received("case-1", region_code="32.75.02.1001"))
    await at.messaging.deliver(received("case-2"))
    path = "/api/jobs?programme_id=halo_pamor&limit=1"
    answer = await at.client.get(
        path, headers=at.messaging.headers("operator", "halo_pamor", "32.75.01")
    )
    assert [job["job_id"] for job in answer.json()] == ["case-2"]


async def test_a_list_is_narrowed_by_agent_and_end_and_read_on_page_by_page(at: Counter) -> None:
    await at.assigned_job()
    for number in (2, 3, 4):
        await at.messaging.deliver(received(f"case-{number}", rw="006"))
    await at.messaging.deliver(closed("case-2"))

    async def seen(headers: dict[str, str], **said: Any) -> list[str]:
        query = {"programme_id": "halo_pamor", **said}
        answer = await at.client.get("/api/jobs", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return [job["job_id"] for job in answer.json()]

    office = at.messaging.headers("operator", "halo_pamor", "32.75")
    assert await seen(office, ended=True) == ["case-2"]
    assert await seen(office, ended=False, limit=2) == ["case-1", "case-3"]
    assert await seen(office, ended=False, limit=2, after="case-3") == ["case-4"]
    assert await seen(office, agent_id=AGENT) == ["case-1"]
    assert await seen(office, state="withdrawn", ended=False) == []
    # What somebody asks for widens nothing that he may see.
    assert await seen(at.agent("agent-2"), agent_id=AGENT) == []
    assert await seen(at.agent(), agent_id="agent-2") == []
    assert await seen(at.agent(), ended=False) == ["case-1"]


@pytest.mark.parametrize("role", ["agent", "operator", "admin", "service"])
async def test_jobs_of_a_foreign_programme_are_refused(at: Counter, role: str) -> None:
    headers = at.messaging.headers(role, "botram", "*")
    answer = await at.client.get("/api/jobs?programme_id=halo_pamor", headers=headers)
    problem(answer, 403, "forbidden")


async def test_an_agent_does_not_see_another_agents_job(at: Counter) -> None:
    await at.assigned_job()
    answer = await at.client.get("/api/jobs/case-1", headers=at.agent("agent-2"))
    assert problem(answer, 403, "forbidden")["detail"] == "an agent sees his own jobs"


async def test_each_grant_shows_what_its_own_role_and_region_show(at: Counter) -> None:
    await at.assigned_job()
    await at.messaging.deliver(received("case-2", rw="006"))
    await at.messaging.deliver(received("case-3", region_code="32.75.02.1001"))

    async def seen(*grants: str, subject: str = "agent-2") -> tuple[list[str], list[str]]:
        headers = at.messaging.headers_of(*grants, subject=subject)
        listed = await at.client.get("/api/jobs?programme_id=halo_pamor", headers=headers)
        assert listed.status_code == 200, listed.text
        ones = [
            id_
            for id_ in ("case-1", "case-2", "case-3")
            if (await at.client.get(f"/api/jobs/{id_}", headers=headers)).status_code == 200
        ]
        return [job["job_id"] for job in listed.json()], ones

    def same(*ids: str) -> tuple[list[str], list[str]]:
        return [*ids], [*ids]

    elsewhere = "operator:botram:32.16"
    assert await seen("agent:halo_pamor:32.75", elsewhere) == same()
    assert await seen("agent:halo_pamor:32.75", elsewhere, subject=AGENT) == same("case-1")
    over = "operator:halo_pamor:32.75.02"
    assert await seen("agent:halo_pamor:32.75", over) == same("case-3")
    assert await seen("agent:halo_pamor:32.75", over, subject=AGENT) == same("case-1", "case-3")
    # His own job lies outside of the region for which he is an agent.
    assert await seen("agent:halo_pamor:32.75.02", over, subject=AGENT) == same("case-3")


@pytest.mark.parametrize(
    ("query", "kind", "field"),
    [
        ({}, "invalid-field", "query/programme_id"),
        ({"programme_id": "HALO"}, "invalid-field", "query/programme_id"),
        ({"programme_id": "x", "state": "lost"}, "invalid-field", "query/state"),
        ({"programme_id": "x", "limit": "0"}, "invalid-field", "query/limit"),
        ({"programme_id": "x", "limit": "201"}, "invalid-field", "query/limit"),
        ({"programme_id": "x", "limit": "many"}, "invalid-field", "query/limit"),
        ({"programme_id": "x", "nik": "1"}, "unknown-field", "query/nik"),
    ],
)
async def test_a_list_that_is_not_well_asked_for_is_refused(
    at: Counter, query: dict[str, str], kind: str, field: str
) -> None:
    answer = await at.client.get("/api/jobs", params=query, headers=at.agent())
    assert [error["field"] for error in problem(answer, 422, kind)["errors"]] == [field]


async def test_the_programmes_are_those_that_intake_published(at: Counter) -> None:
    answer = await at.client.get("/api/programmes", headers=at.messaging.headers("admin"))
    assert answer.json() == [
        {
            "programme_id": "halo_pamor",
            "name": "HALO PAMOR",
            "owner": "Disdukcapil Kota Bekasi",
            "version": 1,
        }
    ]


async def test_the_programmes_are_those_in_which_the_caller_holds_a_grant(at: Counter) -> None:
    await at.messaging.deliver(programme("botram", "BOTRAM"))

    async def listed(*grants: str) -> list[str]:
        answer = await at.client.get("/api/programmes", headers=at.messaging.headers_of(*grants))
        return [one["programme_id"] for one in answer.json()]

    assert await listed("planner:botram:32.16.18") == ["botram"]
    assert await listed("planner:botram:32.16", "agent:halo_pamor:32.75") == [
        "botram",
        "halo_pamor",
    ]
    assert await listed("admin:*:63") == ["botram", "halo_pamor"]
    assert await listed("admin:sregep:*") == []


async def test_at_the_outbox_limit_a_step_is_put_off_and_events_still_come(at: Counter) -> None:
    await at.assigned_job()
    at.messaging.relay._limit = 0
    answer = await at.step("collect_papers")
    problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "30"
    assert (await at.messaging.deliver(received("case-2"))).acknowledged
    assert len(at.messaging.documents("jobs")) == 2


async def test_a_command_whose_commit_hangs_is_told_to_come_again(
    at: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await at.assigned_job()
    monkeypatch.setattr("shared.runtime.commands.ANSWER_WITHIN", 0.05)
    at.messaging.store.gate.clear()
    headers = at.agent(key="step-0001")
    answer = await at.client.post(STEPS, json={"step": "collect_papers"}, headers=headers)
    problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "5"
    at.messaging.store.gate.set()
    monkeypatch.undo()
    answer = await at.client.post(STEPS, json={"step": "collect_papers"}, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"state": "papers_collected"})
    assert [event.type for event in at.messaging.published].count(
        "courier.papers_collected.v1"
    ) == 1


async def test_the_document_of_the_interface_tells_every_route(at: Counter) -> None:
    answer = await at.client.get("/api/openapi.json")
    assert sorted(answer.json()["paths"]) == [
        "/courier/api/areas/{programme_id}/{village}/{rw}",
        "/courier/api/jobs",
        "/courier/api/jobs/{job_id}",
        "/courier/api/jobs/{job_id}/assign",
        "/courier/api/jobs/{job_id}/steps",
        "/courier/api/programmes",
    ]


async def test_it_is_ready_and_counts(at: Counter) -> None:
    assert (await at.client.get(f"{HOST}/healthz")).status_code == 200
    assert (await at.client.get(f"{HOST}/readyz")).json() == {"ready": True, "checks": {}}
    await at.messaging.deliver(issued())
    assert "jemput_messages_processed_total" in (await at.client.get(f"{HOST}/metrics")).text
