"""The figures of `line`."""

from collections import Counter
from typing import Any

import pytest

from tests.benchmarks.line import BOOTHS, Seen, booths, figures


def seen(**changed: Any) -> Seen:
    """Two people who were called, shown and served; the second one only at the end."""
    whole: dict[str, Any] = {
        "admitted": ["A1", "B1"],
        "called": [("A1", 10.0, 10.01, 10.1), ("B1", 20.0, 20.0, 25.0)],
        "shown": {"A1": 10.5},
        "served": 2,
        "late_calls": 1,
    }
    return Seen(**{**whole, **changed})


def test_a_call_counts_from_when_it_was_due_and_what_was_left_at_the_end_in_no_time() -> None:
    found = figures(seen())
    assert (found["calls"], found["call_p99_ms"], found["call_p50_ms"]) == (1, 100.0, 100.0)
    assert (found["board_p99_ms"], found["late_sent_p99_ms"]) == (500.0, 10.0)
    assert (found["unshown"], found["doubled"], found["lost"], found["errors"]) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("changed", "figure"),
    [
        ({"admitted": ["A1", "B1", "A1"], "served": 3}, "doubled"),
        ({"called": [("A1", 1.0, 1.0, 1.1), ("A1", 2.0, 2.0, 2.1), ("B1", 3.0, 3.0, 4.0)]},
         "doubled"),
        ({"admitted": ["A1", "B1", "B2"], "served": 3}, "lost"),
        ({"served": 1}, "lost"),
        ({"shown": {}}, "unshown"),
        ({"errors": 1}, "errors"),
    ],
)  # fmt: skip
def test_what_went_wrong_is_counted(changed: dict[str, Any], figure: str) -> None:
    found = figures(seen(**changed))
    wrong = ("doubled", "lost", "unshown", "errors")
    assert {one: found[one] for one in wrong} == {**dict.fromkeys(wrong, 0), figure: 1}


def test_each_service_has_booths_by_what_was_asked_for() -> None:
    found = Counter(booths().values())
    assert found.total() == BOOTHS
    assert found == {"KIA": 22, "KK": 8, "BIRTH_CERT": 6, "IKD": 5, "KTP_EL_PRINT": 4}
