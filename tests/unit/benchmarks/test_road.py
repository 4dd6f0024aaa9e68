"""The figures of `make bench`: what is computed from what was seen, and what is kept of it."""

import json
from pathlib import Path
from typing import Any

from services.intake.domain import checked_address, checked_name, checked_nik
from tests.benchmarks.__main__ import write
from tests.benchmarks.bus import Size
from tests.benchmarks.hop import sized
from tests.benchmarks.load import arrivals, bodies
from tests.benchmarks.road import Seen, figures, p99_ms, waits


def request(due: float, answered: float, *, accepted: bool = True) -> dict[str, Any]:
    return {"due": due, "sent": due + 0.001, "answered": answered, "accepted": accepted}


def test_a_request_waits_until_the_total_first_counts_as_many() -> None:
    seen = [Seen(1.0, 0), Seen(2.0, 2), Seen(3.0, 2), Seen(4.0, 3)]
    assert waits([0.0, 0.5, 0.75], seen) == [2.0, 1.5, 3.25]


def test_what_the_total_never_counts_is_lost_and_what_it_counts_besides_unconfirmed() -> None:
    requests = [request(0.0, 0.1), request(1.0, 1.2), request(2.0, 2.4, accepted=False)]
    found = figures(54, requests, [Seen(3.0, 1)])
    assert (found["lost"], found["unconfirmed"], found["refused"]) == (1, 0, 1)
    assert found["total_p99_ms"] == 3000.0
    assert found["http_p99_ms"] == 200.0
    assert found["accepted_per_s"] == round(2 / 2.4, 1)
    found = figures(54, requests, [Seen(3.0, 3)])
    assert (found["lost"], found["unconfirmed"]) == (0, 1)


def test_the_ninety_ninth_of_a_hundred() -> None:
    assert p99_ms([number / 1000 for number in range(1, 101)]) == 99.0
    assert p99_ms([]) is None


def test_arrivals_are_open_as_many_as_stated_and_the_same_each_time() -> None:
    moments = arrivals(300, 20, seed=7)
    assert len(moments) == 6000
    assert moments == sorted(moments) == arrivals(300, 20, seed=7)
    assert 0 <= moments[0] < moments[-1] < 20


def test_residents_of_a_run_are_made_up_valid_and_all_different() -> None:
    sent = list(bodies("bench-0", 9_990, 20_000))
    niks = {body["applicant"]["nik"] for body in sent}
    assert len(niks) == len({body["applicant"]["name"] for body in sent}) == len(sent)
    for body in sent[:100]:
        applicant = body["applicant"]
        assert checked_nik(applicant["nik"]).startswith("321699")
        assert checked_name(applicant["name"]) == applicant["name"]
        assert checked_address(applicant["address"]) == applicant["address"]


def test_a_contender_is_measured_for_long_enough() -> None:
    assert sized(200, "faststream", None) == Size(600, 3_000, 6_000)
    assert sized(50, "faststream", None) == Size(150, 3_000, 3_000)
    assert sized(800, "ours", None) == Size(2_400, 20_000, 24_000)
    assert sized(50_000, "raw", None).count == 120_000
    assert sized(1_000, "ours", 100) == Size(100, 100, 100)


def test_one_key_alone_leaves_the_figures_of_the_other(tmp_path: Path) -> None:
    file = tmp_path / "build" / "bench.json"
    write({"hop": {"ours": 1}, "measured": {"hop": "then"}}, file)
    write({"road": [1], "measured": {"road": "now"}}, file)
    write({"road": [2], "measured": {"road": "later"}}, file)
    assert json.loads(file.read_text("utf-8")) == {
        "hop": {"ours": 1},
        "road": [2],
        "measured": {"hop": "then", "road": "later"},
    }
