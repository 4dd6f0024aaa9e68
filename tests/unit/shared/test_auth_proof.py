"""What names a device is an id like any other: it stands in paths."""

from pydantic import TypeAdapter

from shared.auth.proof import _thumbprint
from shared.contracts.event import AggregateId


def test_a_thumbprint_can_stand_in_a_path_whatever_the_key() -> None:
    ids = {_thumbprint({"kty": "EC", "x": str(number)}) for number in range(2000)}
    assert len(ids) == 2000
    for id_ in ids:
        assert TypeAdapter(AggregateId).validate_python(id_) == id_
