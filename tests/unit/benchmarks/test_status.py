"""The figures of `status`, and copies of recorded documents."""

from uuid import UUID

import bson

from services.intake.domain import Secrets, digest
from tests.benchmarks.filled import IDS, Template
from tests.benchmarks.status import figures, slower

CASE = "01a21b7c-70ea-71ba-9008-8f09716a6527"
RESIDENT = "01a21b7c-7106-754c-bb6f-7acb10274cad"
OLD = Secrets(b"o" * 32)
NEW = Secrets(b"n" * 32)


def template() -> Template:
    """Return a case and its resident, as they are stored."""
    tracking = digest(OLD.code(CASE))
    case = {"_id": CASE, "tracking": tracking, "parties": {"applicant": RESIDENT}}
    resident = {"_id": RESIDENT, "programme_id": "botram", "said": [f"{CASE}.applicant"]}
    parts = [bson.encode(case), bson.encode(resident)]
    data = b"".join(parts)
    return Template(
        data,
        {"cases": (0, len(parts[0])), "residents": (len(parts[0]), len(data))},
        tuple(found.span() for found in IDS.finditer(data)),
        {tracking.encode(): CASE.encode()},
    )


def test_a_copy_names_its_own_documents_alone() -> None:
    whole = template()
    copy, _ = whole.copied(1, NEW)
    (case,), (resident,) = (whole.documents(copy, name) for name in ("cases", "residents"))
    assert case["_id"] != CASE
    assert case["parties"]["applicant"] == resident["_id"] != RESIDENT
    assert resident["said"] == [f"{case['_id']}.applicant"]
    assert resident["programme_id"] == "botram"


def test_a_copy_is_found_by_a_code_of_its_own() -> None:
    whole = template()
    copy, ids = whole.copied(1, NEW)
    (case,) = whole.documents(copy, "cases")
    assert case["tracking"] == digest(NEW.code(case["_id"]))
    assert ids[CASE.encode()].decode() == case["_id"]


def test_ids_of_copies_are_ids_and_of_an_earlier_time() -> None:
    whole = template()
    found = [whole.documents(whole.copied(one, NEW)[0], "cases")[0]["_id"] for one in (1, 2)]
    assert [UUID(one).version for one in found] == [7, 7]
    assert found[1] < found[0] < CASE


def test_what_is_not_answered_200_is_an_error_and_in_no_percentile() -> None:
    found = figures([(0.0, 0.01, 200), (1.0, 1.02, 200), (1.5, 2.0, 503)])
    assert found == {"per_s": 1.0, "p99_ms": 20.0, "p50_ms": 15.0, "errors": 1}


def test_slower_is_the_median_of_the_rounds() -> None:
    rates = {"empty": [300.0, 200.0, 100.0], "full": [300.0, 100.0, 80.0]}
    assert slower(rates) == {"empty_per_s": 200.0, "full_per_s": 100.0, "times": 1.25}
