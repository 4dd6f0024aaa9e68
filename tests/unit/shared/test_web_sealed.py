"""What is answered where sealed data do not open, and what the log says of it."""

import logging

import pytest

from shared.sealing.masterkeys import UnknownMasterKey
from shared.sealing.seal import Unsealable
from shared.web.problems import Problem, Unavailable
from shared.web.sealed import openable


@pytest.mark.parametrize("raised", [UnknownMasterKey("m-1"), KeyError()])
def test_a_key_that_is_not_here_may_come(
    raised: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unavailable) as refused, openable("the file's", KeyError):
        raise raised
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "30")
    assert [one.levelno for one in caplog.records] == [logging.ERROR]


def test_what_was_altered_is_said_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Problem) as refused, openable("the file's"):
        raise Unsealable(b"file.f-1", "altered")
    assert (refused.value.status, refused.value.kind) == (500, "unsealable")
    assert refused.value.title.startswith("The file's data do not open")
    assert caplog.records[0].exc_info is not None


def test_any_other_error_is_nobodys_key() -> None:
    with pytest.raises(KeyError), openable("the file's"):
        raise KeyError
