import itertools
import json
import stat
from pathlib import Path

import pytest

from deploy.local import folder
from deploy.local.errors import UnavailableError


def test_a_folder_in_use_is_refused_and_names_its_holder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with (
        folder.sole_use(data),
        pytest.raises(UnavailableError, match=r"in use by process \d+"),
        folder.sole_use(data),
    ):
        pass


def test_a_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with folder.sole_use(tmp_path / "data"):
            assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_values_are_made_once_and_kept_in_a_private_file(tmp_path: Path) -> None:
    file, numbers = tmp_path / "values.json", itertools.count(1)
    first = folder.kept(file, ["a", "b"], numbers.__next__)
    assert first == {"a": 1, "b": 2}
    assert folder.kept(file, ["a", "b"], numbers.__next__) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_only_an_unusable_value_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    file.write_text(json.dumps({"a": 1, "b": 2}))
    assert folder.kept(file, ["a", "b"], lambda: 9, lambda value: value != 2) == {"a": 1, "b": 9}
    assert json.loads(file.read_text()) == {"a": 1, "b": 9}


def test_forgetting_removes_what_is_named_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mongo").mkdir()
    (tmp_path / "mongo" / "data").touch()
    (tmp_path / "passwords.json").touch()
    (tmp_path / "somebody's").mkdir()
    folder.forget(tmp_path, ["mongo", "passwords.json", "never-there"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["somebody's"]
