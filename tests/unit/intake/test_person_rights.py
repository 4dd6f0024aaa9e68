"""Restriction and correction: the rules by themselves."""

from dataclasses import replace

import pytest

from services.intake.domain import (
    CORRECTIONS_LIMIT,
    OpenRequests,
    Refused,
    Resident,
    Restriction,
    former_id,
)
from tests.unit.intake.sample import SATURDAY, later

SITI = Resident("r-1", "botram", SATURDAY)


def test_a_restriction_says_since_when_by_whom_and_why() -> None:
    stopped = SITI.restricted("sri-1", later(5), "Permintaan warga")

    assert stopped.restriction == Restriction(later(5), "sri-1", "Permintaan warga")
    assert stopped.version == SITI.version + 1
    with pytest.raises(Refused, match="lift the restriction first"):
        stopped.require_processing()
    with pytest.raises(Refused, match="restricted"):
        stopped.restricted("agus-1", later(6), "Lagi")
    assert stopped.lifted() == replace(SITI, version=SITI.version + 2)


def test_what_is_not_restricted_goes_on_and_is_not_lifted() -> None:
    SITI.require_processing()

    with pytest.raises(Refused, match="not_restricted"):
        SITI.lifted()


def test_so_many_versions_have_a_place_of_their_own() -> None:
    assert former_id("c-1.applicant", CORRECTIONS_LIMIT) == "c-1.applicant.20"

    with pytest.raises(Refused, match="too_many_corrections"):
        former_id("c-1.applicant", CORRECTIONS_LIMIT + 1)


def test_an_open_request_goes_from_one_person_to_another() -> None:
    before = OpenRequests("o-1", 1, ("c-1", "c-2"))

    assert before.without("c-1").case_ids == ("c-2",)
    assert OpenRequests("o-2").having("c-1") == OpenRequests("o-2", 1, ("c-1",))
