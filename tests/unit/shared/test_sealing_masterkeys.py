"""Master keys in a file: who may read it, what wraps, what unwraps, and rotation."""

import logging
import os
from pathlib import Path

import pytest

from shared.sealing.masterkeys import (
    MAX_KEYS,
    InvalidKey,
    MasterKeyFile,
    MasterKeys,
    UnknownMasterKey,
    Wrapped,
    add_key,
    load,
    new_line,
    remove_key,
)
from shared.sealing.seal import DataKey, Unsealable

OWNER = "r-1"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "master"
    add_key(path)
    return path


def test_a_wrapped_key_comes_back(file: Path) -> None:
    key = DataKey.generate()
    keys = load(file)
    wrapped = keys.wrap(key, OWNER)
    assert keys.unwrap(wrapped, OWNER).secret == key.secret
    assert wrapped.master == keys.newest
    assert key.secret.hex() not in wrapped.sealed


def test_another_owner_s_key_is_refused(file: Path) -> None:
    keys = load(file)
    with pytest.raises(Unsealable):
        keys.unwrap(keys.wrap(DataKey.generate(), OWNER), "r-2")


def test_a_key_of_an_unknown_master_is_told_apart(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    add_key(other)
    with pytest.raises(UnknownMasterKey):
        load(file).unwrap(load(other).wrap(DataKey.generate(), OWNER), OWNER)


def test_a_key_said_to_be_another_master_s_does_not_open(file: Path) -> None:
    add_key(file)
    keys = load(file)
    wrapped = keys.wrap(DataKey.generate(), OWNER)
    with pytest.raises(Unsealable):
        keys.unwrap(Wrapped(keys.ids[1], wrapped.sealed), OWNER)


def test_a_new_key_wraps_and_the_old_one_still_unwraps(file: Path) -> None:
    before = load(file)
    old = before.wrap(DataKey.generate(), OWNER)
    added = add_key(file)
    after = load(file)
    assert after.ids == (added, *before.ids)
    assert after.wrap(DataKey.generate(), OWNER).master == added
    after.unwrap(old, OWNER)


def test_a_removed_key_opens_nothing(file: Path) -> None:
    old = load(file).newest
    wrapped = load(file).wrap(DataKey.generate(), OWNER)
    added = add_key(file)
    remove_key(file, old)
    assert load(file).ids == (added,)
    with pytest.raises(UnknownMasterKey):
        load(file).unwrap(wrapped, OWNER)


def test_the_newest_key_stays(file: Path) -> None:
    with pytest.raises(InvalidKey, match="newest"):
        remove_key(file, load(file).newest)
    with pytest.raises(InvalidKey, match="no such"):
        remove_key(file, "0" * 16)
    assert len(load(file).ids) == 1


def test_a_new_file_is_its_owner_s_alone_and_keeps_its_mode(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o400)
    add_key(file)
    assert file.stat().st_mode & 0o777 == 0o400
    assert [one.name for one in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o644, 0o601])
def test_a_file_that_others_may_use_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(InvalidKey, match="chmod 600"):
        load(file)


def test_a_file_that_the_group_reads_is_a_mounted_secret(file: Path) -> None:
    file.chmod(0o440)
    load(file)


@pytest.mark.parametrize("text", ["", "\n", "short", "not base 64!", "AAAA\n"])
def test_a_file_without_proper_keys_is_refused(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(InvalidKey) as refused:
        load(file)
    assert "short" not in str(refused.value)


def test_a_key_twice_is_refused(file: Path) -> None:
    file.write_text(file.read_text() * 2)
    with pytest.raises(InvalidKey, match="twice"):
        load(file)


def test_the_number_of_keys_is_limited(file: Path) -> None:
    for _ in range(MAX_KEYS - 1):
        add_key(file)
    with pytest.raises(InvalidKey, match=str(MAX_KEYS)):
        add_key(file)
    assert len(load(file).ids) == MAX_KEYS


def test_no_keys_are_no_master_keys() -> None:
    with pytest.raises(InvalidKey):
        MasterKeys()


def test_a_running_process_sees_a_changed_file(file: Path) -> None:
    watched = MasterKeyFile(file)
    before = watched.current
    assert watched.current is before
    added = add_key(file)
    assert watched.current.newest == added


def test_a_file_spoilt_meanwhile_is_reported_once(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = MasterKeyFile(file)
    before = watched.current
    file.write_text("spoilt")
    with caplog.at_level(logging.ERROR):
        assert watched.current is before
        assert watched.current is before
    assert len(caplog.records) == 1


def test_a_file_gone_meanwhile_leaves_the_keys_in_use(file: Path) -> None:
    watched = MasterKeyFile(file)
    before = watched.current
    file.unlink()
    assert watched.current is before


def test_a_file_that_comes_back_is_read(file: Path) -> None:
    watched = MasterKeyFile(file)
    file.write_text(new_line())
    os.utime(file, ns=(1, 1))
    assert watched.current.ids == load(file).ids


def test_keys_do_not_show_themselves(file: Path) -> None:
    keys = load(file)
    line = file.read_text().strip()
    assert line not in repr(keys)
    assert line not in repr(keys.wrap(DataKey.generate(), OWNER))
