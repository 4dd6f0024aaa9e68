"""How far somebody's rights reach over accounts, by the accounts' grants."""

from collections.abc import Sequence

from services.intake.domain import Account
from services.intake.usecases.account_changes import AllowAccount
from shared.auth.roles import Caller, Forbidden, Grant


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
