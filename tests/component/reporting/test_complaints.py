"""Complaints as reporting counts them from events are those that intake counts itself."""

import random
from typing import Any, Final

from services.reporting.usecases.reports import Split
from shared.contracts import CATALOGUE
from shared.contracts.complaints import ComplaintReceived, ComplaintReopened, ComplaintResolved
from tests.component.intake import complaining, kit
from tests.component.reporting.kit import Desk, desk
from tests.unit.reporting.histories import programme

TOTALS: Final = "/api/programmes/botram/totals"
YEAR: Final = {"from": "2023-01-01", "to": "2023-12-31", "by": "complaint"}
COMPLAINTS: Final = "intake.complaint_"
KINDS: Final = ("information", "service", "aspiration")


async def counted(full: Desk, **period: str) -> Any:
    """What reporting says of these days."""
    return (await full.get(TOTALS, **{**YEAR, **period})).raise_for_status().json()


async def lived(office: kit.Desk, chance: random.Random) -> None:
    """Let complaints come, be answered, late too, closed, and opened again, in any order."""
    ids: list[str] = []
    for _ in range(150):
        if not ids or chance.random() < 0.15:
            one = await complaining.made(office, kind=chance.choice(KINDS))
            ids.append(one["complaint_id"])
        id_ = chance.choice(ids)
        match chance.randrange(7):
            case 0 | 1 | 2:
                await complaining.step(office, id_, "take")
                await complaining.answer(office, id_)
            case 3 | 4 | 5:
                await complaining.step(office, id_, "close")
            case _:
                await complaining.reopen(office, id_)
        office.messaging.clock.advance(hours=chance.randrange(24))


async def told(office: kit.Desk, full: Desk, chance: random.Random) -> None:
    """Have reporting hear of all of it, in any order."""
    events = [
        CATALOGUE[message.envelope.type].model_validate_json(message.body)
        for message in office.messaging.messages
        if message.envelope.type.startswith(COMPLAINTS)
    ]
    chance.shuffle(events)
    await full.tell(programme(), *events)


async def test_both_count_the_same() -> None:
    for seed in range(3):
        chance = random.Random(seed)
        async with kit.desk() as office, desk() as full:
            await lived(office, chance)
            await told(office, full, chance)

            theirs = await counted(full)
            path = "/complaint-figures?programme_id=botram&year=2023"
            ours = (await complaining.act(office, "GET", path, "head")).json()

            names = ("received", "resolved", "within_deadline")
            assert {n: theirs["measures"][f"complaints_{n}"] for n in names} == {
                n: ours[n] for n in names
            }
            assert theirs["complaint_ratio"] == ours["ratio"]
            assert 0 < ours["within_deadline"] < ours["resolved"] < ours["received"]
            rows = {row["value"]: row["measures"] for row in theirs["rows"]}
            for kind in KINDS:
                of_kind = ours["kinds"][kind]
                assert {n: rows[kind][f"complaints_{n}"] for n in names} == {
                    n: of_kind[n] for n in names
                }


def complaint(id_: str, month: str = "2023-03", kind: str = "service") -> dict[str, Any]:
    """What every event of a complaint says."""
    return {"complaint_id": id_, "programme_id": "botram", "kind": kind, "month": month}


async def test_none_is_no_figure_and_each_counts_in_the_month_in_which_it_came() -> None:
    async with desk() as full:
        await full.tell(programme())
        assert (await counted(full))["complaint_ratio"] is None
        resolved = {"within_deadline": False}
        await full.tell(
            ComplaintReceived.model_validate(complaint("k1", "2022-12")),
            ComplaintResolved.model_validate({**complaint("k1", "2022-12"), **resolved}),
            ComplaintReceived.model_validate(complaint("k2")),
        )
        assert (await counted(full))["complaint_ratio"] == 0.0
        before = {"from": "2022-01-01", "to": "2022-12-31"}
        found = await counted(full, **before)
        assert (found["complaint_ratio"], found["measures"]["complaints_resolved"]) == (100.0, 1)
        assert found["measures"]["complaints_within_deadline"] == 0


async def test_what_is_opened_again_is_taken_off() -> None:
    async with desk() as full:
        resolved = {**complaint("k1"), "within_deadline": True}
        await full.tell(
            programme(),
            ComplaintReceived.model_validate(complaint("k1")),
            ComplaintResolved.model_validate(resolved),
            ComplaintReopened.model_validate(resolved),
        )
        found = (await counted(full))["measures"]
        assert (found["complaints_resolved"], found["complaints_within_deadline"]) == (0, 0)


async def test_they_are_in_no_other_split() -> None:
    async with desk() as full:
        await full.tell(programme(), ComplaintReceived.model_validate(complaint("k1")))
        for by in set(Split) - {Split.COMPLAINT}:
            found = await counted(full, by=by)
            assert found["measures"]["complaints_received"] == 0
            assert found["complaint_ratio"] is None
