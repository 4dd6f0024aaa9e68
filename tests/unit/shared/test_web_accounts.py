"""What one account may ask: requests a minute, persons an hour, over all processes."""

from datetime import datetime, timedelta

import pytest

from shared.auth.roles import Caller, Grant
from shared.limits.rates import Rate
from shared.testing.counts import COUNTS
from shared.testing.memory import Memory
from shared.web import accounts
from shared.web.accounts import AccountRates
from shared.web.problems import TooManyRequests
from tests.unit.shared.web_kit import Clock, Kit, unshared

OPERATOR = "operator:botram:32.16"
RATES = AccountRates(
    people=Rate.parse("3/minute"), machines=Rate.parse("5/minute"), persons=Rate.parse("2/hour")
)
HUNDRED = AccountRates(people=Rate.parse("100/minute"))
CLEAR = datetime.fromisoformat("2023-03-11T02:00:00+00:00")


def caller(subject: str = "agus", session: str | None = "s-1") -> Caller:
    return Caller(subject, (Grant.parse(OPERATOR),), session=session)


def throttled(kit: Kit, route: str) -> float | None:
    labels = {"event": "throttled", "route": route, "reason": "too-many-requests"}
    return kit.registry.get_sample_value("jemput_security_events_total", labels)


async def test_a_person_who_asks_too_often_is_told_the_limit_and_for_how_long() -> None:
    kit = Kit(rates=RATES)
    async with kit.client as http:
        headers = kit.of_session(OPERATOR)
        statuses = [(await http.get("/api/list", headers=headers)).status_code for _ in range(3)]
        refused = await http.get("/api/list", headers=headers)
        other = await http.get("/api/list", headers=kit.of_session(OPERATOR, subject="sri"))
    assert statuses == [200] * 3
    assert refused.status_code == 429
    assert refused.json()["type"] == "/problems/too-many-requests"
    assert refused.json()["limit"] == "3/minute"
    assert refused.json()["detail"] == "an account has 3/minute requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 120
    assert other.status_code == 200
    assert throttled(kit, "/api/list") == 1


async def test_one_account_asks_so_often_about_one_case_and_shuts_it_to_nobody() -> None:
    kit = Kit(rates=AccountRates(of_a_case=Rate.parse("2/hour")))
    async with kit.client as http:
        headers = kit.of_session(OPERATOR)
        path = "/api/cases/{}"
        statuses = [
            (await http.get(path.format(case), headers=headers)).status_code
            for case in ("setu", "near", "setu")
        ]
        refused = await http.get(path.format("setu"), headers=headers)
        other = await http.get(path.format("near"), headers=headers)
        another = kit.of_session(OPERATOR, subject="sri")
        theirs = await http.get(path.format("setu"), headers=another)
        kit.clock.advance(timedelta(hours=2))
        later = await http.get(path.format("setu"), headers=kit.of_session(OPERATOR))
    assert statuses == [200, 403, 200]
    assert (refused.status_code, refused.json()["limit"]) == (429, "2/hour")
    assert refused.json()["detail"] == "an account has 2/hour requests about one case"
    assert (other.status_code, theirs.status_code, later.status_code) == (403, 200, 200)
    assert throttled(kit, "/api/cases/{case_id}") == 1


async def test_whoever_waits_as_he_was_told_goes_on() -> None:
    kit = Kit(rates=RATES)
    async with kit.client as http:
        headers = kit.of_session(OPERATOR)
        for _ in range(3):
            await http.get("/api/list", headers=headers)
        refused = await http.get("/api/list", headers=headers)
        kit.clock.advance(timedelta(seconds=int(refused.headers["Retry-After"])))
        assert (await http.get("/api/list", headers=headers)).status_code == 200


