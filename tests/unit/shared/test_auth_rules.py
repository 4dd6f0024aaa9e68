import pytest

from shared.auth.roles import Role
from shared.auth.rules import PUBLIC, Rule


def test_a_rule_names_roles_or_is_public() -> None:
    assert Rule([Role.HEAD, Role.HEAD]).roles == {Role.HEAD}
    assert not Rule([Role.HEAD]).public
    assert PUBLIC.public
    assert PUBLIC.roles == frozenset()


def test_a_rule_says_how_large_a_file_may_be() -> None:
    assert Rule([Role.HEAD], upload=7).upload == 7
    assert Rule([], public=True, upload=7).upload == 7
    assert Rule([Role.HEAD]).upload == 0


def test_a_rule_for_nobody_and_a_public_rule_with_roles_are_mistakes() -> None:
    with pytest.raises(ValueError, match="names roles"):
        Rule([])
    with pytest.raises(ValueError, match="names roles"):
        Rule([Role.HEAD], public=True)
