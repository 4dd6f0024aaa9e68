"""How far somebody's rights reach: over cases, and over accounts by the accounts' grants."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from services.intake.domain import Account, Case
from services.intake.domain.complaint_sight import Onlooker
from services.intake.usecases.account_changes import AllowAccount
from services.intake.usecases.allow import Allow
from services.intake.usecases.complaints import Looks
from services.intake.usecases.rights_requests import AllowRegion
from shared.auth.roles import Caller, Forbidden, Grant, Role


def allowed_case(caller: Caller) -> Allow:
    """Hold operators against the region that works on a case, agents against the domicile."""

    def check(
        *,
        programme: str,
        office: str,
        domicile: str,
        backdated: bool,
        roles: Collection[str] | None = None,
    ) -> None:
        acting = caller.acting if roles is None else caller.acting.intersection(roles)
        agent = acting & {Role.AGENT}
        if not (
            caller.may(acting - agent, programme=programme, region=office)
            or caller.may(agent, programme=programme, region=domicile)
        ):
            raise Forbidden("no role that may do this in this programme and region")
        if backdated and not caller.may({Role.IMPORTER}, programme=programme, region=office):
            raise Forbidden("occurred_at: only an importer may say that it was earlier than now")

    return check


def allowed_as(caller: Caller, roles: Collection[Role]) -> Allow:
    """Hold the caller against these roles alone, of those that the route lets act."""
    return allowed_case(replace(caller, acting=caller.acting.intersection(roles)))


def within_reach(cases: Iterable[Case], caller: Caller) -> list[Case]:
    """Return those that the caller works on; a system of others is told of none."""
    return [
        one
        for one in cases
        if caller.may({Role.OPERATOR}, programme=one.programme_id, region=one.office_region)
        or caller.may({Role.AGENT}, programme=one.programme_id, region=one.region_code)
    ]


def allowed_region(caller: Caller) -> AllowRegion:
    """Hold the caller against a programme and a region."""
    return lambda programme, region: caller.require(programme=programme, region=region)


def onlooker(caller: Caller) -> Looks:
    """Return who the caller is to complaints, by the roles that the route lets act."""

    def look(programme: str, region: str) -> Onlooker:
        acts = {
            role for role in caller.acting if caller.may({role}, programme=programme, region=region)
        }
        if not acts:
            raise Forbidden("no role that this route allows in this programme and region")
        holds = {grant.role for grant in caller.grants if grant.lies_in(programme)}
        return Onlooker(caller.subject, frozenset(acts), frozenset(holds))

    return look


def administers(caller: Caller, grants: Sequence[str]) -> bool:
    """Return whether the caller's rights on this route reach all of these grants."""
    return all(_reaches(caller, grant) for grant in grants)


def supervises(caller: Caller, account: Account) -> None:
    """Refuse whom the caller's rights do not reach wholly. Raises Forbidden."""
    if not administers(caller, account.grants):
        raise Forbidden("no role that this route allows over all grants of this account")


def is_told(caller: Caller, grants: Sequence[str]) -> bool:
    """Return whether the caller hears of an account with these grants: some are within reach."""
    return any(_reaches(caller, grant) for grant in grants)


def allowed_account(caller: Caller) -> AllowAccount:
    """Return the check that the caller may give, change or take grants. It raises Forbidden."""

    def check(grants: Sequence[str]) -> None:
        if not administers(caller, grants):
            raise Forbidden("these grants reach further than the role that this route allows")

    return check


def _reaches(caller: Caller, text: str) -> bool:
    grant = Grant.parse(text)
    return caller.may(caller.acting, programme=grant.programme, region=grant.region)
