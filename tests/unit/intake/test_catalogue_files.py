"""Files of catalogues as an office writes them, wrong ones among them."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.cli.catalogues import FOLDER, read
from services.intake.cli.shell import CommandRefused

BOTRAM: dict[str, Any] = json.loads((FOLDER / "botram.json").read_bytes())


def test_what_a_file_does_not_say_is_the_whole_countrys(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps(BOTRAM), "utf-8")
    assert read(file) == read(FOLDER / "botram.json")
    assert all(entry.requirements or entry.code == "IKD" for entry in read(file).entries)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'"text"'])
def test_what_is_no_object_is_refused_by_the_files_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "own.json"
    file.write_bytes(content)
    with pytest.raises(CommandRefused, match=r"^own\.json: "):
        read(file)


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"entries": None}, "entries"),
        ({"entries": "KK"}, "entries"),
        ({"entries": []}, "entries"),
        ({"entries": ["KK_CHANGE"]}, "entries"),
        ({"entries": [{}]}, "entries"),
        ({"entries": [{"code": ["KK_CHANGE"]}]}, "entries"),
        ({"programme_id": None}, "programme_id"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, changed: dict[str, Any], where: str) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps(BOTRAM | changed), "utf-8")
    with pytest.raises(ValidationError) as refused:
        read(file)
    assert where in {error["loc"][0] for error in refused.value.errors()}


def test_without_entries_the_field_is_named(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    own = {name: said for name, said in BOTRAM.items() if name != "entries"}
    file.write_text(json.dumps(own), "utf-8")
    with pytest.raises(ValidationError, match="entries"):
        read(file)
