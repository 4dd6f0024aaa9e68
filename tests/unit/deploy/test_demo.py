"""The demo's judgement: what it calls lost, doubled and finished."""

import random
from itertools import islice
from typing import Any

import httpx
import pytest

from deploy.local.demo import botram
from deploy.local.demo.chaos import victims_of
from deploy.local.demo.day import Ledger
from deploy.local.demo.front import front, origin_of, walk
from deploy.local.demo.result import RESULT_VARIABLE, Course, agrees, place, result
from deploy.local.demo.verify import Verdict
from deploy.local.folder import ROOT

GOOD: dict[str, Any] = {
    "botram": {
        "requests": botram.REQUESTS,
        "total": 938,
        "tickets_served": 981,
        "partners_served": {"HEALTH_CHECK": 31, "BPJS_HEALTH": 12},
        "within_standard": 938,
        "late": 0,
        "called_by_hour": {"09": 240, "10": 360, "11": 381},
        "waited_minutes": dict.fromkeys(("HEALTH_CHECK", "BPJS_HEALTH", *botram.REQUESTS), 12.5),
    },
    "halo_pamor": {"jobs": 60, "delivered": 60},
    "closing": {"served": 7, "unserved": 5, "offered": 5},
    "lost": 0,
    "duplicated": 0,
    "failed": [],
    "front": {"origins": 1, "sign_ins": 1},
}


@pytest.mark.parametrize(
    ("found", "lost", "duplicated"),
    [
        (["a", "b", "c"], [], []),
        (["a", "c"], ["here: b"], []),
        (["a", "b", "b", "c"], [], ["here: b"]),
        (["a", "b", "c", "x"], [], ["here: x is nobody's"]),
    ],
)
def test_every_id_is_looked_for_and_found_once(
    found: list[str], lost: list[str], duplicated: list[str]
) -> None:
    verdict = Verdict()

    verdict.expect("here", ["a", "b", "c"], found)

    assert (verdict.lost, verdict.duplicated) == (lost, duplicated)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lost": 1},
        {"duplicated": 1},
        {"failed": ["intake did not answer"]},
        {"front": {"origins": 2, "sign_ins": 1}},
        {"front": {"origins": 1, "sign_ins": 2}},
        {"halo_pamor": {"jobs": 61, "delivered": 60}},
        {"botram": {**GOOD["botram"], "within_standard": 937, "late": 1}},
        {"botram": {**GOOD["botram"], "total": 939}},
        {"botram": {**GOOD["botram"], "called_by_hour": {"09": 240, "10": 360, "11": 380}}},
        {"botram": {**GOOD["botram"], "called_by_hour": {"09": 240, "10": 741}}},
        {"botram": {**GOOD["botram"], "called_by_hour": {"03": 240, "10": 360, "11": 381}}},
        {"botram": {**GOOD["botram"], "waited_minutes": {}}},
        {
            "botram": {
                **GOOD["botram"],
                "waited_minutes": {**GOOD["botram"]["waited_minutes"], "KK": None},
            }
        },
        {"closing": {"served": 7, "unserved": 5, "offered": 4}},
        {"botram": {**GOOD["botram"], "partners_served": {"HEALTH_CHECK": 31, "BPJS_HEALTH": 11}}},
    ],
)
def test_only_the_recorded_day_agrees(wrong: dict[str, Any]) -> None:
    assert agrees(GOOD)
    assert not agrees({**GOOD, **wrong})


def test_one_missing_one_double_and_one_stranger_do_not_agree() -> None:
    verdict = Verdict()
    verdict.expect("here", ["a", "b"], ["b", "b", "x"])

    found = {**GOOD, "lost": len(verdict.lost), "duplicated": len(verdict.duplicated)}

    assert (found["lost"], found["duplicated"]) == (1, 2)
    assert not agrees(found)


def test_a_day_that_was_given_up_has_a_result_all_the_same() -> None:
    course = Course(Ledger(), Verdict(lost=["archive: a"]), failed=["intake did not answer"])
    course.kills.update(["intake", "courier", "intake"])

    told = result(course, ("local", "3.10.8", "6.0.5"), 12.34)

    assert (told["lost"], told["failed"]) == (1, ["intake did not answer"])
    assert told["botram"]["total"] == told["halo_pamor"]["jobs"] == 0
    assert (told["killed"], told["killed_by_service"]) == (3, {"courier": 1, "intake": 2})
    assert told["front"] == {"origins": 0, "sign_ins": 0}
    assert not agrees(told)


class Office:
    """A front door whose session holds at all services, or at one alone."""

    services = ("intake", "reporting")
    mongo_url = ""

    def __init__(self, *, one_session: bool) -> None:
        self.one_session = one_session

    def url(self, service: str) -> str:
        """Below the one origin."""
        return f"http://jemput.test/{service}"

    def token(self, subject: str, *grants: str) -> str:
        """Made up."""
        return f"{subject} {grants}"

    def database(self, service: str) -> str:
        """Not asked for."""
        return service

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Sign in at the root; show a page only to who has signed in since the last one."""
        if request.url.path == "/masuk":
            return httpx.Response(303, headers={"Set-Cookie": "session=yes; Path=/"})
        if "session=yes" not in request.headers.get("cookie", ""):
            return httpx.Response(303, headers={"Location": "/masuk"})
        again = {} if self.one_session else {"Set-Cookie": "session=no; Path=/"}
        return httpx.Response(200, headers=again)


@pytest.mark.parametrize(("one_session", "sign_ins"), [(True, 1), (False, 4)])
async def test_sign_ins_are_counted_on_the_way(one_session: bool, sign_ins: int) -> None:  # noqa: FBT001
    office = Office(one_session=one_session)
    async with httpx.AsyncClient(transport=httpx.MockTransport(office.answer)) as http:
        assert await walk(office, http) == sign_ins


def test_origins_are_counted_once_each() -> None:
    asked = ["http://a.test:1/intake/x", "http://a.test:1/courier/y", "http://a.test:2/intake/x"]

    assert front(map(origin_of, asked), 1) == {"origins": 2, "sign_ins": 1}


def test_every_service_dies_before_one_dies_again() -> None:
    services = ["courier", "intake", "reporting", "scheduler"]
    victims = list(islice(victims_of(services, random.Random(1)), 8))

    assert sorted(victims[:4]) == sorted(victims[4:]) == services


def test_the_result_can_be_sent_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RESULT_VARIABLE, raising=False)
    assert place() == ROOT / "build" / "demo.json"

    monkeypatch.setenv(RESULT_VARIABLE, "elsewhere.json")
    assert place().name == "elsewhere.json"