async def test_machines_have_a_limit_of_their_own() -> None:
    kit = Kit(rates=RATES)
    async with kit.client as http:
        answers = [await http.get("/api/list", headers=kit.bearer(OPERATOR)) for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [429]
    assert answers[-1].json()["limit"] == "5/minute"


async def test_public_routes_and_refused_tokens_use_up_nobody_s_limit() -> None:
    kit = Kit(rates=RATES)
    async with kit.client as http:
        headers = kit.of_session(OPERATOR)
        for _ in range(10):
            await http.get("/api/public", headers=headers)
            await http.get("/api/list", headers={"Authorization": headers["Authorization"][:-4]})
            await http.get("/api/list", headers=kit.of_session("admin:*:*"))
        assert (await http.get("/api/list", headers=headers)).status_code == 200


async def test_a_page_says_it_in_indonesian() -> None:
    kit = Kit(rates=RATES)
    async with kit.client as http:
        headers = {**kit.of_session(OPERATOR), "Accept": "text/html"}
        answers = [await http.get("/", headers=headers) for _ in range(4)]
    assert answers[-1].status_code == 429
    assert "Tunggu sebentar" in answers[-1].text


async def test_persons_are_counted_each_once_and_the_refused_ones_are_noticed() -> None:
    kit = Kit(rates=RATES)
    async with kit.client as http:
        headers = kit.bearer(OPERATOR)
        seen = [
            (await http.get(f"/api/persons/{one}", headers=headers)).status_code
            for one in ("a", "b", "a")
        ]
        refused = await http.get("/api/persons/c", headers=headers)
        again = await http.get("/api/persons/b", headers=headers)
    assert seen == [200] * 3
    assert (refused.status_code, refused.json()["limit"]) == (429, "2/hour")
    assert again.status_code == 200
    assert throttled(kit, "/api/persons/{person}") == 1


async def test_persons_that_were_refused_count_as_mass_reads() -> None:
    rates = AccountRates(persons=Rate.parse("10/hour"))
    kit = Kit(rates=rates)
    async with kit.client as http:
        for number in range(201):
            await http.get(f"/api/persons/p{number}", headers=kit.bearer(OPERATOR))
    labels = {"event": "mass_read", "route": "/api/persons/{person}", "reason": "many persons"}
    assert kit.registry.get_sample_value("jemput_security_events_total", labels) == 1


async def test_processes_learn_of_what_others_let_through() -> None:
    clock, memory = Clock(CLEAR), Memory()
    one, two = (unshared(clock, HUNDRED, memory) for _ in range(2))
    for _ in range(60):
        one.admit(caller())
    for _ in range(39):
        two.admit(caller())
    for _ in range(2):
        await one.merge()
        await two.merge()
    two.admit(caller())
    for process in (two, one):
        await process.merge()
        with pytest.raises(TooManyRequests):
            process.admit(caller())
    one.admit(caller("sri"))


async def test_merging_again_counts_nothing_twice() -> None:
    clock, memory = Clock(CLEAR), Memory()
    one, two = (unshared(clock, HUNDRED, memory) for _ in range(2))
    for process in (one, two):
        for _ in range(20):
            process.admit(caller())
    for _ in range(5):
        await one.merge()
        await two.merge()
    assert [document["n"] for document in memory.copies(COUNTS)] == [40]


async def test_an_ordinary_account_is_never_written_and_no_name_ever() -> None:
    clock, memory = Clock(CLEAR), Memory()
    one = unshared(clock, HUNDRED, memory)
    for _ in range(9):
        one.admit(caller("siti"))
    await one.merge()
    assert memory.copies(COUNTS) == []
    one.admit(caller("siti"))
    await one.merge()
    (kept,) = memory.copies(COUNTS)
    assert "siti" not in str(kept)
    assert kept["until"] == CLEAR + timedelta(minutes=2)


async def test_while_the_database_is_away_a_process_holds_to_its_own_counts() -> None:
    clock, memory = Clock(CLEAR), Memory()
    one = unshared(clock, HUNDRED, memory)
    memory.away = True
    for _ in range(100):
        one.admit(caller())
    with pytest.raises(Exception, match="away"):
        await one.merge()
    with pytest.raises(TooManyRequests):
        one.admit(caller())
    memory.away = False
    await one.merge()
    assert [document["n"] for document in memory.copies(COUNTS)] == [100]


def test_a_stranger_to_memory_pushes_out_who_asked_longest_ago(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accounts, "ACCOUNTS", 2)
    one = unshared(Clock(CLEAR), AccountRates(people=Rate.parse("1/minute")))
    for subject in ("a", "b", "c"):
        one.admit(caller(subject))
    one.admit(caller("a"))
    with pytest.raises(TooManyRequests):
        one.admit(caller("c"))
