"""A day that comes in slowly while agents work and something fails, and what must come of it."""

import asyncio
import random
from contextlib import suppress
from typing import Any

from services.courier.domain import Step
from shared.contracts.intake import CloseOutcome
from tests.integration.kernel_kit import Line
from tests.torture.day import Day, differences
from tests.torture.kit import DEAD_QUEUE, Instance, Stand, call, drain, published, send
from tests.unit.courier.sample import AGENT, closed, confirmed, issued, received

STEPS = (Step.COLLECT_PAPERS, Step.HAND_IN_PAPERS, Step.COLLECT_DOCUMENT, Step.DELIVER)
AGENT_EVENTS = (
    "papers_collected",
    "papers_handed_in",
    "document_collected",
    "delivery_reported",
    "delivery_confirmed",
)


async def at_work(one: Stand, day: Day) -> None:
    """Wait until every instance that lives is ready, and more is done than before."""
    done = one.count("inbox")
    for instance in [each for each in one.instances if each.alive]:
        await one.wait_for(lambda instance=instance: ready(instance))
    await one.wait_for(lambda: one.count("inbox") > min(done, len(day.good) - 1))


async def ready(instance: Instance) -> bool:
    answer = await call(instance, "GET", "/readyz")
    return answer is not None and answer.status_code == 200


def add_job(day: Day, case: str) -> None:
    """A case whose agent works while everything dies around him."""
    day.say(f"{case}-1", received(case, rw="001"), 1)
    day.say(f"{case}-2", issued(case), 2)
    day.say(f"{case}-3", confirmed(case), 3)
    day.say(f"{case}-4", closed(case, CloseOutcome.DELIVERED), 4)


async def trickle(raw: Line, day: Day, killed: asyncio.Event) -> None:
    """Send the day a few messages at a time, slowly while it is killed and then the rest."""
    for first in range(0, len(day.messages), 2):
        await send(raw, Day(day.messages[first : first + 2]))
        with suppress(TimeoutError):
            await asyncio.wait_for(killed.wait(), 0.3)


async def work(one: Stand, case: str) -> None:
    """Report every step until it is confirmed, under one key each, as an agent's phone does."""
    token = one.token("agent:halo_pamor:32.75", f"{AGENT}-001")
    for step in STEPS:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"{case}-{step}"}
        while True:
            there = [each for each in one.instances if each.alive]
            path = f"/courier/api/jobs/{case}/steps"
            answer = await call(
                random.choice(there), "POST", path, json={"step": step}, headers=headers
            )
            if answer is not None and answer.status_code == 200:
                break
            # Not there, dying, or the request or document is not known yet: he tries again.
            assert answer is None or answer.status_code in (404, 409, 503), answer.text
            await asyncio.sleep(0.2)


async def check_with_work(one: Stand, day: Day, carried: list[str], raw: Line) -> None:
    with one.documents() as database:
        jobs = {job["_id"]: job for job in database["jobs"].find()}
    ended = {case: jobs.pop(case) for case in carried}
    # Opened, assigned, issued, receipt confirmed, and four steps: eight changes, no more.
    assert {(job["state"], job["version"]) for job in ended.values()} == {("done", 8)}
    found = await published(raw)
    told = {case: sorted(name for name, of, _ in found if of == case) for case in carried}
    wanted = sorted(("job_opened", "job_assigned", *AGENT_EVENTS))
    assert told == dict.fromkeys(carried, wanted)
    rest: Any = {one for one in found if one[1] not in ended}
    assert rest == day.published
    assert differences(day, list(jobs.values())) == {}
    assert {str(letter) for letter in await drain(raw, DEAD_QUEUE)} == day.bad
