"""What is sealed for one place opens there, with its key, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sealing.seal import KEY_BYTES, OVERHEAD, DataKey, Unsealable, context

PLACE = context("resident", "r-1", "name")
SECRET = "Siti Contoh"


@given(st.binary(max_size=2_000))
def test_what_was_sealed_opens(plain: bytes) -> None:
    key = DataKey.generate()
    sealed = key.seal(plain, PLACE)
    assert key.open(sealed, PLACE) == plain
    assert len(sealed) == len(plain) + OVERHEAD


@given(st.text(max_size=200))
def test_text_opens_as_text(plain: str) -> None:
    key = DataKey.generate()
    sealed = key.seal_text(plain, PLACE)
    assert sealed.isascii()
    assert key.open_text(sealed, PLACE) == plain


def test_the_same_twice_looks_different() -> None:
    key = DataKey.generate()
    assert key.seal(b"x", PLACE) != key.seal(b"x", PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        context("resident", "r-2", "name"),
        context("resident", "r-1", "nik"),
        context("file", "r-1", "name"),
    ],
)
def test_it_opens_in_no_other_place(elsewhere: bytes) -> None:
    key = DataKey.generate()
    with pytest.raises(Unsealable, match=elsewhere.decode()):
        key.open(key.seal(b"x", PLACE), elsewhere)


def test_it_opens_with_no_other_key() -> None:
    with pytest.raises(Unsealable):
        DataKey.generate().open(DataKey.generate().seal(b"x", PLACE), PLACE)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_one_changed_bit_is_noticed(at: int, change: int) -> None:
    key = DataKey.generate()
    sealed = bytearray(key.seal(SECRET.encode(), PLACE))
    sealed[at % len(sealed)] ^= change
    with pytest.raises(Unsealable):
        key.open(bytes(sealed), PLACE)


@pytest.mark.parametrize("length", [0, 1, OVERHEAD - 1])
def test_a_stump_is_refused(length: int) -> None:
    key = DataKey.generate()
    with pytest.raises(Unsealable, match="format"):
        key.open(key.seal(b"", PLACE)[:length], PLACE)


def test_text_that_is_no_base_64_is_refused() -> None:
    with pytest.raises(Unsealable, match="base 64"):
        DataKey.generate().open_text("ä!", PLACE)


def test_errors_and_keys_repeat_no_content() -> None:
    key = DataKey.generate()
    with pytest.raises(Unsealable) as refused:
        key.open(SECRET.encode(), PLACE)
    assert "Siti" not in str(refused.value)
    assert repr(key) == "DataKey(...)"


@pytest.mark.parametrize("length", [0, 16, KEY_BYTES - 1, KEY_BYTES + 1])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        DataKey(bytes(length))


@pytest.mark.parametrize(
    "parts", [("a/b", "c", "d"), ("a", "b/c", "d"), ("", "b", "c"), ("a", "", "c"), ("a", "b", "")]
)
def test_an_ambiguous_place_is_refused(parts: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="context"):
        context(*parts)


def test_the_last_part_of_a_place_may_have_parts() -> None:
    assert context("file", "f-1", "3/last") == b"file/f-1/3/last"
