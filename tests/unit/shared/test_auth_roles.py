import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.auth.roles import Caller, Forbidden, Grant, Role

OPERATOR = Grant(Role.OPERATOR, "botram", "32.16")


def caller(*grants: str) -> Caller:
    return Caller("agus", tuple(Grant.parse(text) for text in grants))


@pytest.mark.parametrize(
    ("region", "target", "covered"),
    [
        ("32.16", "32.16", True),
        ("32.16", "32.16.18", True),
        ("32.16", "32.16.18.2001", True),
        ("32.16", "32.161", False),
        ("32.16", "32.161.18", False),
        ("32.16", "32.17", False),
        ("32.16", "32", False),
        ("32.16.18", "32.16", False),
        ("32.16", "*", False),
        ("32", "32.75.01", True),
        ("*", "32.75.01", True),
        ("*", "*", True),
    ],
)
def test_a_region_reaches_what_lies_below_it_segment_by_segment(
    region: str, target: str, *, covered: bool
) -> None:
    assert Grant(Role.OPERATOR, "botram", region).covers("botram", target) is covered


@pytest.mark.parametrize(
    ("programme", "target", "covered"),
    [
        ("botram", "botram", True),
        ("botram", "halo_pamor", False),
        ("botram", "botra", False),
        ("botram", "*", False),
        ("*", "halo_pamor", True),
        ("*", "*", True),
    ],
)
def test_programmes_are_tenants(programme: str, target: str, *, covered: bool) -> None:
    assert Grant(Role.OPERATOR, programme, "*").covers(target, "32.16") is covered


codes = st.lists(st.integers(0, 99).map("{:02}".format), min_size=1, max_size=3).map(".".join)


@given(codes, codes)
def test_covering_is_being_a_prefix_of_whole_segments(mine: str, theirs: str) -> None:
    covered = Grant(Role.HEAD, "*", mine).covers("botram", theirs)
    assert covered == (theirs + ".").startswith(mine + ".")


@pytest.mark.parametrize(
    "text",
    [
        "operator:botram",
        "operator:botram:32.16:x",
        "boss:botram:32.16",
        "operator::32.16",
        "operator:Botram:32.16",
        "operator:botram:",
        "operator:botram:32.161",
        "operator:botram:32.16.",
        "operator:botram:jabar",
        "operator:botram:٣٢",
        "operator:botram\n:32",
    ],
)
def test_a_malformed_grant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"grant|valid Role"):
        Grant.parse(text)


def test_a_grant_reads_as_it_is_written() -> None:
    assert str(Grant.parse("operator:botram:32.16")) == "operator:botram:32.16"
    assert Grant.parse("importer:*:*") == Grant(Role.IMPORTER, "*", "*")


def test_a_caller_may_what_one_grant_allows_whole() -> None:
    both = caller("operator:botram:32.16", "head:halo_pamor:32.75")
    assert both.may({Role.OPERATOR}, programme="botram", region="32.16.18")
    assert not both.may({Role.HEAD}, programme="botram", region="32.16.18")
    assert not both.may({Role.OPERATOR}, programme="halo_pamor", region="32.75")
    assert not both.may(set(), programme="botram", region="32.16")


def test_only_roles_that_the_route_allows_count() -> None:
    both = caller("operator:botram:32.16", "admin:halo_pamor:*").acting_as({Role.OPERATOR})
    both.require(programme="botram", region="32.16.18")
    assert both.scopes == (OPERATOR,)
    with pytest.raises(Forbidden):
        both.require(programme="halo_pamor", region="32.75")


def test_before_the_guard_has_spoken_everything_is_refused() -> None:
    with pytest.raises(Forbidden):
        caller("admin:*:*").require(programme="botram", region="32.16")


def test_nobody_acts_in_a_role_not_held() -> None:
    with pytest.raises(Forbidden, match="no role that this route allows"):
        caller("agent:botram:*").acting_as({Role.OPERATOR, Role.ADMIN})


def test_a_list_shows_the_regions_of_one_programme_in_which_an_acting_role_is_held() -> None:
    held = caller(
        "operator:botram:32.16", "agent:botram:32.16.18", "head:botram:32", "agent:halo_pamor:32.75"
    ).acting_as({Role.OPERATOR, Role.AGENT})
    assert held.regions("botram") == {"32.16", "32.16.18"}
    assert held.reach("botram", {Role.AGENT}) == {"32.16.18"}
    assert held.reach("botram", {Role.HEAD}) == frozenset()
    assert held.regions("halo_pamor") == {"32.75"}
    assert held.reach("sregep") == frozenset()
    with pytest.raises(Forbidden, match="in this programme"):
        held.regions("sregep")


def test_a_grant_in_every_programme_counts_in_each() -> None:
    held = caller("head:*:63.11").acting_as({Role.HEAD})
    assert held.regions("botram") == {"63.11"}
    assert caller("head:*:*").acting_as({Role.HEAD}).regions("botram") == {"*"}


def test_one_belongs_to_a_programme_by_any_grant_in_it() -> None:
    held = caller("agent:botram:32.16.18", "head:halo_pamor:*").acting_as({Role.HEAD})
    assert held.belongs_to("botram")
    assert held.belongs_to("halo_pamor")
    assert not held.belongs_to("sregep")
    assert caller("importer:*:63").belongs_to("sregep")


@pytest.mark.parametrize(
    "text",
    [
        "agency_operator:botram:32.16",
        "agency_operator:botram:32.16:",
        "agency_operator:botram:32.16:*",
        "agency_operator:botram:32.16:Dinkes",
        "agency_operator:botram:32.16:dinkes:bjb",
        "head:botram:32.16:dinkes",
    ],
)
def test_an_agency_is_named_where_the_role_has_one_and_nowhere_else(text: str) -> None:
    with pytest.raises(ValueError, match="grant"):
        Grant.parse(text)


def test_a_grant_of_an_agency_reaches_what_is_that_agencys_and_nothing_else() -> None:
    grant = Grant.parse("agency_operator:botram:32.16:dinkes")
    assert str(grant) == "agency_operator:botram:32.16:dinkes"
    assert grant.covers("botram", "32.16.18", "dinkes")
    assert not grant.covers("botram", "32.16.18", "bjb")
    assert not grant.covers("botram", "32.16.18")
    assert not grant.covers("botram", "32.75", "dinkes")
    assert OPERATOR.covers("botram", "32.16", "dinkes")


def test_who_asks_by_region_alone_sees_nothing_by_a_grant_of_an_agency() -> None:
    held = caller("agency_operator:botram:32.16:dinkes").acting_as({Role.AGENCY_OPERATOR})
    assert held.reach("botram") == frozenset()
    assert held.agencies("botram", "32.16.18") == {"dinkes"}
    assert held.agencies("botram", "32.75") == frozenset()
    assert held.within("botram") == held.grants
    held.require(programme="botram", region="32.16.18", agency="dinkes")
    with pytest.raises(Forbidden):
        held.require(programme="botram", region="32.16.18")
    with pytest.raises(Forbidden):
        held.within("halo_pamor")


def test_a_wider_grant_beside_one_of_an_agency_shows_every_agency() -> None:
    held = caller("agency_operator:botram:32.16:dinkes", "operator:botram:32.16.18")
    acting = held.acting_as({Role.AGENCY_OPERATOR, Role.OPERATOR})
    assert acting.agencies("botram", "32.16.18") == {"dinkes", "*"}
    assert acting.agencies("botram", "32.16.06") == {"dinkes"}
