"""The shipped SOPs, files as an office writes them, and what publishing one would change."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.cli import ProgrammeFile
from services.intake.cli.programmes import SHIPPED
from services.intake.cli.shell import CommandRefused
from services.intake.cli.sop import FOLDER, differences, read, shipped_sops
from services.intake.domain import Programme, State
from services.intake.domain.sop import Sop
from tests.unit.intake.sop_sample import HOURS, ISSUED, RECEIVED, VERIFIED, days, sop

BOTRAM: dict[str, Any] = json.loads((FOLDER / "botram.json").read_bytes())


def programme(id_: str) -> Programme:
    """Return one of the programmes that are shipped."""
    file = ProgrammeFile.model_validate_json((SHIPPED / f"{id_}.json").read_bytes())
    return file.programme(file.id)


def test_every_shipped_programme_has_an_sop() -> None:
    shipped = {file.stem for file in SHIPPED.glob("*.json")}
    assert {one.programme_id for one in shipped_sops()} == shipped


@pytest.mark.parametrize("shipped", shipped_sops(), ids=lambda one: one.programme_id)
def test_a_shipped_sop_fits_says_every_state_and_where_it_stands(shipped: Sop) -> None:
    shipped.require_fit(programme(shipped.programme_id))
    assert {rule.state for rule in shipped.states} == {*State} - {State.CLOSED}
    for rule in shipped.states:
        assert rule.time is not None
        assert rule.escalation is not None
        assert "Usulan kami" in rule.source


@pytest.mark.parametrize("content", [b"", b"[]"])
def test_what_is_no_object_is_refused_by_the_files_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "own.json"
    file.write_bytes(content)
    with pytest.raises(CommandRefused, match=r"^own\.json: "):
        read(file)


@pytest.mark.parametrize(
    ("changed", "where"),
    [({"states": None}, "states"), ({"programme_id": 7}, "programme_id"), ({"new": 1}, "new")],
)
def test_a_wrong_field_is_named(tmp_path: Path, changed: dict[str, Any], where: str) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps(BOTRAM | changed), "utf-8")
    with pytest.raises(ValidationError) as refused:
        read(file)
    assert where in {error["loc"][0] for error in refused.value.errors()}


def test_a_difference_names_each_field_by_state_and_step() -> None:
    before = sop(opening=HOURS)
    stricter = replace(RECEIVED, time=days(2), escalation=None, steps=RECEIVED.steps[:2])
    after = sop(states=(ISSUED, stricter, replace(VERIFIED, escalation=days(1, "head"))))

    assert list(differences(before, after)) == [
        "- opening/closes: 15:30:00",
        "- opening/opens: 07:30:00",
        "- states/received/escalation/after/amount: 1",
        "- states/received/escalation/after/unit: working_days",
        "- states/received/escalation/tell: head",
        "- states/received/steps/cancel/roles: operator, importer",
        "~ states/received/time/after/amount: 1 -> 2",
        "+ states/verified/escalation/after/amount: 1",
        "+ states/verified/escalation/after/unit: working_days",
        "+ states/verified/escalation/tell: head",
    ]


def test_of_the_same_nothing_is_different_and_of_a_first_one_everything_new() -> None:
    assert list(differences(sop(), sop(version=7))) == []
    assert all(line.startswith("+ states/") for line in differences(None, sop()))
