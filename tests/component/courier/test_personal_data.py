"""A person's number is no agent's and no job's id."""

from urllib.parse import quote

import pytest

from tests.component.courier.counter import AREA, counter
from tests.component.personal import NUMBERS, assert_refused


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_agent_is_named_by_a_persons_number(number: str) -> None:
    async with counter() as at:
        await at.assigned_job()
        for method, path in (("PUT", AREA), ("POST", "/api/jobs/case-1/assign")):
            answer = await at.client.request(
                method,
                path,
                json={"agent_id": number},
                headers=at.messaging.headers("admin"),
            )
            assert_refused(answer, "/agent_id", number)


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_job_is_asked_for_by_a_persons_number(number: str) -> None:
    async with counter() as at:
        job = f"/api/jobs/{quote(number)}"
        admin = at.messaging.headers("admin")
        assert_refused(await at.client.get(job, headers=admin), "path/job_id", number)
        body = {"agent_id": "agent-2"}
        given = await at.client.post(f"{job}/assign", json=body, headers=admin)
        assert_refused(given, "path/job_id", number)
        step = await at.client.post(f"{job}/steps", json={"step": "collect"}, headers=at.agent())
        assert step.status_code == 422
        assert "path/job_id" in [error["field"] for error in step.json()["errors"]]
