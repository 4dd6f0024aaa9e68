"""The programmes and the words that are shipped."""

from pathlib import Path

import pytest

import services.intake
from services.intake.app import TEXTS
from services.intake.cli import ProgrammeFile
from services.intake.domain import NextStep, Programme, State
from services.intake.gateways import KemendagriRegions
from shared.web.texts import Texts

FOLDER = Path(services.intake.__file__).parent / "programmes"
PROGRAMMES = sorted(FOLDER.glob("*.json"))


def shipped(name: str) -> Programme:
    file = ProgrammeFile.model_validate_json((FOLDER / f"{name}.json").read_bytes())
    return file.programme(file.id)


@pytest.mark.parametrize("file", PROGRAMMES, ids=lambda file: file.stem)
def test_a_shipped_programme_is_well_formed_and_named_by_its_file(file: Path) -> None:
    programme = shipped(file.stem)

    assert programme.id == file.stem
    assert KemendagriRegions().known(programme.region_code)


@pytest.mark.parametrize(
    ("name", "zone", "standard", "home", "codes"),
    [
        (
            "botram",
            "Asia/Jakarta",
            3,
            False,
            {"KK", "KTP_EL_FIRST", "KTP_EL_PRINT", "BIRTH_CERT", "KIA", "IKD", "DEATH_CERT"},
        ),
        (
            "halo_pamor",
            "Asia/Jakarta",
            None,
            True,
            {"KK", "KTP_EL_FIRST", "KTP_EL_PRINT", "BIRTH_CERT", "KIA", "DEATH_CERT"},
        ),
        (
            "dik_jamila",
            "Asia/Makassar",
            1,
            False,
            {"KK", "BIRTH_CERT", "DEATH_CERT", "MOVE_OUT_LETTER"},
        ),
    ],
)
def test_programmes_say_what_their_documents_say(
    name: str, zone: str, standard: int | None, *, home: bool, codes: set[str]
) -> None:
    programme = shipped(name)

    assert (programme.time_zone, programme.standard_working_days) == (zone, standard)
    assert programme.pick_up_and_delivery is home
    assert set(programme.catalogue) == codes


def test_every_state_and_every_outlook_has_words() -> None:
    texts = Texts.load(TEXTS)

    assert [s for s in State if not texts(f"state.{s}")] == []
    assert [o for o in NextStep if not texts(f"next.{o}")] == []
